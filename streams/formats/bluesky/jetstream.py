"""The format `jetstream`: frames of Bluesky's Jetstream, one JSON object a line, of its wires v1 and v2.

Knows the frames; records and notices of accounts are read in files of their own.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.json import Decoder

from streams.core.rounded_ids import IdEvidence, Verdict
from streams.deadletters import Reason, Rejection
from streams.formats.bluesky.jetstream_accounts import NOTICE_NAMES, read_account, read_identity
from streams.formats.bluesky.jetstream_fields import microseconds, witnessed
from streams.formats.bluesky.jetstream_payloads import Frame
from streams.formats.bluesky.jetstream_records import COMMIT_NAMES, read_commit
from streams.formats.reader import Reading, Skipped
from streams.refusal import DECODE_ERRORS, Refused, refused_line, rejection, undecodable

__all__ = ["SKIPPED_NAMES", "JetstreamReader", "read_placed"]

SKIPPED_NAMES: Final = COMMIT_NAMES | NOTICE_NAMES | {"blank", "error", "info", "sync"}

_BLANK: Final = Skipped("blank")
_ERROR: Final = Skipped("error")  # the server's last word on a connection
_INFO: Final = Skipped("info")  # the server moved the cursor
_SYNC: Final = Skipped("sync")  # a repository is to be read again; the rows that follow are frames of their own
_TIMES: Final = (".time`", ".time_us`", ".witnessedAt`")

_frame: Final = Decoder(Frame)


class JetstreamReader:
    """Reads what Jetstream sends over either wire, as it was recorded."""

    name: Final = "jetstream"

    def read(self, line: bytes) -> Reading:
        """One event, a frame skipped under one of `SKIPPED_NAMES`, or a rejection. Never raises.

        Only the fields that events need are looked at, and nothing of a record that is skipped.
        """
        return read_placed(line)[0]

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """See `FormatReader`: no id of Bluesky is a number."""

    def of_file(self, numbers: Verdict) -> "JetstreamReader":
        """See `FormatReader`: its ids are strings."""
        return self

    def parts(self, line: bytes) -> Sequence[bytes]:
        """See `FormatReader`: one line is one frame."""
        return ()


def read_placed(line: bytes) -> tuple[Reading, int, int]:
    """What a frame says, its seq, and when its host witnessed it (Unix µs): each 0 where the frame does not say so.

    The frame is decoded once. Never raises.
    """
    if not line or line.isspace():
        return _BLANK, 0, 0
    try:
        frame = _frame.decode(line)
        payload = frame.payload
        if payload is not None:
            seq, time_us = payload.seq, 0 if payload.time is None else microseconds(payload.time)
        else:
            seq, time_us = frame.cursor, frame.time_us or 0
    except DECODE_ERRORS as error:
        return _undecodable(line, error), 0, 0
    seq = seq or 0
    try:
        return _v1(frame) if frame.type is None else _v2(frame), seq, time_us
    except DECODE_ERRORS as error:
        return _undecodable(line, error), seq, time_us
    except Refused as refused:
        return refused_line(line, refused), seq, time_us


def _v1(frame: Frame) -> Reading:
    if frame.kind is None:
        raise Refused(Reason.UNKNOWN_SHAPE, "no frame of Jetstream: neither `kind` (v1) nor `$type` (v2)")
    if frame.kind not in ("commit", "account", "identity"):
        raise Refused(Reason.UNKNOWN_SHAPE, f"kind: {frame.kind!r}")
    at = witnessed(frame.time_us, "time_us")
    if frame.kind == "account":
        return read_account(frame.did, frame.account, at, at)
    if frame.kind == "identity":
        return read_identity(frame.did, frame.identity, at, at)
    if frame.commit is None:
        raise Refused(Reason.NOT_AN_EVENT, "commit: missing")
    return read_commit(frame.did, frame.commit, at, at)


def _v2(frame: Frame) -> Reading:
    if frame.type == "error":
        return _ERROR
    payload = frame.payload
    if frame.type != "message" or payload is None:
        raise Refused(Reason.UNKNOWN_SHAPE, f"$type: {frame.type!r}" if payload is None else "payload: missing")
    kind = (payload.type or "").rpartition("#")[2]
    if kind == "sync":
        return _SYNC
    if kind == "info":
        return _INFO
    if kind not in ("commit", "account", "identity"):
        raise Refused(Reason.UNKNOWN_SHAPE, f"payload.$type: {payload.type!r}")
    at = witnessed(payload.time, "payload.time")
    observed_at = at if payload.witnessed_at is None else witnessed(payload.witnessed_at, "payload.witnessedAt")
    if kind == "account":
        return read_account(payload.did, payload.account, at, observed_at)
    if kind == "identity":
        return read_identity(payload.did, payload.identity, at, observed_at)
    return read_commit(payload.did, payload, at, observed_at)


def _undecodable(line: bytes, error: Exception) -> Rejection:
    refusal = undecodable(line, error)
    if refusal.reason is Reason.NOT_AN_EVENT and refusal.detail.endswith(_TIMES):
        return rejection(Reason.BAD_TIME, refusal.detail)
    return refusal
