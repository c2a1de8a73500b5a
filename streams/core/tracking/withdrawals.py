"""Amplifications that are gone: noted while they are retained, before they arrive, and after they have left.

Only of who amplified can it be said that the amplification is gone, once; notices of it merge. What became of it, and
whether it counts as taken back, follows in `streams.core.tracking.removal_reasons`.
"""

from bisect import bisect_left, insort
from operator import attrgetter
from typing import Final

from streams.core.gone import Deleted
from streams.core.subject_event import AMPLIFICATION_KINDS, SubjectEvent
from streams.core.tracking.outcome import TrackOutcome, drop
from streams.core.tracking.removal_reasons import update_removal_reasons
from streams.core.tracking.subject import (
    Gone,
    GoneEvicted,
    RetainedEngagement,
    Subject,
    SubjectState,
    TrackPolicy,
    Withdrawal,
    engagement_key,
    order,
)
from streams.core.tracking.subject_updates import note_followers

__all__ = ["apply_withdrawal", "newest_us", "remember_gone", "withdraw_if_pending"]

_identity: Final = attrgetter("at_us", "event_id", "kind", "official")


def apply_withdrawal(subject: Subject, event: SubjectEvent, policy: TrackPolicy) -> TrackOutcome:
    """An official's amplification is gone; where that has not arrived yet, the notice waits for it."""
    state = subject.state
    by = event.official
    if by is None:
        return TrackOutcome.REFUSED
    note_followers(state, event, policy)
    gone = Gone(
        Deleted(event.at_us, event.at_us if event.last_us is None else event.last_us), event.post_id, event.by_official
    )
    kept = subject.by_id.get(engagement_key(event.kind, event.event_id))
    if kept is not None and kept.kind in AMPLIFICATION_KINDS:
        return _note(kept, gone, event.observed_us) if kept.official == by.id else TrackOutcome.REFUSED
    # What waits has not been counted, also where its amplification came too late to be: it is in no total.
    for pending in state.pending:
        if (pending.event_id, pending.official) == (event.event_id, by.id):
            _note(pending, gone, event.observed_us)
            pending.at_us = min(pending.at_us, event.at_us)
            return TrackOutcome.DUPLICATE
    # A copy that is retained as less than an amplification is in no total of them either.
    amplified_us, amplification_kind = event.amplified_us, event.amplification_kind
    if kept is None and amplified_us is not None and amplification_kind is not None and state.evicted_amplifications:
        evicted = GoneEvicted(
            amplified_us,
            event.event_id,
            amplification_kind,
            by.id,
            gone=gone,
            observed_us=event.observed_us,
        )
        if order(evicted) <= state.evicted_up_to:
            return _note_evicted(state, event, evicted, gone, policy)
    withdrawal = Withdrawal(event.event_id, by.id, gone.deleted.first_us, gone, event.observed_us)
    state.pending.append(withdrawal)
    if len(state.pending) > policy.pending_withdrawals:
        state.pending.sort(key=lambda pending: (pending.at_us, pending.event_id, pending.official))
        if state.pending.pop(0) is withdrawal:
            return drop(state, event, TrackOutcome.TOO_OLD)
        state.dropped += 1
    return TrackOutcome.APPLIED


def withdraw_if_pending(state: SubjectState, kept: RetainedEngagement) -> None:
    """Note of an amplification that has just arrived that it is gone, if that came first."""
    for index, pending in enumerate(state.pending):
        if (pending.event_id, pending.official) == (kept.event_id, kept.official):
            del state.pending[index]
            if pending.gone is not None:
                _note(kept, pending.gone, pending.observed_us)
            return


def newest_us(observed_us: int | None, other_us: int | None) -> int | None:
    """The later of two times at which something was seen."""
    if observed_us is None or other_us is None:
        return other_us if observed_us is None else observed_us
    return max(observed_us, other_us)


def remember_gone(state: SubjectState, gone: GoneEvicted, policy: TrackPolicy) -> None:
    """Keep an amplification that is gone and no longer retained, as long as its removal reason may change."""
    insort(state.evicted_gone, gone, key=_identity)
    most = policy.evicted_withdrawals
    if len(state.evicted_gone) <= most + most // 4:
        return
    update_removal_reasons(state)  # as of now: that of what is forgotten stays
    while len(state.evicted_gone) > most:
        lost = state.evicted_gone.pop(0)
        state.evicted_gone_lost += 1
        if lost.counted and lost.gone is not None and lost.gone.reason is not None:
            state.lost_removal_reasons[lost.gone.reason] = state.lost_removal_reasons.get(lost.gone.reason, 0) + 1


def _note(known: RetainedEngagement | GoneEvicted | Withdrawal, gone: Gone, observed_us: int | None) -> TrackOutcome:
    """Merge what is said of one amplification."""
    was = (
        known.observed_us,
        None if known.gone is None else (known.gone.deleted, known.gone.original, known.gone.by_official),
    )
    known.observed_us = newest_us(known.observed_us, observed_us)
    if known.gone is None:
        known.gone = gone
    else:
        known.gone.deleted = known.gone.deleted.merged(gone.deleted)
        known.gone.original = known.gone.original or gone.original
        known.gone.by_official = gone.by_official  # what WATCH says last
    now = (known.observed_us, (known.gone.deleted, known.gone.original, known.gone.by_official))
    return TrackOutcome.DUPLICATE if was == now else TrackOutcome.APPLIED


def _note_evicted(
    state: SubjectState, event: SubjectEvent, evicted: GoneEvicted, gone: Gone, policy: TrackPolicy
) -> TrackOutcome:
    """Of one that is so old that it can only be part of the totals; once, whether or not it was there."""
    known = state.evicted_gone
    index = bisect_left(known, _identity(evicted), key=_identity)
    if index < len(known) and _identity(known[index]) == _identity(evicted):
        return _note(known[index], gone, evicted.observed_us)
    if state.evicted_gone_lost and index == 0:
        return drop(state, event, TrackOutcome.TOO_OLD)
    evicted.counted = _is_in_totals(state, evicted)
    remember_gone(state, evicted, policy)
    return TrackOutcome.APPLIED if evicted.counted else TrackOutcome.REFUSED


def _is_in_totals(state: SubjectState, gone: GoneEvicted) -> bool:
    """Whether the official's totals have such an amplification at that time."""
    official = state.officials.get(gone.official)
    if official is None or official.first_us is None or official.last_us is None:
        return False
    if not official.first_us <= gone.at_us <= official.last_us:
        return False  # it came too late to be counted
    total = official.retweets if gone.kind == "retweet" else official.quotes
    waiting = sum(
        each.counted and each.withdrawn_us is None and (each.kind, each.official) == (gone.kind, gone.official)
        for each in state.evicted_gone
    )
    return total > waiting
