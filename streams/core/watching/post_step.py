"""Posts in the ledger: an official's post becomes an entry, and what it passes on or quotes is learnt.

Of reports that contradict each other the one that says most stands, then the earliest, whichever comes first.
Deletions are `deletion_step`'s.
"""

from typing import Final

import msgspec

from streams.core.officials import Official
from streams.core.state_event import PostKind, StateEvent
from streams.core.subject_event import Coordinates, SubjectEvent
from streams.core.texts.fingerprints import fingerprints
from streams.core.watching.deletion_step import with_deletion, withdrawals
from streams.core.watching.ledger import Entry, Ledger, Uptake, entry_key
from streams.core.watching.references import reference_keys
from streams.core.watching.text_matches import keep_text, known_text, match_entry
from streams.core.watching.touched import Touched
from streams.core.watching.uptakes import keep_amplification, keep_sketch, uptake_of
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watched import Stepped, Watched

__all__ = ["apply_post", "apply_subject_post"]

_NOWHERE: Final = Coordinates("", 0, 0)
_STRENGTHS: Final[dict[PostKind, int]] = {"retweet": 3, "quote": 2, "reply": 1, "post": 0}


def apply_post(ledger: Ledger, event: StateEvent, official: Official, touched: Touched, policy: WatchPolicy) -> Stepped:
    """An official wrote a post or passed one on."""
    events = _learn_subject(ledger, event, official, touched, policy)
    known = ledger.get(entry_key(event.platform, event.event_id))
    before = known if isinstance(known, Entry) else None
    new = _entry_of(event, official, before, policy)
    if before is not None and _rank(before) <= _rank(new):
        return Stepped(Watched.DUPLICATE, tuple(events))
    new = with_deletion(ledger, new, before, touched, policy)
    ledger.put(new)
    for entry in (new, before):
        if entry is not None:
            touched.entry(entry)
    if new.fingerprints or (before is not None and before.fingerprints):
        events += match_entry(ledger, new, before, policy)
    if before is None or (before.deleted_us, before.subject) != (new.deleted_us, new.subject):
        events += withdrawals(new)
    return Stepped(Watched.APPLIED, tuple(events))


def apply_subject_post(ledger: Ledger, event: StateEvent, touched: Touched, policy: WatchPolicy) -> Stepped:
    """A subject wrote a post of its own."""
    if event.subject is None:
        return Stepped(Watched.REFUSED)
    if len(event.text) < policy.shortest_text:
        return Stepped(Watched.TOO_SHORT)
    known = uptake_of(ledger, event.state, event.platform, event.subject.id)
    changed, prints, events = _keep_text(ledger, event, touched, policy)
    uptake = keep_sketch(known, event, prints, policy)
    _keep_uptake(ledger, known, uptake, touched)
    return Stepped(Watched.APPLIED if changed or uptake != known else Watched.DUPLICATE, tuple(events))


def _entry_of(event: StateEvent, official: Official, before: Entry | None, policy: WatchPolicy) -> Entry:
    subject = event.subject
    if event.post_kind == "retweet":
        prints: tuple[int, ...] = ()
    elif before is not None and before.kind != "retweet" and before.text == event.text:
        prints = before.fingerprints  # nearly every repeat
    else:
        prints = fingerprints(event.text)
    return Entry(
        platform=event.platform,
        post_id=event.event_id,
        state=event.state,
        official=official.id,
        handle=official.handle,
        category=official.category,
        kind=event.post_kind,
        at_us=event.at_us,
        text=event.text,
        lang=event.lang,
        subject=None if subject is None else subject.id,
        original=event.post_id,
        references=reference_keys(event, policy),
        fingerprints=prints,
        source=event.source,
        digest=event.roster_digest,
        subject_is_official=event.subject_is_official,
    )


def _rank(entry: Entry) -> tuple[int, bool, int, str, int, bytes]:
    """Of two reports of one post the smaller stands: the one that says more of what is passed on, quoted or answered,
    then the earlier, then the longer one, then a fixed choice.
    """
    said = msgspec.structs.replace(entry, deleted_us=None, deletion_source=None, source=_NOWHERE)
    weakness = -_STRENGTHS[entry.kind]
    return weakness, entry.subject is None, entry.at_us, entry.official, -len(entry.text), msgspec.msgpack.encode(said)


def _learn_subject(
    ledger: Ledger, event: StateEvent, official: Official, touched: Touched, policy: WatchPolicy
) -> list[SubjectEvent]:
    """From every report, whichever stands: the uptake of the account that is amplified, and the text passed on."""
    subject = event.subject
    amplifies = event.post_kind in ("retweet", "quote")
    if not amplifies or subject is None or event.subject_is_official or subject.id == official.id:
        return []
    known = uptake_of(ledger, event.state, event.platform, subject.id)
    prints: tuple[int, ...] = ()
    events: list[SubjectEvent] = []
    if event.post_kind == "retweet" and len(event.text) >= policy.shortest_text:
        _, prints, events = _keep_text(ledger, event, touched, policy)
    uptake = keep_amplification(known, event, prints, policy)
    _keep_uptake(ledger, known, uptake, touched)
    return events


def _keep_text(
    ledger: Ledger, event: StateEvent, touched: Touched, policy: WatchPolicy
) -> tuple[bool, tuple[int, ...], list[SubjectEvent]]:
    """Whether anything changed, the fingerprints of the event's text, and the match if there is a new one."""
    known = known_text(ledger, event)
    # Several officials pass on one post: nearly always with the same text.
    prints = known.fingerprints if known is not None and known.text == event.text else fingerprints(event.text)
    text, events = keep_text(ledger, event, known, prints, policy)
    if text is not None:
        touched.text(text)
    return text is not None, prints, events


def _keep_uptake(ledger: Ledger, known: Uptake | None, new: Uptake, touched: Touched) -> None:
    if new != known:
        ledger.put(new)
        touched.uptake(known, new)
