"""Uptakes: what WATCH remembers of every account that a State's officials amplify, to recognise a successor later.

Grows by union and by newest values, so that order, repeats and what the ledger has forgotten meanwhile do not matter.
"""

from collections.abc import Iterable

import msgspec

from streams.core.accounts import creation
from streams.core.clock import from_us
from streams.core.state_event import StateEvent
from streams.core.watching.ledger import Amplified, Ledger, Uptake, record_key
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account

__all__ = ["keep_amplification", "keep_sketch", "uptake_of"]


def uptake_of(ledger: Ledger, state: str, platform: str, subject: str) -> Uptake | None:
    """What is known of an account that the State's officials took up."""
    known = ledger.get(record_key(Uptake(platform, state, Account(id=subject), 0, {})))
    return known if isinstance(known, Uptake) else None


def keep_amplification(known: Uptake | None, event: StateEvent, policy: WatchPolicy) -> Uptake:
    """The uptake with an official's retweet or quote in it; an equal one where it says nothing new."""
    subject, official = event.subject, event.official
    if subject is None or official is None:
        raise ValueError(f"post {event.event_id} amplifies nobody")
    uptake = _learned(known or _new(event), event, subject)
    first_us = min(event.at_us, uptake.officials.get(official.id, event.at_us))
    officials = sorted({**uptake.officials, official.id: first_us}.items(), key=_by_time)
    amplified = Amplified(event.at_us, event.event_id, event.post_kind, official.id, event.source)
    return msgspec.structs.replace(
        uptake, officials=dict(officials[: policy.uptake_officials]), first=_with(uptake.first, amplified, policy)
    )


def keep_sketch(known: Uptake | None, event: StateEvent, fingerprints: Iterable[int], policy: WatchPolicy) -> Uptake:
    """The uptake with the fingerprints of a text of the event's subject in it, and what the event tells of it."""
    subject = event.subject
    if subject is None:
        raise ValueError(f"event {event.event_id} has no subject")
    uptake = _learned(known or _new(event), event, subject)
    sketch = sorted({*uptake.sketch, *fingerprints})[: policy.sketch]
    return msgspec.structs.replace(uptake, sketch=tuple(sketch))


def _new(event: StateEvent) -> Uptake:
    return Uptake(event.platform, event.state, Account(id=event.subject.id if event.subject else ""), 0, {})


def _by_time(official: tuple[str, int]) -> tuple[int, str]:
    return official[1], official[0]


def _with(first: tuple[Amplified, ...], amplified: Amplified, policy: WatchPolicy) -> tuple[Amplified, ...]:
    """The first amplifications with another report among them; of reports of one post the earliest stands."""
    by_post = {each.post_id: each for each in first}
    known = by_post.get(amplified.post_id)
    if known is None or _rank(amplified) < _rank(known):
        by_post[amplified.post_id] = amplified
    return tuple(sorted(by_post.values(), key=_rank)[: policy.uptake_first])


def _rank(amplified: Amplified) -> tuple[int, str, str, str]:
    return amplified.at_us, amplified.post_id, amplified.official, amplified.kind


def _learned(uptake: Uptake, event: StateEvent, account: Account) -> Uptake:
    """The uptake with the newest handle and name, and the best creation time, as TRACK keeps them of a subject."""
    known, at_us = uptake.subject, event.at_us
    handle, handle_us = known.handle, uptake.handle_us
    if account.handle is not None and (at_us, account.handle) > (handle_us, handle or ""):
        handle, handle_us = account.handle, at_us
    name, name_us = known.name, uptake.name_us
    if account.name is not None and (at_us, account.name) > (name_us, name or ""):
        name, name_us = account.name, at_us
    created, source = known.created_at, known.created_at_source
    new_us, new_source = creation(event.platform, account, at_us)
    if new_us is not None:
        new = from_us(new_us)
        if created is None or (new_source != "reported", new) < (source != "reported", created):
            created, source = new, new_source
    subject = Account(id=known.id, handle=handle, name=name, created_at=created, created_at_source=source)
    return msgspec.structs.replace(
        uptake, subject=subject, seen_us=max(uptake.seen_us, at_us), handle_us=handle_us, name_us=name_us
    )
