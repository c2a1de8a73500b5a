"""The events that an alert rests on, each with who acted, where it stood, and the bytes as far as they are kept."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Final, TypeAlias

from msgspec import Struct

from streams.console.pages.alert_model import EventLine, OfficialLine
from streams.console.store.paging import every_row
from streams.console.store.reading import Store
from streams.console.store.results import EventRow
from streams.core.clock import from_us, to_us
from streams.core.enriched import Alert, Amplification, Evidence
from streams.core.platforms import post_link
from streams.core.rosters.roster import Roster, RosterEntry, handle_key
from streams.core.subject_event import Coordinates, subject_key
from streams.core.watching.aftermath_figures import AFTERMATH_FIGURES
from streams.events import Post, Retweet

__all__ = ["MOST_EVENTS", "MOST_OFFICIALS", "AlertEvents", "events_of", "is_on_aftermath", "place_words", "raw_text"]

MOST_EVENTS: Final = 500
"""Events on the page, the newest; the tables to download have all."""
MOST_OFFICIALS: Final = 250
_MOST_AMPLIFICATIONS: Final = 20_000  # of a subject, that are read for its page
_MOST_RAW_BYTES: Final = 4_096  # of one event, within the page
_MOST_RAW_EVENTS: Final = 100
_OF_AFTERMATHS: Final = next(iter(AFTERMATH_FIGURES))

_Record: TypeAlias = Amplification | Evidence


class AlertEvents(Struct, frozen=True, kw_only=True):
    """`events` are the newest, newest first, `known` is how many there are; `all_events` reads all of them.
    `amplifications` are all of the subject up to the alert's last event, newest first. `officials` are all.
    """

    events: tuple[EventLine, ...]
    known: int
    all_events: Iterator[EventLine]
    officials: tuple[OfficialLine, ...]
    amplifications: tuple[Amplification, ...]
    withdrawn: frozenset[str]

    @property
    def kept(self) -> int:
        """How many of `events` have their bytes."""
        return sum(line.bytes is not None for line in self.events)


def is_on_aftermath(alert: Alert) -> bool:
    """Whether it is of a rule on an aftermath: its events are those that it names, and no amplifications."""
    return _OF_AFTERMATHS in alert.figures


def events_of(store: Store, alert: Alert, roster: Roster | None) -> AlertEvents:
    """What an alert rests on, up to its last event: from the amplifications and the alert's own list."""
    key = subject_key(alert.platform, alert.subject.id)
    amplified = () if is_on_aftermath(alert) else tuple(_amplifications(store, key, to_us(alert.as_of)))
    found: dict[str, _Record] = {each.event_id: each for each in alert.evidence}
    found |= {each.id: each for each in amplified}
    newest = sorted(found.items(), key=lambda each: (each[1].at, each[0]), reverse=True)
    listing = _Listing(store, alert, _Terms(alert.platform, roster))
    withdrawn = frozenset(each.event_id for each in alert.evidence if each.withdrawn_at is not None)
    return AlertEvents(
        events=tuple(listing.lines(newest[:MOST_EVENTS], raw=_MOST_RAW_EVENTS)),
        known=len(newest),
        all_events=(
            line
            for begin in range(0, len(newest), MOST_EVENTS)
            for line in listing.lines(newest[begin : begin + MOST_EVENTS], raw=MOST_EVENTS)
        ),
        officials=_officials(alert, [record for _, record in newest], withdrawn, listing.terms),
        amplifications=amplified,
        withdrawn=withdrawn,
    )


class _Listing:
    """Makes lines of records, with what the store keeps of each."""

    def __init__(self, store: Store, alert: Alert, terms: "_Terms") -> None:
        self.terms = terms
        self._store, self._alert = store, alert
        self._named = {each.event_id: each for each in alert.evidence}
        self._handles = {each.id: each.handle for each in alert.officials}

    def lines(self, records: Sequence[tuple[str, _Record]], raw: int) -> Iterator[EventLine]:
        """One for each; the first `raw` with their bytes as text."""
        ids = [event_id for event_id, _ in records]
        copies = self._store.events(self._alert.platform, ids)
        deletions = self._store.deletions_of(self._alert.platform, ids)
        for place, (event_id, record) in enumerate(records):
            yield _line(
                self._alert,
                event_id,
                record,
                self._named.get(event_id),
                copies.get(event_id, ()),
                deletions.get(event_id, ()),
                self.terms,
                self._handles,
                with_raw=place < raw,
            )


def _amplifications(store: Store, key: str, until_us: int) -> Iterator[Amplification]:
    newest = islice(every_row(partial(store.amplifications, key)), _MOST_AMPLIFICATIONS)
    return (each for each in newest if to_us(each.at) <= until_us)


class _Terms:
    """The terms of a roster: which entry makes an account an official at a moment."""

    def __init__(self, platform: str, roster: Roster | None) -> None:
        self._ids = {} if roster is None else roster.ids_of(platform)
        self._handles = {} if roster is None else roster.handles_of(platform)

    def entry(self, account_id: str, handle: str | None, at_us: int) -> RosterEntry | None:
        """The entry in force, or `None`."""
        terms = (*self._ids.get(account_id, ()), *self._handles.get(handle_key(handle or ""), ()))
        return next((term.entry for term in terms if term.from_us <= at_us < term.to_us), None)


