"""TRACK's step: one subject event changes one subject's state.

The result does not depend on the order in which events arrive, and the same event twice changes nothing, as long as
what is retained still tells them apart. Knows nothing of rules (`judge`) or of what is published.
"""

from bisect import bisect_left, insort
from enum import StrEnum
from typing import Final

from streams.core.accounts import creation
from streams.core.clock import HOUR_US
from streams.core.officials import Official
from streams.core.subject import (
    NOT_JUDGED,
    Episode,
    Kept,
    OfficialState,
    Snapshot,
    Subject,
    SubjectState,
    SuspensionKept,
    TrackPolicy,
    Withdrawal,
    order,
)
from streams.core.subject_event import AMPLIFICATION_KINDS, Coordinates, SubjectEvent

__all__ = ["Outcome", "new_subject", "overfull", "settle", "step"]

# Hourly counts are kept for the longest window, 30 days, and the hour it begins in.
_HOURS_KEPT: Final = 30 * 24 + 1
_DIGESTS_KEPT: Final = 16
# What the changelog's MessagePack holds. Nobody has more: a larger count is somebody's mistake, and unknown.
_MOST_FOLLOWERS: Final = 2**63 - 1


class Outcome(StrEnum):
    """What became of one subject event; each is a metric label."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"  # the same event id is retained
    REPEATED = "repeated"  # too old to compare, but its raw offset was applied before
    TOO_OLD = "too_old"  # too old to tell from a duplicate: dropped and counted
    REFUSED = "refused"  # a withdrawal by somebody else, or beyond a bound: changes nothing


def new_subject(event: SubjectEvent) -> Subject:
    """The empty state of the event's subject."""
    return Subject(SubjectState(event.platform, event.subject.id, Snapshot()))


def step(subject: Subject, event: SubjectEvent, policy: TrackPolicy) -> Outcome:
    """Apply one event to its subject, in place.

    Nothing is pushed out here: when `overfull` says so, the caller first judges (`streams.core.judge`), so that what
    leaves has its place in the rules' history, and then calls `settle`.
    """
    kind = event.kind
    state = subject.state
    _learn_account(state, event)
    if kind == "profile":
        outcome = _apply_profile(state, event, policy)
    elif kind == "suspension":
        outcome = _apply_suspension(state, event, policy)
    elif kind == "withdrawal":
        outcome = _apply_withdrawal(subject, event, policy)
    else:
        outcome = _apply_engagement(subject, event, policy)
    _raise_fence(state, event.source)
    return outcome


def _learn_account(state: SubjectState, event: SubjectEvent) -> None:
    """Keep the newest value of each account field; on equal times the larger one, so that order does not matter."""
    account = event.subject
    snapshot = state.snapshot
    at_us = event.at_us
    if account.handle is not None and (at_us, account.handle) > (snapshot.handle_us, snapshot.handle or ""):
        snapshot.handle, snapshot.handle_us = account.handle, at_us
    if account.name is not None and (at_us, account.name) > (snapshot.name_us, snapshot.name or ""):
        snapshot.name, snapshot.name_us = account.name, at_us
    followers = _followers(event)
    if followers is not None:
        known = -1 if snapshot.followers is None else snapshot.followers
        if (at_us, followers) > (snapshot.followers_us, known):
            snapshot.followers, snapshot.followers_us = followers, at_us
    if account.verified is not None:
        verified = -1 if snapshot.verified is None else int(snapshot.verified)
        if (at_us, int(account.verified)) > (snapshot.verified_us, verified):
            snapshot.verified, snapshot.verified_us = account.verified, at_us
    _learn_creation(state, event)
    newest = (at_us, event.event_id)
    if newest >= state.roster[:2]:
        digest = event.roster_digest
        if newest == state.roster[:2]:
            digest = max(digest, state.digests[state.roster[2]])
        state.roster = (*newest, _digest_index(state, digest))
    if (*newest, event.subject_is_official) > state.is_official:
        state.is_official = (*newest, event.subject_is_official)


def _followers(event: SubjectEvent) -> int | None:
    followers = event.subject.followers
    return followers if followers is not None and followers <= _MOST_FOLLOWERS else None


