"""Putting a State's ledger right under another roster: what rests on changed accounts goes, and what the evidence says
of them comes, and then what came since.

The ledger does not depend on the order of events, and the same event twice changes nothing: so everything else stays as
it is, and what is read twice does no harm.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from streams.core.bounds import bounded_country_event
from streams.core.country_event import CountryEvent, decode_country_event
from streams.core.country_recounts import CountryOrder, post_name
from streams.core.identity import aftermath_id, watch_about
from streams.core.officials import Official
from streams.core.subject_event import SubjectEvent, subject_key, subject_key_parts
from streams.core.tracking.recount_state import Superseded, with_superseded
from streams.core.watching.amplified_accounts import amplified_account_of, keep_amplification
from streams.core.watching.change_set import ChangeSet
from streams.core.watching.country_recount_state import (
    CountryRecount,
    CountryRecounted,
    CountryRecountState,
    KeptEvents,
    under_current_roster,
    with_roster_digest,
)
from streams.core.watching.keys import (
    country_corrected_key,
    country_recount_key,
    coverage_sources_key,
    entry_key,
    kept_events_prefix,
    notices_key,
    original_key,
    source_spans_key,
    unmatched_deletion_key,
)
from streams.core.watching.ledger import Ledger, Record, record_key
from streams.core.watching.lookups import keys_to_read
from streams.core.watching.records import Entry, OfficialNotices, UnmatchedDeletion
from streams.core.watching.seen_since import note_seen_since
from streams.core.watching.source_spans import CoverageSources, SourceSpan, SourceSpans
from streams.core.watching.unchanged import Unchanged
from streams.core.watching.watch_counts import WatchCounts
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watch_step import step
from streams.events import Account

__all__ = [
    "apply_country_recount",
    "corrected_of",
    "end_country_recount",
    "forget_kept_events",
    "open_country_recount",
    "recount_of",
]

_ALWAYS: Final = (-(2**62), 2**62)
_ALL: Final = 2**31
_AHEAD: Final = 64  # events, or accounts, that the ledger is asked about together: as in a batch


class _Gone(Struct):
    """What was taken out of the ledger."""

    entries: list[Entry]
    unmatched: list[UnmatchedDeletion]
    notices: list[OfficialNotices]


def recount_of(ledger: Ledger, country: str) -> CountryRecount | None:
    """The correction of a State's ledger that is under way."""
    known = ledger.get(country_recount_key(country))
    return known if isinstance(known, CountryRecount) else None


def corrected_of(ledger: Ledger, country: str) -> CountryRecountState:
    """What corrections have led to."""
    known = ledger.get(country_corrected_key(country))
    return known if isinstance(known, CountryRecountState) else CountryRecountState(country)


def open_country_recount(ledger: Ledger, country: str, correction: str) -> None:
    """Keep what is applied from here on. A correction that is announced again begins anew, unless it is done."""
    if corrected_of(ledger, country).correction == correction:
        return
    known = recount_of(ledger, country)
    if known is not None and known.correction == correction:
        forget_kept_events(ledger, country)
        ledger.put(replace(known, kept=0, kept_bytes=0, too_many=False))
        return
    unknown = [
        record_key(each).decode()
        for each in ledger.beginning_with(_counts(country))
        if isinstance(each, WatchCounts) and any(ledger.get(key.encode()) is None for key in each.oldest)
    ]
    new = CountryRecount(country, correction, unknown=tuple(unknown))
    forget_kept_events(ledger, country)
    if known is not None:  # one that never came to its end: what it held back is still to be said
        new = replace(new, held_us=known.held_us, before=known.before)
    ledger.put(new)


def apply_country_recount(
    ledger: Ledger, under_way: CountryRecount, order: CountryOrder, policy: WatchPolicy
) -> tuple[CountryRecount, list[SubjectEvent]]:
    """Carry out one part; returns the correction as it goes on, and what follows for subjects. Nothing is said of the
    State's aftermaths from here on: half of it would be wrong.
    """
    country = under_way.country
    if under_way.too_many:
        return under_way, []
    superseded = _superseded(order)
    since = (under_current_roster((superseded,), decode_country_event(each)) for each in _kept_events(ledger, country))
    events = [*map(bounded_country_event, (*order.events, *(each for each in since if each is not None)))]
    unchanged = Unchanged(ledger, events, order.changed, order.new_digest, policy)
    gone = _take_out(ledger, country, order, unchanged)
    scratch = ChangeSet()  # all watches of the State are recounted at the end
    said: list[SubjectEvent] = []
    for begin in range(0, len(events), _AHEAD):
        ahead = events[begin : begin + _AHEAD]
        ledger.read_ahead(keys_to_read(ahead))
        for event in ahead:
            said += step(ledger, event, scratch, policy).events
    others = [*map(subject_key_parts, order.unchanged)]
    texts = (text for each in others for text in ledger.texts_of(country, *each, _ALL))
    unchanged.leave(_posts_about(ledger, country, others), texts)
    said += unchanged.said()
    taken = _put_back(ledger, order, gone, policy)
    for platform in sorted({platform for platform, _ in map(subject_key_parts, order.officials)}):
        if isinstance(ledger.get(coverage_sources_key(country, platform)), CoverageSources):
            note_seen_since(ledger, country, platform)
    return (
        replace(
            under_way,
            held_us=order.at_us if under_way.held_us is None else under_way.held_us,
            officials=under_way.officials or bool(order.officials),
            taken=under_way.taken + taken,
        ),
        [*with_roster_digest(order.new_digest, said)],
    )


