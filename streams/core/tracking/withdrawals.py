"""Amplifications that officials took back: while they are retained, before they arrive, and after they have left.

Only whoever amplified can take it back, each amplification is taken back once, and the earliest notice counts.
"""

from bisect import bisect_left, insort
from operator import attrgetter
from typing import Final

from streams.core.clock import HOUR_US, WEEK_US
from streams.core.subject_event import AMPLIFICATION_KINDS, SubjectEvent
from streams.core.tracking.learning import judge_again_from, note_followers, tell_again
from streams.core.tracking.outcome import Outcome, drop
from streams.core.tracking.subject import (
    Kept,
    Subject,
    SubjectState,
    TakenBack,
    TrackPolicy,
    Withdrawal,
    engagement_key,
    order,
)

__all__ = ["apply_withdrawal", "remember_taken_back", "withdraw_if_pending"]

_identity: Final = attrgetter("at_us", "event_id", "kind", "official")


def apply_withdrawal(subject: Subject, event: SubjectEvent, policy: TrackPolicy) -> Outcome:
    """An official took an amplification back; where that has not arrived yet, the withdrawal waits for it."""
    state = subject.state
    by = event.official
    if by is None:
        return Outcome.REFUSED
    note_followers(state, event, policy)
    kept = subject.by_id.get(engagement_key(event.kind, event.event_id))
    if kept is not None and kept.kind in AMPLIFICATION_KINDS:
        return _withdraw(state, kept, by.id, event.at_us)
    # What waits has not been counted, also where its amplification came too late to be: it is in no total.
    for pending in state.pending:
        if (pending.event_id, pending.official) == (event.event_id, by.id):
            pending.at_us = min(pending.at_us, event.at_us)
            return Outcome.DUPLICATE
    # A copy that is retained as less than an amplification is in no total of them either.
    settled = None if kept is not None else _settled_amplification(state, event, by.id)
    if settled is not None:
        return _withdraw_settled(state, event, settled, policy)
    withdrawal = Withdrawal(event.event_id, by.id, event.at_us)
    state.pending.append(withdrawal)
    if len(state.pending) > policy.pending_withdrawals:
        state.pending.sort(key=lambda pending: (pending.at_us, pending.event_id, pending.official))
        if state.pending.pop(0) is withdrawal:
            return drop(state, event, Outcome.TOO_OLD)
        state.dropped += 1
    return Outcome.APPLIED


def withdraw_if_pending(state: SubjectState, kept: Kept) -> None:
    """Take back an amplification that has just arrived, if its withdrawal came first."""
    for index, pending in enumerate(state.pending):
        if (pending.event_id, pending.official) == (kept.event_id, kept.official):
            del state.pending[index]
            _withdraw(state, kept, pending.official, pending.at_us)
            return


def remember_taken_back(state: SubjectState, gone: TakenBack, policy: TrackPolicy) -> None:
    """Note that of an amplification which is no longer retained nothing is left to take."""
    insort(state.taken_back, gone, key=_identity)
    if len(state.taken_back) > policy.settled_withdrawals:
        del state.taken_back[0]
        state.taken_back_lost += 1


def _withdraw(state: SubjectState, kept: Kept, by: str, at_us: int) -> Outcome:
    if kept.official != by:
        return Outcome.REFUSED
    if kept.withdrawn_us is None:
        state.withdrawn += 1
    elif kept.withdrawn_us <= at_us:
        return Outcome.DUPLICATE
    else:
        tell_again(state)
    kept.withdrawn_us = at_us
    judge_again_from(state, at_us)
    return Outcome.APPLIED


def _settled_amplification(state: SubjectState, event: SubjectEvent, by: str) -> TakenBack | None:
    """The amplification that is taken back, if it is so old that it can only be part of the totals."""
    if event.amplified_us is None or event.amplification_kind is None or not state.settled_amplifications:
        return None
    gone = TakenBack(event.amplified_us, event.event_id, event.amplification_kind, by, event.at_us)
    return gone if order(gone) < order(state.amplifications[0]) else None


def _withdraw_settled(state: SubjectState, event: SubjectEvent, gone: TakenBack, policy: TrackPolicy) -> Outcome:
    """Out of the totals of whoever took it back, once, whether or not there was anything to take.

    Its first and last time stay: what came next to them is not known.
    """
    known = state.taken_back
    index = bisect_left(known, _identity(gone), key=_identity)
    if index < len(known) and _identity(known[index]) == _identity(gone):
        known[index].withdrawn_us = min(known[index].withdrawn_us, gone.withdrawn_us)
        return Outcome.DUPLICATE
    if state.taken_back_lost and index == 0:
        return drop(state, event, Outcome.TOO_OLD)
    if not _take_from_totals(state, gone):
        gone.withdrawn_us = 0
        remember_taken_back(state, gone, policy)
        return Outcome.REFUSED
    remember_taken_back(state, gone, policy)
    _count_down(state.hours, gone.at_us // HOUR_US)
    _count_down(state.weeks, gone.at_us // WEEK_US)
    state.withdrawn += 1
    judge_again_from(state, event.at_us)
    return Outcome.APPLIED


def _take_from_totals(state: SubjectState, gone: TakenBack) -> bool:
    """Whether the official's totals had such an amplification at that time."""
    official = state.officials.get(gone.official)
    if official is None or official.first_us is None or official.last_us is None:
        return False
    if not official.first_us <= gone.at_us <= official.last_us:
        return False  # it came too late to be counted
    if gone.kind == "retweet" and official.retweets:
        official.retweets -= 1
    elif gone.kind == "quote" and official.quotes:
        official.quotes -= 1
    else:
        return False
    if not official.retweets and not official.quotes:
        official.first_us = official.last_us = None
    return True


def _count_down(counts: dict[int, int], key: int) -> None:
    left = counts.get(key, 0) - 1
    if left > 0:
        counts[key] = left
    else:
        counts.pop(key, None)