def _learn_creation(state: SubjectState, event: SubjectEvent) -> None:
    """A reported creation time beats one that follows from an id; of two reported ones the earlier stays."""
    created_us, source = creation(event.platform, event.subject, event.at_us)
    if created_us is None:
        return
    snapshot = state.snapshot
    new_rank = (source == "reported", -created_us)
    if snapshot.created_us is None or new_rank > (snapshot.created_source == "reported", -snapshot.created_us):
        snapshot.created_us, snapshot.created_source = created_us, source
        _judge_again_from(state, 0)


def _digest_index(state: SubjectState, digest: str) -> int:
    """Rosters change seldom: a list of the digests seen is short, and a number in each event is small."""
    try:
        return state.digests.index(digest)
    except ValueError:
        if len(state.digests) >= _DIGESTS_KEPT:
            _forget_unused_digests(state)
        state.digests.append(digest)
        return len(state.digests) - 1


def _apply_engagement(subject: Subject, event: SubjectEvent, policy: TrackPolicy) -> Outcome:
    state = subject.state
    official = event.official
    if official is None:
        return Outcome.REFUSED
    amplifies = event.kind in AMPLIFICATION_KINDS
    kept_list = state.amplifications if amplifies else state.contacts
    settled = state.settled_amplifications if amplifies else state.settled_contacts
    known = subject.by_id.get((event.kind, event.event_id))
    if known is None and settled and kept_list and order(event) < order(kept_list[0]):
        return _drop(state, event, Outcome.TOO_OLD)
    # From every report, whichever stands: what is said of an official must not depend on which came first.
    if not _learn_official(state, official, event.at_us, policy):
        return _drop(state, event, Outcome.REFUSED)
    if known is not None:
        if (event.at_us, official.id) >= (known.at_us, known.official):
            if (event.at_us, official.id) == (known.at_us, known.official):
                _merge_reports(state, known, event)
            return Outcome.DUPLICATE
        # Two reports of one event that disagree: the earlier one stands, whichever came first.
        kept_list.remove(known)
        _tell_again(state)
    kept = Kept(
        event.at_us,
        event.event_id,
        event.kind,
        official.id,
        event.source,
        _digest_index(state, event.roster_digest),
        event.subject_is_official,
        _followers(event),
        event.active,
    )
    if known is not None and known.withdrawn_us is not None:
        if known.official == kept.official:
            kept.withdrawn_us = known.withdrawn_us
        else:
            state.withdrawn -= 1  # by somebody who, it turns out, did not amplify
    if state.pending and amplifies:
        _withdraw_if_pending(state, kept)
    insort(kept_list, kept, key=order)
    subject.by_id[(event.kind, event.event_id)] = kept
    _judge_again_from(state, event.at_us)
    return Outcome.APPLIED


def _merge_reports(state: SubjectState, known: Kept | SuspensionKept, event: SubjectEvent) -> None:
    """The same event seen twice may be known better by one of the two: neither order may win by chance."""
    followers = _followers(event)
    if isinstance(known, Kept) and followers is not None and (known.followers is None or followers > known.followers):
        known.followers = followers
        _judge_again_from(state, known.at_us)
    if event.subject_is_official and not known.subject_is_official:
        known.subject_is_official = True
        _judge_again_from(state, known.at_us)
    if event.roster_digest > state.digests[known.digest]:
        known.digest = _digest_index(state, event.roster_digest)


def _drop(state: SubjectState, event: SubjectEvent, outcome: Outcome) -> Outcome:
    """Count an event that leaves no trace; what was already counted in an earlier life is not counted again."""
    source = event.source
    if source.offset <= state.fences.get(f"{source.topic}/{source.partition}", -1):
        return Outcome.REPEATED
    state.dropped += 1
    return outcome


def _learn_official(state: SubjectState, official: Official, at_us: int, policy: TrackPolicy) -> bool:
    known = state.officials.get(official.id)
    if known is None:
        if len(state.officials) >= policy.officials:
            return False
        state.officials[official.id] = OfficialState(official.handle, official.state, official.category, at_us)
    elif (at_us, official.handle or "", official.state, official.category) > (
        known.seen_us,
        known.handle or "",
        known.state,
        known.category,
    ):
        if official.state != known.state:
            _judge_again_from(state, 0)  # a rule may look at States
        known.handle, known.state, known.category = official.handle, official.state, official.category
        known.seen_us = at_us
    return True