def end_country_recount(ledger: Ledger, under_way: CountryRecount, order: CountryOrder) -> None:
    """The last part: what watches counted is forgotten, but where the ledger has no more what they counted."""
    country = under_way.country
    known = corrected_of(ledger, country)
    unknown: dict[str, tuple[str, str]] = {}
    for counted in ledger.beginning_with(_counts(country)):
        if not isinstance(counted, WatchCounts):
            continue
        if record_key(counted).decode() not in under_way.unknown:
            ledger.discard(record_key(counted))
        elif under_way.officials:
            about = watch_about(country, counted.platform, counted.subject)
            unknown[aftermath_id(about, counted.interval)] = counted.platform, counted.subject
    answer = CountryRecounted(
        country=country,
        correction=order.correction,
        old_digest=order.old_digest,
        new_digest=order.new_digest,
        at_us=order.at_us,
        reason=order.reason,
        taken=under_way.taken,
        unknown=unknown,
        why="more events came while it was counted than may be kept" if under_way.too_many else "",
    )
    superseded = tuple(with_superseded(known.superseded, _superseded(order)))
    ledger.put(CountryRecountState(country, superseded, order.correction, answer))
    forget_kept_events(ledger, country)
    ledger.discard(record_key(under_way))


def forget_kept_events(ledger: Ledger, country: str) -> None:
    """They are not needed any more, or too many."""
    for each in ledger.beginning_with(kept_events_prefix(country)):
        ledger.discard(record_key(each))


def _kept_events(ledger: Ledger, country: str) -> Iterator[bytes]:
    for each in ledger.beginning_with(kept_events_prefix(country)):
        if isinstance(each, KeptEvents):
            yield from each.events


def _counts(country: str) -> bytes:
    return f"c/{country}/".encode()


def _superseded(order: CountryOrder) -> Superseded:
    return Superseded(order.old_digest, order.new_digest, dict(order.cut), sorted(order.changed))


def _take_out(ledger: Ledger, country: str, order: CountryOrder, unchanged: Unchanged) -> _Gone:
    """All that changed officials did, and of what officials did about the subjects all that the order changes."""
    gone = _Gone([], [], [])
    entries: dict[bytes, Entry] = {}
    for platform, official in map(subject_key_parts, order.officials):
        mine = (each for each in ledger.posts_by(country, official) if each.platform == platform)
        entries |= {record_key(each): each for each in mine}
        for unmatched in ledger.beginning_with(unmatched_deletion_key(official, platform, "")):
            if isinstance(unmatched, UnmatchedDeletion) and unmatched.country == country:
                gone.unmatched.append(unmatched)
        notices = ledger.get(notices_key(country, platform, official))
        if isinstance(notices, OfficialNotices):
            gone.notices.append(notices)
        _take_out_of_coverage(ledger, country, platform, official)
    subjects = sorted(set(map(subject_key_parts, (*order.officials, *order.subjects))))
    for entry in _posts_about(ledger, country, subjects):
        if entry.original is not None:
            ledger.discard(original_key(country, entry.platform, entry.original))
        if record_key(entry) not in entries and not unchanged.stays(entry):
            entries[record_key(entry)] = entry
    gone.entries += entries.values()
    records: list[Record] = [*gone.entries, *gone.unmatched, *gone.notices]
    for record in records:
        ledger.discard(record_key(record))
    for platform, subject in subjects:
        for text in ledger.texts_of(country, platform, subject, _ALL):
            ledger.discard(original_key(country, platform, text.post_id))
            if text.at_us >= order.since_us and not unchanged.text_stays(text):
                ledger.discard(record_key(text))
        _take_out_amplifications(ledger, country, platform, subject, order)
    _take_out_of_other_countries(ledger, country, order)
    return gone


