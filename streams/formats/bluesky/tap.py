"""The format `tap`: messages of a Tap process (bluesky-social/indigo, cmd/tap), one JSON object a line.

A Tap follows whole repositories: it sends what stands in them (`live` false), then what changes (`live` true).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import Meta, Raw, Struct, field
from msgspec.json import Decoder

from streams.core.rounded_ids import IdEvidence, Verdict
from streams.deadletters import Reason
from streams.events import Utc
from streams.formats.bluesky.jetstream_accounts import NOTICE_NAMES, read_account, read_identity
from streams.formats.bluesky.jetstream_fields import key_time
from streams.formats.bluesky.jetstream_payloads import AccountNotice, Commit, IdentityNotice
from streams.formats.bluesky.jetstream_records import COMMIT_NAMES, read_commit
from streams.formats.bluesky.repository_records import UNDATED_NAME, read_stored
from streams.formats.reader import Reading, Skipped
from streams.printable import quoted
from streams.refusal import DECODE_ERRORS, Refused, refused_line, undecodable

__all__ = ["SKIPPED_NAMES", "TapReader", "read_message"]

SKIPPED_NAMES: Final = COMMIT_NAMES | NOTICE_NAMES | {"blank", "identity_without_time", UNDATED_NAME}

_BLANK: Final = Skipped("blank")
_WITHOUT_TIME: Final = Skipped("identity_without_time")


class _Record(Struct, gc=False):
    live: bool | None = None
    rev: str | None = None
    did: str | None = None
    collection: str | None = None
    rkey: str | None = None
    action: str | None = None
    record: Raw = Raw()


class _Identity(Struct, gc=False):
    did: str | None = None
    handle: Annotated[str, Meta(max_length=253)] | None = None
    is_active: bool | None = None
    is_active_as_documented: bool | None = field(default=None, name="isActive")
    status: str | None = None


class _Message(Struct, gc=False):
    id: int | None = None
    type: str | None = None
    record: _Record | None = None
    identity: _Identity | None = None
    user: _Identity | None = None  # what Tap's documentation calls it
    observed_at: Utc | None = None


_message: Final = Decoder(_Message)


class TapReader:
    """Reads what a Tap sends, as it was recorded."""

    name: Final = "tap"

    def read(self, line: bytes) -> Reading:
        """Events, a message skipped under one of `SKIPPED_NAMES`, or a rejection. Never raises."""
        return read_message(line, None)[0]

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """See `FormatReader`: no id of Bluesky is a number."""

    def of_file(self, numbers: Verdict) -> "TapReader":
        """See `FormatReader`: its ids are strings."""
        return self

    def parts(self, line: bytes) -> Sequence[bytes]:
        """See `FormatReader`: one line is one message."""
        return ()


def read_message(line: bytes, seen_at: datetime | None) -> tuple[Reading, int | None]:
    """What a message says, and the number by which it is acknowledged; `None` where it has none. Never raises.

    `seen_at` is when it came, which the message itself does not say.
    """
    if not line or line.isspace():
        return _BLANK, None
    number: int | None = None
    try:
        message = _message.decode(line)
        number = message.id
        if seen_at is None and message.observed_at is not None:
            seen_at = message.observed_at.astimezone(UTC)
        return _reading(message, seen_at), number
    except DECODE_ERRORS as error:
        return undecodable(line, error), number
    except Refused as refused:
        return refused_line(line, refused), number
    except OverflowError:  # a time at the end of the calendar, with an offset
        return refused_line(
            line, Refused(Reason.BAD_TIME, "observed_at: not within the years 1 to 9999 in UTC")
        ), number


def _reading(message: _Message, seen_at: datetime | None) -> Reading:
    if message.type == "record" and message.record is not None:
        return _of_record(message.record)
    said = message.identity or message.user
    if message.type in ("identity", "user") and said is not None:
        return _of_identity(said, seen_at)
    if message.type is None:
        raise Refused(Reason.UNKNOWN_SHAPE, "no message of Tap: `type` is missing")
    raise Refused(Reason.UNKNOWN_SHAPE, f"type: {quoted(message.type, 60)} without what it announces")


def _of_record(said: _Record) -> Reading:
    """A record's commit names its time; a record of the past has its key's, and never that of the commit."""
    written_at = key_time(said.rev or "")
    if written_at is None:
        raise Refused(Reason.BAD_TIME, f"record.rev: {quoted(said.rev or '', 60)} names no time")
    if said.live is None:
        raise Refused(Reason.NOT_AN_EVENT, "record.live: missing")
    if said.live or said.action == "delete":
        commit = Commit(collection=said.collection, operation=said.action, rkey=said.rkey, record=said.record)
        return read_commit(said.did, commit, written_at, written_at)
    if said.action not in ("create", "update"):
        raise Refused(Reason.UNKNOWN_SHAPE, f"record.action: {quoted(said.action or '', 60)}")
    return read_stored(said.did, said.collection, said.rkey, said.record, written_at)


def _of_identity(said: _Identity, seen_at: datetime | None) -> Reading:
    """The account's handle and its status, as of when the message came: it says no time itself."""
    active = said.is_active_as_documented if said.is_active is None else said.is_active
    if seen_at is None:
        return _WITHOUT_TIME
    notice = None if active is None else AccountNotice(active=active, status=said.status)
    status = read_account(said.did, notice, seen_at, seen_at)
    handle = read_identity(said.did, IdentityNotice(handle=said.handle), seen_at, seen_at)
    found = tuple(event for reading in (handle, status) if isinstance(reading, tuple) for event in reading)
    return found or status
