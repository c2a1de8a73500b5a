"""Amplified accounts: what WATCH remembers of every account that a State's officials amplify, to recognise a successor
later.

Grows by union and by newest values, so that order, repeats and what the ledger has forgotten meanwhile do not matter.
"""

from bisect import bisect_left
from collections.abc import Sequence

from streams.core.accounts import CERTAINTY, creation
from streams.core.clock import from_us
from streams.core.country_event import CountryEvent
from streams.core.subject_event import STRENGTHS
from streams.core.watching.keys import amplified_account_key
from streams.core.watching.ledger import Ledger
from streams.core.watching.records import Amplified, AmplifiedAccount
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account

__all__ = ["amplified_account_of", "keep_amplification", "keep_sketch"]


def amplified_account_of(ledger: Ledger, country: str, platform: str, subject: str) -> AmplifiedAccount | None:
    """What is known of an account that the State's officials took up."""
    known = ledger.get(amplified_account_key(country, platform, subject))
    return known if isinstance(known, AmplifiedAccount) else None


def keep_amplification(
    known: AmplifiedAccount | None, event: CountryEvent, fingerprints: Sequence[int], policy: WatchPolicy
) -> AmplifiedAccount:
    """The amplified account with an official's retweet or quote in it, and the fingerprints (sorted) of what it passed
    on.

    An equal one where that says nothing new.
    """
    subject, official = event.subject, event.official
    if subject is None or official is None:
        raise ValueError(f"post {event.event_id} amplifies nobody")
    amplified_account = known or _new(event)
    officials = _officials_with(amplified_account.officials, official.id, event.at_us, policy.amplified_officials)
    return _grown(
        amplified_account,
        event,
        subject,
        officials,
        _first_with(amplified_account.first, event, official.id, policy),
        fingerprints,
        policy,
    )


def keep_sketch(
    known: AmplifiedAccount | None, event: CountryEvent, fingerprints: Sequence[int], policy: WatchPolicy
) -> AmplifiedAccount:
    """The amplified account with the fingerprints (sorted) of a text of the event's subject, and what the event tells
    of it.
    """
    if event.subject is None:
        raise ValueError(f"event {event.event_id} has no subject")
    amplified_account = known or _new(event)
    return _grown(
        amplified_account,
        event,
        event.subject,
        amplified_account.officials,
        amplified_account.first,
        fingerprints,
        policy,
    )


def _new(event: CountryEvent) -> AmplifiedAccount:
    return AmplifiedAccount(event.platform, event.country, Account(id=event.subject.id if event.subject else ""), 0, {})


def _grown(
    amplified_account: AmplifiedAccount,
    event: CountryEvent,
    account: Account,
    officials: dict[str, int],
    first: tuple[Amplified, ...],
    fingerprints: Sequence[int],
    policy: WatchPolicy,
) -> AmplifiedAccount:
    """The amplified account with these, with the newest handle and name, and the best creation time, as TRACK keeps
    them of a subject. Most events tell nothing new: what stays equal stays the same object, and is not worked out
    again.
    """
    known, at_us = amplified_account.subject, event.at_us
    handle, handle_us = known.handle, amplified_account.handle_us
    if account.handle is not None and (at_us, account.handle) > (handle_us, handle or ""):
        handle, handle_us = account.handle, at_us
    name, name_us = known.name, amplified_account.name_us
    if account.name is not None and (at_us, account.name) > (name_us, name or ""):
        name, name_us = account.name, at_us
    created, source = known.created_at, known.created_at_source
    new_us, new_source = creation(event.platform, account, at_us)
    if new_us is not None:
        new = from_us(new_us)
        if created is None or (-CERTAINTY[new_source], new) < (-CERTAINTY[source], created):
            created, source = new, new_source
    if (handle, name, created, source) != (known.handle, known.name, known.created_at, known.created_at_source):
        known = Account(id=known.id, handle=handle, name=name, created_at=created, created_at_source=source)
    return AmplifiedAccount(
        amplified_account.platform,
        amplified_account.country,
        known,
        max(amplified_account.seen_us, at_us),
        officials,
        handle_us,
        name_us,
        first,
        _sketch_with(amplified_account.sketch, fingerprints, policy.sketch),
        amplified_account.kept_us,
    )


def _officials_with(officials: dict[str, int], official: str, at_us: int, most: int) -> dict[str, int]:
    """The first times of the officials with another one's; by time, and the first `most` of them."""
    first_us = officials.get(official)
    if first_us is not None and first_us <= at_us and len(officials) <= most:
        return officials
    first_us = at_us if first_us is None else min(first_us, at_us)
    return dict(sorted({**officials, official: first_us}.items(), key=_by_time)[:most])


def _by_time(official: tuple[str, int]) -> tuple[int, str]:
    return official[1], official[0]


def _first_with(
    first: tuple[Amplified, ...], event: CountryEvent, official: str, policy: WatchPolicy
) -> tuple[Amplified, ...]:
    """The first amplifications with another report among them; of reports of one post the earliest stands."""
    amplified = Amplified(event.at_us, event.event_id, event.post_kind, official, event.source)
    if len(first) == policy.amplified_first and _rank(first[-1]) <= _rank(amplified):
        return first  # as all the others are, one of the same post among them
    by_post = {each.post_id: each for each in first}
    known = by_post.get(amplified.post_id)
    if known is None or _rank(amplified) < _rank(known):
        by_post[amplified.post_id] = amplified
    return tuple(sorted(by_post.values(), key=_rank)[: policy.amplified_first])


def _rank(amplified: Amplified) -> tuple[int, str, str, int]:
    return amplified.at_us, amplified.post_id, amplified.official, -STRENGTHS[amplified.kind]


def _sketch_with(sketch: tuple[int, ...], fingerprints: Sequence[int], most: int) -> tuple[int, ...]:
    """The smallest `most` of both together."""
    if not sketch:
        return tuple(fingerprints[:most])
    if len(sketch) == most:
        fingerprints = fingerprints[: bisect_left(fingerprints, sketch[-1])]  # no larger one gets in
    known = len(sketch)
    new = [each for each in fingerprints if (place := bisect_left(sketch, each)) == known or sketch[place] != each]
    # Sorting what is two sorted runs takes a tenth of the time of sorting a set.
    return tuple(sorted((*sketch, *new))[:most]) if new else sketch