def _kept(copies: Sequence[EventRow], record: _Record) -> EventRow | None:
    """The copy that stood where the record says; else one of the right kind."""
    source = record.source
    kinds = {"quote": "post"}
    right = [each for each in copies if each.key.event_kind == kinds.get(record.kind, record.kind)]
    return next((each for each in right if each.source == source), next(iter(right), None))


def _line(
    alert: Alert,
    event_id: str,
    record: _Record,
    named: Evidence | None,
    copies: Sequence[EventRow],
    deletions: Sequence[EventRow],
    terms: _Terms,
    handles: Mapping[str, str | None],
    *,
    with_raw: bool,
) -> EventLine:
    if isinstance(record, Amplification):
        official_id: str | None = record.official.id
        handle, post_id = record.official.handle, record.post_id
    else:
        official_id, handle, post_id = record.official, handles.get(record.official or ""), None
    entry = None if official_id is None else terms.entry(official_id, handle, to_us(record.at))
    if handle is None and entry is not None:
        handle = entry.handle
    said = record.official if isinstance(record, Amplification) else None
    # A deletion is known by the id of what is gone, of which the text is worth reading.
    kept = _kept(deletions if record.kind == "deletion" else copies, record)
    value = None if kept is None else kept.value
    event = next((each.event for each in copies if each.event is not None), None)
    gone = None
    if record.kind != "deletion":
        times = [each.event.at for each in deletions if each.event is not None]
        gone = min((at for at in times if at <= alert.as_of), default=None)
    return EventLine(
        kind=record.kind,
        id=event_id,
        at=record.at,
        official=None if official_id is None else subject_key(alert.platform, official_id),
        handle=handle,
        name=(None if entry is None else entry.name) or (None if said is None else said.name),
        country=said.country if said is not None else None if entry is None else entry.country,
        category=said.category if said is not None else None if entry is None else entry.category,
        source_url=None if entry is None else entry.source_url,
        link=_link(alert, record.kind, official_id, handle, event_id, post_id),
        named=named is not None,
        withdrawn_at=None if named is None else named.withdrawn_at,
        deleted_at=gone,
        place=place_words(record.source),
        sha256=None if kept is None else kept.sha256,
        received_at=None if kept is None else kept.received_at,
        observed_at=None if kept is None else kept.observed_at,
        bytes=None if value is None else len(value),
        raw=raw_text(value) if with_raw and value is not None and len(value) <= _MOST_RAW_BYTES else None,
        withheld="" if kept is None else kept.withheld,
        text=(event.text or "") if isinstance(event, Post | Retweet) else "",
        lang=event.lang if isinstance(event, Post) else None,
    )


def _link(
    alert: Alert, kind: str, official_id: str | None, handle: str | None, event_id: str, post_id: str | None
) -> str | None:
    if kind not in ("retweet", "quote"):
        return None
    link = post_link(alert.platform, official_id, handle, event_id)
    if link is None and post_id is not None:  # a repost has no page of its own
        return post_link(alert.platform, alert.subject.id, alert.subject.handle, post_id)
    return link


def place_words(source: Coordinates | None) -> str:
    """Where a raw event stood: `retweets 3/120`, partition and offset."""
    return "" if source is None else f"{source.topic} {source.partition}/{source.offset}"


def raw_text(value: bytes) -> str | None:
    """Bytes as text; `None` where they are no UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _officials(
    alert: Alert, records: Iterable[_Record], withdrawn: frozenset[str], terms: _Terms
) -> tuple[OfficialLine, ...]:
    stated = {each.id: each for each in alert.officials}
    by_id: dict[str, list[_Record]] = {}
    for record in records:
        official_id = record.official.id if isinstance(record, Amplification) else record.official
        if official_id is not None:
            by_id.setdefault(official_id, []).append(record)
    lines = []
    for official_id, own in by_id.items():
        said = next((each.official for each in own if isinstance(each, Amplification)), None)
        handle = said.handle if said is not None else stated[official_id].handle if official_id in stated else None
        newest, oldest = max(each.at for each in own), min(each.at for each in own)
        entry = terms.entry(official_id, handle, to_us(newest))
        back = sum((each.id if isinstance(each, Amplification) else each.event_id) in withdrawn for each in own)
        lines.append(
            OfficialLine(
                key=subject_key(alert.platform, official_id),
                handle=handle or (None if entry is None else entry.handle),
                name=(None if entry is None else entry.name) or (None if said is None else said.name),
                country=said.country if said is not None else None if entry is None else entry.country,
                category=said.category if said is not None else None if entry is None else entry.category,
                source_url=None if entry is None else entry.source_url,
                since=None if entry is None or entry.valid_from_us is None else from_us(entry.valid_from_us),
                until=None if entry is None or entry.valid_to_us is None else from_us(entry.valid_to_us),
                listed=len(own) - back,
                taken_back=back,
                stated=stated[official_id].amplifications
                if official_id in stated and not is_on_aftermath(alert)
                else None,
                first_at=oldest,
                last_at=newest,
            )
        )
    return tuple(sorted(lines, key=lambda line: (-(line.stated or line.listed), -line.listed, line.key)))