def _apply_suspension(state: SubjectState, event: SubjectEvent, policy: TrackPolicy) -> Outcome:
    if event.status is None:
        return Outcome.REFUSED
    _note_followers(state, event, policy)
    known = next((kept for kept in state.suspensions if kept.event_id == event.event_id), None)
    if known is not None:
        if (event.at_us, event.status) >= (known.at_us, known.status):
            if (event.at_us, event.status) == (known.at_us, known.status):
                _merge_reports(state, known, event)
            return Outcome.DUPLICATE
        state.suspensions.remove(known)  # as for engagements: the earlier report stands
        _tell_again(state)
    elif state.settled_suspensions and order(event) < order(state.suspensions[0]):
        return _drop(state, event, Outcome.TOO_OLD)
    digest = _digest_index(state, event.roster_digest)
    kept = SuspensionKept(event.at_us, event.event_id, event.status, event.source, digest, event.subject_is_official)
    insort(state.suspensions, kept, key=order)
    _judge_again_from(state, event.at_us)
    return Outcome.APPLIED


def _apply_profile(state: SubjectState, event: SubjectEvent, policy: TrackPolicy) -> Outcome:
    if (event.at_us, _followers(event)) in state.profiles:
        return Outcome.DUPLICATE
    _note_followers(state, event, policy)
    return Outcome.APPLIED


def _note_followers(state: SubjectState, event: SubjectEvent, policy: TrackPolicy) -> None:
    """Keep a report of followers that came with no engagement."""
    followers = _followers(event)
    if followers is not None and _keep_report(state, (event.at_us, followers), policy):
        _judge_again_from(state, event.at_us)


def _keep_report(state: SubjectState, report: tuple[int, int], policy: TrackPolicy) -> bool:
    """Add a report of followers that no retained engagement carries; false where it changes nothing."""
    if report in state.profiles:
        return False
    if len(state.profiles) >= policy.profiles:
        if report < state.profiles[0]:
            return False
        del state.profiles[0]
    insort(state.profiles, report)
    return True


def _apply_withdrawal(subject: Subject, event: SubjectEvent, policy: TrackPolicy) -> Outcome:
    """An official took an amplification back. Only its own, and the earliest notice counts."""
    state = subject.state
    by = event.official
    if by is None:
        return Outcome.REFUSED
    _note_followers(state, event, policy)
    for kind in ("retweet", "quote"):
        kept = subject.by_id.get((kind, event.event_id))
        if kept is not None:
            return _withdraw(state, kept, by.id, event.at_us)
    for pending in state.pending:
        if (pending.event_id, pending.official) == (event.event_id, by.id):
            pending.at_us = min(pending.at_us, event.at_us)
            return Outcome.DUPLICATE
    withdrawal = Withdrawal(event.event_id, by.id, event.at_us)
    state.pending.append(withdrawal)
    if len(state.pending) > policy.pending_withdrawals:
        state.pending.sort(key=lambda pending: (pending.at_us, pending.event_id, pending.official))
        if state.pending.pop(0) is withdrawal:
            return _drop(state, event, Outcome.TOO_OLD)
        state.dropped += 1
    return Outcome.APPLIED


def _withdraw(state: SubjectState, kept: Kept, by: str, at_us: int) -> Outcome:
    if kept.official != by:
        return Outcome.REFUSED
    if kept.withdrawn_us is None:
        state.withdrawn += 1
    elif kept.withdrawn_us <= at_us:
        return Outcome.DUPLICATE
    else:
        _tell_again(state)
    kept.withdrawn_us = at_us
    _judge_again_from(state, at_us)
    return Outcome.APPLIED


def _withdraw_if_pending(state: SubjectState, kept: Kept) -> None:
    for index, pending in enumerate(state.pending):
        if (pending.event_id, pending.official) == (kept.event_id, kept.official):
            del state.pending[index]
            _withdraw(state, kept, pending.official, pending.at_us)
            return