def _posts_about(ledger: Ledger, country: str, subjects: Sequence[tuple[str, str]]) -> Iterator[Entry]:
    """The State's posts whose subject is one of these, by platform and id."""
    for begin in range(0, len(subjects), _AHEAD):
        together = frozenset(subjects[begin : begin + _AHEAD])
        for entry in ledger.references(country, [f"i:{subject}" for _, subject in together], *_ALWAYS):
            if (entry.platform, entry.subject) in together:
                yield entry


def _take_out_of_other_countries(ledger: Ledger, country: str, order: CountryOrder) -> None:
    """A post has one State: of an official that has another one now, another ledger in this file may have it yet."""
    officials = frozenset(map(subject_key_parts, order.officials))
    for event in order.events:
        if event.official is None or (event.platform, event.official.id) not in officials:
            continue
        keys = [entry_key(event.platform, event.event_id)]
        if event.post_id is not None:
            keys.append(unmatched_deletion_key(event.official.id, event.platform, event.post_id))
        for key in keys:
            known = ledger.get(key)
            if isinstance(known, Entry | UnmatchedDeletion) and known.country != country:
                ledger.discard(key)


def _take_out_amplifications(ledger: Ledger, country: str, platform: str, subject: str, order: CountryOrder) -> None:
    """Who amplified an account is made of the evidence, where that goes back so far; else what is known against it
    goes.
    """
    known = amplified_account_of(ledger, country, platform, subject)
    if known is None:
        return
    ledger.discard(record_key(known))
    if known.officials and known.first_us < order.since_us:
        left = {each: at_us for each, at_us in known.officials.items() if _may_stay(order, platform, each)}
        first = tuple(each for each in known.first if _may_stay(order, platform, each.official))
        ledger.put(replace(known, officials=left, first=first))


def _take_out_of_coverage(ledger: Ledger, country: str, platform: str, official: str) -> None:
    """Spans name an official no more: the evidence says anew which do. What they say of others stays."""
    listed = ledger.get(coverage_sources_key(country, platform))
    for source in listed.sources if isinstance(listed, CoverageSources) else ():
        for seen in (True, False):
            known = ledger.get(source_spans_key(country, platform, source, seen=seen))
            if isinstance(known, SourceSpans):
                spans = tuple(_without(each, official) for each in known.spans if each.officials != (official,))
                if spans != known.spans:
                    ledger.put(replace(known, spans=spans))


def _without(span: SourceSpan, official: str) -> SourceSpan:
    if official not in (span.officials or ()):
        return span
    return replace(span, officials=tuple(each for each in span.officials or () if each != official))


def _put_back(ledger: Ledger, order: CountryOrder, gone: _Gone, policy: WatchPolicy) -> int:
    """What the evidence has no more counts as it did, unless an account did it that is on no roster now. Returns how
    many posts and deletions that are.
    """
    known = frozenset(order.known)
    taken = 0
    for entry in gone.entries:
        if post_name(entry.platform, entry.post_id) in known or ledger.get(record_key(entry)) is not None:
            continue
        if _may_stay(order, entry.platform, entry.official):
            taken += 1
            ledger.put(entry)
            _amplified_by(ledger, entry, policy)
    for unmatched in gone.unmatched:
        name = post_name(unmatched.platform, unmatched.post_id, gone=True)
        if name not in known and _may_stay(order, unmatched.platform, unmatched.official):
            taken += 1
            ledger.put(unmatched)
    for notices in gone.notices:
        if ledger.get(record_key(notices)) is None and _may_stay(order, notices.platform, notices.official):
            ledger.put(notices)
    return taken


def _amplified_by(ledger: Ledger, entry: Entry, policy: WatchPolicy) -> None:
    """Let the account that a post put back amplifies know of it."""
    if entry.kind not in ("retweet", "quote") or entry.subject in (None, entry.official) or entry.subject_is_official:
        return
    event = CountryEvent(
        kind="post",
        country=entry.country,
        platform=entry.platform,
        event_id=entry.post_id,
        at_us=entry.at_us,
        source=entry.source,
        official=Official(id=entry.official, handle=entry.handle, country=entry.country, category=entry.category),
        post_kind=entry.kind,
        subject=Account(id=entry.subject or ""),
    )
    known = amplified_account_of(ledger, entry.country, entry.platform, entry.subject or "")
    ledger.put(keep_amplification(known, event, (), policy))


def _may_stay(order: CountryOrder, platform: str, official: str) -> bool:
    return order.changed.get(subject_key(platform, official), True)
