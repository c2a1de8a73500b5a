"""The format `canonical`: our own events, one JSON object a line. Refuses to know any platform's payloads."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, TypeAlias, assert_never

import msgspec

from streams.core.rounded_ids import IdEvidence, Verdict
from streams.deadletters import Reason
from streams.events import (
    Account,
    Coverage,
    Deletion,
    Event,
    Follow,
    Post,
    Profile,
    Retweet,
    Suspension,
    decode_event,
)
from streams.formats.reader import Reading, Skipped
from streams.refusal import DECODE_ERRORS, rejection, undecodable

__all__ = ["SKIPPED_NAMES", "CanonicalReader"]

SKIPPED_NAMES: Final = frozenset({"blank"})

_BLANK: Final = Skipped("blank")
_Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=256)] | None
_TIME_PLACES: Final = ("`$.at`", "`$.observed_at`", "`$.since`", "`$.until`")


class CanonicalReader:
    """Reads canonical events as NDJSON."""

    name: Final = "canonical"

    def read(self, line: bytes) -> Reading:
        """One event, `Skipped("blank")`, or a rejection. Never raises.

        An unknown `kind` is an unknown shape. A time of the wrong form, or one that UTC's years 1 to 9999 cannot hold,
        is a bad time.
        """
        if not line or line.isspace():
            return _BLANK
        try:
            event = decode_event(line)
        except msgspec.ValidationError as error:
            refusal = undecodable(line, error)
            if refusal.reason is Reason.NOT_AN_EVENT:
                if refusal.detail.endswith(_TIME_PLACES):
                    return rejection(Reason.BAD_TIME, refusal.detail)
                if refusal.detail.startswith("Invalid value") and refusal.detail.endswith("`$.kind`"):
                    return rejection(Reason.UNKNOWN_SHAPE, refusal.detail)
            return refusal
        except DECODE_ERRORS as error:
            return undecodable(line, error)
        if not _fits_utc(event):
            return rejection(Reason.BAD_TIME, "a time that no year from 1 to 9999 holds in UTC")
        return (event,)

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """See `FormatReader`; only Twitter's ids are longer than a double is exact."""
        try:
            named = _ids.decode(line)
        except DECODE_ERRORS:
            return
        if named.platform == "twitter":
            accounts = (each.id for each in (named.actor, named.subject) if each is not None)
            for text in (named.id, named.post_id, *accounts):
                if text is not None:
                    texts.add_text(text)

    def parts(self, line: bytes) -> Sequence[bytes]:
        """See `FormatReader`: one line is one message."""
        return ()

    def of_file(self, numbers: Verdict) -> "CanonicalReader":
        """See `FormatReader`: its ids are strings."""
        return self


class _Named(msgspec.Struct, gc=False):
    id: _Text = None
    post_id: _Text = None
    platform: str | None = None


class _Ids(_Named, gc=False):
    actor: _Named | None = None
    subject: _Named | None = None


_ids: Final = msgspec.json.Decoder(_Ids)


def _fits_utc(event: Event) -> bool:
    """Whether every later conversion to UTC will succeed: an offset can push the first and last day over the edge."""
    times = [event.at, event.observed_at]
    times += [event.since, event.until] if isinstance(event, Coverage) else []
    times += [account.created_at for account in _accounts(event) if account is not None]
    return all(at is None or at.tzinfo is UTC or _is_in_utc_range(at) for at in times)


def _accounts(event: Event) -> tuple[Account | None, ...]:
    match event:
        case Retweet() | Follow():
            return (event.actor, event.subject)
        case Post():
            answered = event.reply_to.account if event.reply_to is not None else None
            quoted = event.quotes.account if event.quotes is not None else None
            return (event.actor, answered, quoted, *event.mentions)
        case Suspension() | Profile() | Deletion():
            return (event.actor,)
        case Coverage():
            return ()
        case _:
            assert_never(event)


def _is_in_utc_range(at: datetime) -> bool:
    try:
        at.astimezone(UTC)
    except OverflowError:
        return False
    return True
