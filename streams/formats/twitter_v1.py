"""The format `twitter-v1`: Twitter v1.1 statuses and stream messages, one JSON object a line."""

from typing import Final

from msgspec.json import Decoder

from streams.formats.odd_fields import OddFields
from streams.formats.reader import Reading, Skipped
from streams.formats.twitter_v1_notices import NOTICE_NAMES, read_notice
from streams.formats.twitter_v1_payloads import (
    AccountMessage,
    DeleteMessage,
    EventMessage,
    SnapshotMessage,
    Status,
)
from streams.formats.twitter_v1_statuses import event_of_status
from streams.refusal import DECODE_ERRORS, Refused, rejection, undecodable

__all__ = ["SKIPPED_NAMES", "TwitterV1Reader"]

SKIPPED_NAMES: Final = NOTICE_NAMES | {"blank"}

_BLANK: Final = Skipped("blank")  # the stream's keep-alive
_status: Final = Decoder(Status)
# Without `retweeted_status` a retweet would pass for a post, without `user` a status for something else.
_odd_fields: Final = OddFields(
    Status,
    DeleteMessage,
    AccountMessage,
    EventMessage,
    SnapshotMessage,
    kept_whole=frozenset({"retweeted_status", "user"}),
)


class TwitterV1Reader:
    """Reads what the v1.1 REST API, the public, user and compliance streams, and archives of them hold."""

    name: Final = "twitter-v1"

    def read(self, line: bytes) -> Reading:
        """One event, a message skipped under one of `SKIPPED_NAMES`, or a rejection. Never raises.

        Only the fields that events need are looked at: a payload that is broken elsewhere is read all the same. A
        field of another type than Twitter's is put right, or unknown (`streams.formats.odd_fields`).
        """
        if not line or line.isspace():
            return _BLANK
        try:
            return _read(line)
        except DECODE_ERRORS as error:
            return _read_mended(line) or undecodable(line, error)
        except Refused as refused:
            return rejection(refused.reason, refused.detail)


def _read(line: bytes) -> Reading:
    status = _status.decode(line)
    if status.user is None:
        return read_notice(line)
    return (event_of_status(status, status.user),)


def _read_mended(line: bytes) -> Reading | None:
    """What a line says once its fields have Twitter's types; `None` if nothing can be made of it."""
    try:
        mended = _odd_fields.mended(line)
        return None if mended is None else _read(mended)
    except (*DECODE_ERRORS, Refused):
        return None
