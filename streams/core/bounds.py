"""How many bytes a value may have in what agents keep and write, and records that are made to fit.

Raw events are bounded in characters, brokers count bytes. Here is the one place that measures: as JSON, which is never
shorter than MessagePack. How many values there are is bounded where they are kept (`TrackPolicy`, `WatchPolicy`).
"""

from hashlib import blake2b
from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.core.country_event import CountryEvent
from streams.core.officials import Official
from streams.core.subject_event import SubjectEvent
from streams.events import Account

__all__ = [
    "RECORD_BYTES",
    "VALUE_BYTES",
    "bounded_country_event",
    "bounded_id",
    "bounded_subject_event",
    "bounded_text",
    "fitted",
]

VALUE_BYTES: Final = 256
"""Of an id, a handle or a name. Every platform's are shorter; the schema allows 256 characters of an id, 1,024 of a
name, of up to six bytes each."""
RECORD_BYTES: Final = 1_000_000
"""Of a record for an enriched topic: below what a broker takes by default with its key and the batch's own bytes."""

# A control character takes six bytes in JSON, everything else less: a shorter value need not be measured.
_SURELY_SHORT: Final = VALUE_BYTES // 6
_DIGEST_BYTES: Final = 20  # 160 bits: nobody finds two ids with the same by trying
_CUT: Final = "…"

_encode: Final = msgspec.json.Encoder().encode
_RecordT = TypeVar("_RecordT", bound=Struct)


def bounded_id(value: str) -> str:
    """An id of at most VALUE_BYTES: itself, or of a longer one its beginning, `~` and a hash of the whole.

    What it returns is returned unchanged when asked for again, and two ids stay two.
    """
    if _fits(value):
        return value
    digest = blake2b(value.encode(), digest_size=_DIGEST_BYTES).hexdigest()
    return f"{_cut(value, VALUE_BYTES - len(digest) - 1)}~{digest}"


def bounded_text(value: str, most: int = VALUE_BYTES) -> str:
    """A text of at most so many bytes; of a longer one its beginning and `…`."""
    if len(value) <= most // 6 or _size(value) <= most:
        return value
    return _cut(value, most - len(_CUT.encode())) + _CUT


def bounded_subject_event(event: SubjectEvent) -> SubjectEvent:
    """The event as TRACK keeps it: itself, unless a value is too long. The subject's own id stays whole."""
    official, subject, post_id = event.official, event.subject, event.post_id
    if _fits(event.event_id, post_id, subject.handle, subject.name) and (
        official is None or _fits(official.id, official.handle, official.name)
    ):
        return event
    return replace(
        event,
        event_id=bounded_id(event.event_id),
        official=None if official is None else _bounded_official(official),
        subject=_bounded_account(subject),
        post_id=None if post_id is None else bounded_id(post_id),
    )


def bounded_country_event(event: CountryEvent) -> CountryEvent:
    """The event as WATCH keeps it: itself, unless a value is too long. The ids of subjects stay whole."""
    official, subject, post_id = event.official, event.subject, event.post_id
    if event.coverage is not None and event.coverage.officials is not None:
        named = tuple(map(bounded_id, event.coverage.officials))
        if named != event.coverage.officials:
            event = replace(event, coverage=replace(event.coverage, officials=named))
    if event.versions or event.original_versions:
        ids = tuple(map(bounded_id, event.versions)), tuple(map(bounded_id, event.original_versions))
        if ids != (event.versions, event.original_versions):
            event = replace(event, versions=ids[0], original_versions=ids[1])
    if (
        _fits(event.event_id, post_id, event.lang, event.quoted_handle)
        and (official is None or _fits(official.id, official.handle, official.name))
        and (subject is None or _fits(subject.handle, subject.name))
    ):
        return event
    return replace(
        event,
        event_id=bounded_id(event.event_id),
        official=None if official is None else _bounded_official(official),
        subject=None if subject is None else _bounded_account(subject),
        post_id=None if post_id is None else bounded_id(post_id),
        lang=None if event.lang is None else bounded_text(event.lang),
        quoted_handle=_bounded_name(event.quoted_handle),
    )


def fitted(record: _RecordT, lists: tuple[str, ...]) -> _RecordT:
    """The record, or where it has more than RECORD_BYTES as JSON, the same with less in the longest of its `lists`.

    `lists` are names of fields that are tuples. Raises `ValueError` where the record does not fit without them.
    """
    while (size := len(_encode(record))) > RECORD_BYTES:
        longest = max(lists, key=lambda name: len(_encode(getattr(record, name))))
        items = getattr(record, longest)
        if not items:
            raise ValueError(f"a {type(record).__name__} of {size} bytes does not fit without its lists")
        record = replace(record, **{longest: items[: len(items) // 2]})
    return record


def _fits(*values: str | None) -> bool:
    for value in values:  # runs for every event; a generator takes twice as long
        if value is not None and len(value) > _SURELY_SHORT and _size(value) > VALUE_BYTES:
            return False
    return True


def _bounded_account(account: Account) -> Account:
    return replace(account, handle=_bounded_name(account.handle), name=_bounded_name(account.name))


def _bounded_official(official: Official) -> Official:
    return replace(
        official,
        id=bounded_id(official.id),
        handle=_bounded_name(official.handle),
        name=_bounded_name(official.name),
    )


def _bounded_name(name: str | None) -> str | None:
    return None if name is None else bounded_text(name)


def _size(value: str) -> int:
    return len(_encode(value)) - 2  # without the quotation marks


def _cut(value: str, most: int) -> str:
    cut = value[:most]
    while (size := _size(cut)) > most:
        cut = cut[: len(cut) * most // size]
    return cut
