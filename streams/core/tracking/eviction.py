"""Making room: what is beyond a subject's bounds leaves the retained lists and goes into totals.

What leaves must have its place in the rules' history first (`streams.core.tracking.episodes.remember_leaving`).
"""

from typing import Final

from streams.core.clock import HOUR_US, WEEK_US
from streams.core.suspension_times import times_of
from streams.core.tracking.removal_reasons import evict_notice, note_sighting, sightings
from streams.core.tracking.subject import (
    GoneEvicted,
    RetainedEngagement,
    Subject,
    SubjectState,
    TrackPolicy,
    engagement_key,
    order,
)
from streams.core.tracking.subject_updates import DIGESTS_KEPT, forget_unused_digests, keep_report
from streams.core.tracking.suspension_periods import fold_notice
from streams.core.tracking.withdrawals import remember_gone

__all__ = ["evict", "overfull"]

# Hourly counts are kept for the longest window, 30 days, and the hour it begins in.
_HOURS_KEPT: Final = 30 * 24 + 1


def overfull(subject: Subject, policy: TrackPolicy) -> bool:
    """Whether a list is a quarter beyond its bound, so that `evict` is due: making room has a price, paid in bulk."""
    state = subject.state
    return (
        len(state.amplifications) > policy.amplifications + policy.amplifications // 4
        or len(state.contacts) > policy.contacts + policy.contacts // 4
        or len(state.suspensions) > policy.suspensions + policy.suspensions // 4
    )


def evict(subject: Subject, policy: TrackPolicy) -> None:
    """Push what is beyond the bounds out of the retained lists and into totals. `judge` folds it into history first."""
    state = subject.state
    while len(state.amplifications) > policy.amplifications:
        _evict_amplification(subject, state.amplifications.pop(0), policy)
    while len(state.contacts) > policy.contacts:
        _evict_contact(subject, state.contacts.pop(0), policy)
    if len(state.suspensions) > policy.suspensions:
        _evict_notices(state, policy)
    if state.hours:
        # No window ends before the newest of them: what is retained is later.
        horizon = max(state.hours) - _HOURS_KEPT
        for hour in [hour for hour in state.hours if hour < horizon]:
            del state.hours[hour]
    if len(state.digests) > DIGESTS_KEPT:
        forget_unused_digests(state)


def _evict_notices(state: SubjectState, policy: TrackPolicy) -> None:
    seen = sightings(state)
    times = times_of(state.suspensions, seen)
    leaving = len(state.suspensions) - policy.suspensions
    for notice, its in zip(state.suspensions[:leaving], times, strict=False):
        fold_notice(state.periods, notice, its, seen)
        evict_notice(state, notice, its.not_after_us, policy.suspensions)
    del state.suspensions[:leaving]
    state.evicted_suspensions += leaving


def _evict_engagement(subject: Subject, kept: RetainedEngagement, policy: TrackPolicy) -> SubjectState:
    state = subject.state
    del subject.by_id[engagement_key(kept.kind, kept.event_id)]
    if kept.followers is not None:
        keep_report(state, (kept.at_us, kept.followers), policy)
    return state


def _evict_amplification(subject: Subject, kept: RetainedEngagement, policy: TrackPolicy) -> None:
    state = _evict_engagement(subject, kept, policy)
    state.evicted_amplifications += 1
    state.evicted_up_to = max(state.evicted_up_to, order(kept))
    state.evicted_as_no_official += not kept.subject_is_official
    if kept.kind == "retweet" and state.suspensions:
        note_sighting(state, kept.at_us, policy)  # between which times a suspension was rests on it
    if kept.gone is not None:
        remember_gone(
            state,
            GoneEvicted(
                kept.at_us, kept.event_id, kept.kind, kept.official, kept.withdrawn_us, kept.gone, kept.observed_us
            ),
            policy,
        )
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
    week = kept.at_us // WEEK_US
    state.weeks[week] = state.weeks.get(week, 0) + 1


def _evict_contact(subject: Subject, kept: RetainedEngagement, policy: TrackPolicy) -> None:
    state = _evict_engagement(subject, kept, policy)
    state.evicted_contacts += 1
    if kept.kind == "reply":
        state.evicted_replies += 1
    elif kept.kind == "mention":
        state.evicted_mentions += 1
    else:
        official = state.officials[kept.official]
        if not (official.follows and kept.active):  # who goes on following has followed since before
            official.follow_us = kept.at_us
        official.follows = kept.active
