"""TRACK's step: one subject event changes one subject's state.

The result does not depend on the order in which events arrive, and the same event twice changes nothing, as long as
what is retained still tells them apart. Knows nothing of rules (`judge`) or of what is published.
"""

from bisect import insort
from enum import StrEnum

from streams.core.learning import (
    digest_index,
    followers_of,
    judge_again_from,
    keep_report,
    learn_account,
    learn_official,
)
from streams.core.subject import (
    Kept,
    Snapshot,
    Subject,
    SubjectState,
    SuspensionKept,
    TrackPolicy,
    Withdrawal,
    order,
)
from streams.core.subject_event import AMPLIFICATION_KINDS, Coordinates, SubjectEvent

__all__ = ["Outcome", "new_subject", "step"]


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

    Nothing is pushed out here: when `settlement.overfull` says so, the caller judges, remembers what leaves, and calls
    `settlement.settle`.
    """
    kind = event.kind
    state = subject.state
    learn_account(state, event)
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
    if not learn_official(state, official, event.at_us, policy):
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
        digest_index(state, event.roster_digest),
        event.subject_is_official,
        followers_of(event),
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
    judge_again_from(state, event.at_us)
    return Outcome.APPLIED


def _merge_reports(state: SubjectState, known: Kept | SuspensionKept, event: SubjectEvent) -> None:
    """The same event seen twice may be known better by one of the two: neither order may win by chance."""
    followers = followers_of(event)
    if isinstance(known, Kept) and followers is not None and (known.followers is None or followers > known.followers):
        known.followers = followers
        judge_again_from(state, known.at_us)
    if event.subject_is_official and not known.subject_is_official:
        known.subject_is_official = True
        judge_again_from(state, known.at_us)
    if event.roster_digest > state.digests[known.digest]:
        known.digest = digest_index(state, event.roster_digest)


def _drop(state: SubjectState, event: SubjectEvent, outcome: Outcome) -> Outcome:
    """Count an event that leaves no trace; what was already counted in an earlier life is not counted again."""
    source = event.source
    if source.offset <= state.fences.get(f"{source.topic}/{source.partition}", -1):
        return Outcome.REPEATED
    state.dropped += 1
    return outcome


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
    digest = digest_index(state, event.roster_digest)
    kept = SuspensionKept(event.at_us, event.event_id, event.status, event.source, digest, event.subject_is_official)
    insort(state.suspensions, kept, key=order)
    judge_again_from(state, event.at_us)
    return Outcome.APPLIED


def _apply_profile(state: SubjectState, event: SubjectEvent, policy: TrackPolicy) -> Outcome:
    if (event.at_us, followers_of(event)) in state.profiles:
        return Outcome.DUPLICATE
    _note_followers(state, event, policy)
    return Outcome.APPLIED


def _note_followers(state: SubjectState, event: SubjectEvent, policy: TrackPolicy) -> None:
    """Keep a report of followers that came with no engagement."""
    followers = followers_of(event)
    if followers is not None and keep_report(state, (event.at_us, followers), policy):
        judge_again_from(state, event.at_us)


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
    judge_again_from(state, at_us)
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


def _raise_fence(state: SubjectState, source: Coordinates) -> None:
    fence = f"{source.topic}/{source.partition}"
    if source.offset > state.fences.get(fence, -1):
        state.fences[fence] = source.offset