def _tell_again(state: SubjectState) -> None:
    """Forget what was sent: evidence changed in place, which shows in no figure of the alerts that list it."""
    for history in state.histories.values():
        history.sent = [0] * len(history.sent)


def _judge_again_from(state: SubjectState, at_us: int) -> None:
    """Forget the judgements at and after a time: something before them changed."""
    for kept_list in (state.amplifications, state.contacts, state.suspensions):
        for kept in kept_list[bisect_left(kept_list, at_us, key=_time) :]:
            kept.held = NOT_JUDGED


def _time(kept: Kept | SuspensionKept) -> int:
    return kept.at_us


def _raise_fence(state: SubjectState, source: Coordinates) -> None:
    fence = f"{source.topic}/{source.partition}"
    if source.offset > state.fences.get(fence, -1):
        state.fences[fence] = source.offset


def overfull(subject: Subject, policy: TrackPolicy) -> bool:
    """Whether a list is a quarter beyond its bound, so that `settle` is due: making room has a price, paid in bulk."""
    state = subject.state
    return (
        len(state.amplifications) > policy.amplifications + policy.amplifications // 4
        or len(state.contacts) > policy.contacts + policy.contacts // 4
        or len(state.suspensions) > policy.suspensions + policy.suspensions // 4
    )


def settle(subject: Subject, policy: TrackPolicy) -> None:
    """Push what is beyond the bounds out of the retained lists and into totals. `judge` folds it into history first."""
    state = subject.state
    while len(state.amplifications) > policy.amplifications:
        _settle_amplification(subject, state.amplifications.pop(0), policy)
    while len(state.contacts) > policy.contacts:
        _settle_contact(subject, state.contacts.pop(0), policy)
    while len(state.suspensions) > policy.suspensions:
        del state.suspensions[0]
        state.settled_suspensions += 1
    if state.hours:
        # No window ends before the newest of them: what is retained is later.
        horizon = max(state.hours) - _HOURS_KEPT
        for hour in [hour for hour in state.hours if hour < horizon]:
            del state.hours[hour]
    if len(state.digests) > _DIGESTS_KEPT:
        _forget_unused_digests(state)


def _forget_unused_digests(state: SubjectState) -> None:
    """Rosters change for years; only those that something retained was judged by are worth their 64 bytes."""
    holders: list[Kept | SuspensionKept | Episode] = [*state.amplifications, *state.contacts, *state.suspensions]
    holders += [history.under_way for history in state.histories.values() if history.under_way is not None]
    used = sorted({holder.digest for holder in holders} | {state.roster[2]})
    renumbered = {old: new for new, old in enumerate(used)}
    for holder in holders:
        holder.digest = renumbered[holder.digest]
    state.roster = (*state.roster[:2], renumbered[state.roster[2]])
    state.digests = [state.digests[old] for old in used]


def _settle_engagement(subject: Subject, kept: Kept, policy: TrackPolicy) -> SubjectState:
    state = subject.state
    del subject.by_id[(kept.kind, kept.event_id)]
    if kept.followers is not None:
        _keep_report(state, (kept.at_us, kept.followers), policy)
    return state


def _settle_amplification(subject: Subject, kept: Kept, policy: TrackPolicy) -> None:
    state = _settle_engagement(subject, kept, policy)
    state.settled_amplifications += 1
    if kept.withdrawn_us is not None:
        return
    official = state.officials[kept.official]
    if kept.kind == "retweet":
        official.retweets += 1
    else:
        official.quotes += 1
    official.first_us = kept.at_us if official.first_us is None else min(official.first_us, kept.at_us)
    official.last_us = kept.at_us if official.last_us is None else max(official.last_us, kept.at_us)
    hour = kept.at_us // HOUR_US
    state.hours[hour] = state.hours.get(hour, 0) + 1


def _settle_contact(subject: Subject, kept: Kept, policy: TrackPolicy) -> None:
    state = _settle_engagement(subject, kept, policy)
    state.settled_contacts += 1
    if kept.kind == "reply":
        state.settled_replies += 1
    elif kept.kind == "mention":
        state.settled_mentions += 1
    else:
        official = state.officials[kept.official]
        official.follow_us, official.follows = kept.at_us, kept.active
