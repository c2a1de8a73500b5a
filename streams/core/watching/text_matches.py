"""Text matches: which official post a subject's text shares most with, from the ledger's days before the text was first
seen to as many days after it was last seen.

Of two posts it does not say who took the text from whom: the times are in the record.
"""

from collections.abc import Iterable

import msgspec

from streams.core.clock import DAY_US
from streams.core.country_event import CountryEvent
from streams.core.officials import Official
from streams.core.subject_event import SubjectEvent
from streams.core.watching.keys import ENTRY_PREFIX, entry_key, text_key, text_prefix
from streams.core.watching.ledger import Ledger
from streams.core.watching.records import Entry, SubjectText
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account

__all__ = [
    "has_subject_text",
    "keep_text",
    "known_text",
    "least_shared",
    "match_entry",
    "match_event",
    "post_of",
    "said_of",
    "with_report",
]


def least_shared(count: int) -> int:
    """How many of a text's `count` fingerprints a post must share: a quarter, and at least two; of up to three one.

    Of 18,248 texts that French deputies passed on (2015 to 2020), 112 (0.6 %) met it with a deputy's own post of the 90
    days around, and 26 (0.1 %) with one of as many days a year away, by set phrases such as condolences: that is how
    often it is met by chance (`python -m bench figures alarms`).
    """
    return 1 if count < 4 else max(2, -(-count // 4))


def has_subject_text(event: CountryEvent, policy: WatchPolicy) -> bool:
    """Whether an event brings the text of a subject's post, long enough to match: a post of its own, or the retweet of
    it by an official that it is not.
    """
    subject, official = event.subject, event.official
    if subject is None or len(event.text) < policy.shortest_text:
        return False
    if event.kind == "subject_post":
        return True
    is_retweet = event.kind == "post" and event.post_kind == "retweet" and not event.subject_is_official
    return is_retweet and official is not None and official.id != subject.id


def known_text(ledger: Ledger, event: CountryEvent) -> SubjectText | None:
    """What the ledger has of the text of a subject's post that an event posts or passes on."""
    post_id = post_of(event)
    known = None if post_id is None else ledger.get(text_key(event.country, event.platform, post_id))
    return known if isinstance(known, SubjectText) else None


def keep_text(
    ledger: Ledger, event: CountryEvent, known: SubjectText | None, prints: tuple[int, ...], policy: WatchPolicy
) -> tuple[SubjectText | None, list[SubjectEvent]]:
    """Keep the text of a subject's post, as it posted it or an official passed it on, and match it with official posts.
    `prints` are the fingerprints of the event's text; `known` is its `known_text`.

    Of several reports the longest text stands, with the first and the last time of all. Returns the text where that
    changed it, and the match if there is a new one. Bounds only ever widen, so that no match is lost again; only a text
    that was first known in a cut form may have had a match that the whole of it has not.
    """
    subject, post_id = event.subject, post_of(event)
    if subject is None or post_id is None or len(event.text) < policy.shortest_text:
        return None, []
    new = with_report(known, event, subject.id, post_id, prints)
    if known is not None and said_of(new) == said_of(known):
        return None, []
    best = _best_match(ledger, new, policy)
    if best is not None:
        entry, shared = best
        new = msgspec.structs.replace(new, match=entry.post_id, shared=shared)
    ledger.put(new)
    if best is None or (known is not None and _match_of(new) == _match_of(known)):
        return new, []
    return new, [match_event(new, best[0])]


def with_report(
    known: SubjectText | None, event: CountryEvent, subject: str, post_id: str, prints: tuple[int, ...]
) -> SubjectText:
    """The text with one more report of it, and without a match."""
    new = SubjectText(
        event.platform, post_id, event.country, subject, event.at_us, event.text, prints, last_us=event.at_us
    )
    if known is None:
        return new
    new = msgspec.structs.replace(
        new,
        subject=min(new.subject, known.subject),
        at_us=min(new.at_us, known.at_us),
        last_us=max(new.last_us, known.last_us),
    )
    if (len(known.text), known.text) >= (len(new.text), new.text):
        new = msgspec.structs.replace(new, text=known.text, fingerprints=known.fingerprints)
    return new


def post_of(event: CountryEvent) -> str | None:
    """The id of the post whose text an event has: a subject's own, or the one that is passed on."""
    return event.event_id if event.kind == "subject_post" else event.post_id


def _match_of(text: SubjectText) -> tuple[object, ...]:
    return text.subject, text.at_us, text.match, text.shared, text.fingerprints


def said_of(text: SubjectText) -> tuple[str, int, int, str]:
    """What reports say of a text."""
    return text.subject, text.at_us, text.last_us, text.text


def match_entry(ledger: Ledger, entry: Entry, before: Entry | None, policy: WatchPolicy) -> list[SubjectEvent]:
    """Match an official's post that is new, or stands in place of `before`, with the texts of subjects."""
    prints = entry.fingerprints
    if before is not None:
        prints = tuple({*prints, *before.fingerprints})
    events: list[SubjectEvent] = []
    for key, shared in sorted(ledger.texts_sharing(entry.country, prints).items()):
        text = ledger.get(text_prefix(entry.country) + key.encode())
        if not isinstance(text, SubjectText) or text.platform != entry.platform:
            continue
        if before is None:
            if not _may_match(text, entry, shared, policy) or not _beats(ledger, text, entry, shared):
                continue
            best: tuple[Entry, int] | None = (entry, shared)
        else:
            best = _best_match(ledger, text, policy)
        match, shared = (None, 0) if best is None else (best[0].post_id, best[1])
        new = msgspec.structs.replace(text, match=match, shared=shared)
        ledger.put(new)
        if best is not None and (new != text or best[0] == entry):
            events.append(match_event(new, best[0]))
    return events


def _best_match(ledger: Ledger, text: SubjectText, policy: WatchPolicy) -> tuple[Entry, int] | None:
    """The post that shares most; of equals the earliest, then the one with the smallest id."""
    best: tuple[Entry, int] | None = None
    for entry, shared in _sharing(ledger, text):
        if _may_match(text, entry, shared, policy) and (best is None or _rank(entry, shared) < _rank(*best)):
            best = (entry, shared)
    return best


def _sharing(ledger: Ledger, text: SubjectText) -> Iterable[tuple[Entry, int]]:
    least = least_shared(len(text.fingerprints))
    for key, shared in ledger.entries_sharing(text.country, text.fingerprints).items():
        if shared >= least:
            entry = ledger.get(ENTRY_PREFIX + key.encode())
            if isinstance(entry, Entry):
                yield entry, shared


def _may_match(text: SubjectText, entry: Entry, shared: int, policy: WatchPolicy) -> bool:
    return (
        entry.platform == text.platform
        and entry.official != text.subject
        and shared >= least_shared(len(text.fingerprints))
        and text.at_us - policy.ledger_days * DAY_US <= entry.at_us <= text.last_us + policy.ledger_days * DAY_US
    )


def _beats(ledger: Ledger, text: SubjectText, entry: Entry, shared: int) -> bool:
    """Whether a post is a better match than the one the text has."""
    if text.match is None:
        return True
    held = ledger.get(entry_key(text.platform, text.match))
    if not isinstance(held, Entry):  # forgotten: too far back to compare by time
        return shared > text.shared
    return _rank(entry, shared) < _rank(held, text.shared)


def _rank(entry: Entry, shared: int) -> tuple[int, int, str]:
    return -shared, entry.at_us, entry.post_id


def match_event(text: SubjectText, entry: Entry) -> SubjectEvent:
    """What is said to the text's subject of the post that shares most with it."""
    return SubjectEvent(
        kind="text_match",
        platform=text.platform,
        event_id=text.post_id,
        at_us=text.at_us,
        subject=Account(id=text.subject),
        source=entry.source,
        roster_digest=entry.digest,
        official=Official(id=entry.official, handle=entry.handle, country=entry.country, category=entry.category),
        post_id=entry.post_id,
        shared=text.shared,
        of=len(text.fingerprints),
        matched_us=entry.at_us,
    )
