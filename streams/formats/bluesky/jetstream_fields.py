"""Names and times as Bluesky writes them: DIDs, at-uris, record keys. The unknown is `None`, never a guess."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from msgspec import Struct

from streams.core.platforms import names_of
from streams.deadletters import Reason
from streams.events import Account
from streams.refusal import Refused

__all__ = [
    "BLUESKY",
    "AtUri",
    "account_named",
    "at_uri",
    "checked_key",
    "event_time",
    "key_time",
    "microseconds",
    "record_uri",
    "witnessed",
]

BLUESKY: Final = "bluesky"

_MAX_ID: Final = 256  # characters, as `streams.events.Id`
# What the name of a notice (`account:DID:deactivated:TIME`) has besides its DID must fit beside it.
_MAX_DID: Final = 200

_names = names_of(BLUESKY)
assert _names is not None  # noqa: S101  # it stands in a table of ours
_DID: Final = _names.id
_HANDLE: Final = _names.handle
_RECORD_KEY: Final = re.compile(r"[A-Za-z0-9._:~-]{1,200}")  # atproto.com/specs/record-key, and what fits into an id
_AT_URI: Final = re.compile(rf"at://([A-Za-z0-9.%:-]+)/([A-Za-z0-9.-]+)/({_RECORD_KEY.pattern})")

# A TID (atproto.com/specs/tid): 13 digits of base 32 in sortable order; microseconds since 1970, then 10 bits of clock.
_TID: Final = re.compile("[2-7a-j][2-7a-z]{12}")
_TID_ALPHABET: Final = "234567abcdefghijklmnopqrstuvwxyz"
_TID_DIGITS: Final = str.maketrans(_TID_ALPHABET, "0123456789abcdefghijklmnopqrstuv")
_TID_CLOCK_BITS: Final = 10

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# From the writing of a record to its arrival: 95 % in 1.9 s (recorded, July 2026). A day later it is no news.
_LIVE: Final = timedelta(days=1)


class AtUri(Struct, frozen=True, gc=False):
    """The name of a record. `authority` is a DID, or a handle where somebody wrote one; `text` is the whole."""

    text: str
    authority: str
    collection: str

    @property
    def account(self) -> Account | None:
        """Whose record it is; `None` where only a handle says so, which may be somebody else's by now."""
        return _account(self.authority)


def at_uri(text: str | None) -> AtUri | None:
    """The at-uri of a record, `None` for anything else, and for one that no id can hold."""
    if text is None or len(text) > _MAX_ID:
        return None
    parts = _AT_URI.fullmatch(text)
    if parts is None or not (_account(parts[1]) or _HANDLE.fullmatch(parts[1])):
        return None
    return AtUri(text, parts[1], parts[2])


def account_named(did: str | None, place: str) -> Account:
    """The account with the DID at `place`. Raises `Refused`."""
    if did is None:
        raise Refused(Reason.NOT_AN_EVENT, f"{place}: no DID")
    account = _account(did) if len(did) <= _MAX_DID else None
    if account is None:
        raise Refused(Reason.NOT_AN_EVENT, f"{place}: {did!r} is no DID of Bluesky")
    return account


@lru_cache(maxsize=16_384)  # officials are few, and come again and again
def _account(did: str) -> Account | None:
    return Account(id=did) if _DID.fullmatch(did) else None


def checked_key(record_key: str | None) -> str:
    """The record key of a frame. Raises `Refused`."""
    if record_key is None or not _RECORD_KEY.fullmatch(record_key):
        raise Refused(Reason.NOT_AN_EVENT, "rkey: missing" if record_key is None else f"rkey: {record_key!r} is no key")
    return record_key


def record_uri(account: Account, collection: str, record_key: str) -> str:
    """The at-uri of an account's own record, by which its creation and its deletion name it. Raises `Refused`."""
    uri = f"at://{account.id}/{collection}/{record_key}"
    if len(uri) > _MAX_ID:
        raise Refused(Reason.NOT_AN_EVENT, f"rkey: with the DID longer than the {_MAX_ID} characters of an id")
    return uri


def witnessed(time: datetime | int | None, place: str) -> datetime:
    """When a frame says that it was witnessed (v1: microseconds since 1970). Raises `Refused`.

    Nothing is from before 1970: such a time is somebody's mistake.
    """
    if time is None:
        raise Refused(Reason.BAD_TIME, f"{place}: no time")
    try:
        at = _EPOCH + time * _MICROSECOND if isinstance(time, int) else time.astimezone(UTC)
    except OverflowError:
        at = None
    if at is None or at <= _EPOCH:
        raise Refused(Reason.BAD_TIME, f"{place}: not within the years 1970 to 9999 in UTC")
    return at


def event_time(record_key: str, witnessed_at: datetime) -> datetime:
    """When a record was written, as far as anybody can know: when it was witnessed, unless its key is a day older.

    Then it is back-fill (a repository that moved, was imported or read again), and the key, a TID, has the time. A key
    that is no TID says nothing.
    """
    if record_key > _live.keys_from(witnessed_at):  # keys of newer TIDs are greater: nearly every record is live
        return witnessed_at
    written_at = key_time(record_key)
    return written_at if written_at is not None and written_at < witnessed_at - _LIVE else witnessed_at


class _LiveKeys:
    """From which TID on a record is live, for the minute that was asked about last."""

    def __init__(self) -> None:
        self._begin = self._end = _EPOCH
        self._key = ""

    def keys_from(self, witnessed_at: datetime) -> str:
        """A key that is no older than a day, and at most a minute newer than the oldest of these."""
        if not self._begin <= witnessed_at <= self._end:
            self._begin = witnessed_at.replace(second=0, microsecond=0)
            self._end = witnessed_at.replace(second=59, microsecond=999_999)
            self._key = _key_of(self._end - _LIVE)
        return self._key


def _key_of(written_at: datetime) -> str:
    """The greatest TID of a moment; the least one for what is before 1970."""
    value = max(0, microseconds(written_at)) << _TID_CLOCK_BITS | (1 << _TID_CLOCK_BITS) - 1
    return "".join(_TID_ALPHABET[value >> shift & 31] for shift in range(60, -1, -5))


_live: Final = _LiveKeys()


def key_time(record_key: str) -> datetime | None:
    """When a record was written by its key, as whoever made the key says; `None` for a key that is no TID."""
    if not _TID.fullmatch(record_key):
        return None
    written_at = _EPOCH + (int(record_key.translate(_TID_DIGITS), 32) >> _TID_CLOCK_BITS) * _MICROSECOND
    return written_at if written_at > _EPOCH else None


def microseconds(at: datetime) -> int:
    """Since 1970: names a moment in an id."""
    return (at - _EPOCH) // _MICROSECOND
