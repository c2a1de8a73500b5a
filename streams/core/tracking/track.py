"""TRACK's step: one subject event changes one subject's state.

The result does not depend on the order in which events arrive, and the same event twice changes nothing, as long as
what is retained still tells them apart.
"""

from bisect import insort

from streams.core.subject_event import AMPLIFICATION_KINDS, STRENGTHS, Coordinates, SubjectEvent
from streams.core.suspension_times import more_precise
from streams.core.tracking.outcome import TrackOutcome, drop
from streams.core.tracking.own_posts import MatchingPost, OwnPosts, keep_link, keep_match
from streams.core.tracking.removal_reasons import note_original, note_sighting
from streams.core.tracking.subject import (
    RetainedEngagement,
    RetainedSuspension,
    Snapshot,
    Subject,
    SubjectState,
    TrackPolicy,
    engagement_key,
    order,
)
from streams.core.tracking.subject_updates import (
    digest_index,
    followers_of,
    judge_again_from,
    note_followers,
    publish_again,
    update_account,
    update_official,
)
from streams.core.tracking.withdrawals import apply_withdrawal, newest_us, withdraw_if_pending

__all__ = ["TrackOutcome", "new_subject", "step"]


def new_subject(event: SubjectEvent) -> Subject:
    """The empty state of the event's subject."""
    return Subject(SubjectState(event.platform, event.subject.id, Snapshot()))


def step(subject: Subject, event: SubjectEvent, policy: TrackPolicy) -> TrackOutcome:
    """Apply one event to its subject, in place.

    Nothing is pushed out here: when `eviction.overfull` says so, the caller judges, remembers what leaves, and calls
    `eviction.evict`.
    """
    kind = event.kind
    state = subject.state
    if kind == "seen_since":
        return _apply_seen_since(state, event)
    update_account(state, event)
    if kind == "profile":
        outcome = _apply_profile(state, event, policy)
    elif kind == "suspension":
        outcome = _apply_suspension(state, event, policy)
    elif kind == "withdrawal":
        outcome = apply_withdrawal(subject, event, policy)
    elif kind == "deletion":
        outcome = TrackOutcome.APPLIED if note_original(state, event, policy) else TrackOutcome.DUPLICATE
    elif kind in ("post", "text_match"):
        outcome = _apply_post(state, event, policy)
    else:
        outcome = _apply_engagement(subject, event, policy)
    _raise_fence(state, event.source, policy)
    return outcome


def _apply_seen_since(state: SubjectState, event: SubjectEvent) -> TrackOutcome:
    """WATCH's words of one State come in their order: the last one stands. They tell nothing else of the account."""
    country, since_us = event.country, event.since_us
    if country is None or since_us is None:
        return TrackOutcome.REFUSED
    if state.seen_since.get(country) == since_us:
        return TrackOutcome.DUPLICATE
    state.seen_since[country] = since_us
    return TrackOutcome.APPLIED


def _apply_engagement(subject: Subject, event: SubjectEvent, policy: TrackPolicy) -> TrackOutcome:
    state = subject.state
    official = event.official
    if official is None:
        return TrackOutcome.REFUSED
    amplifies = event.kind in AMPLIFICATION_KINDS
    kept_list = state.amplifications if amplifies else state.contacts
    key = engagement_key(event.kind, event.event_id)
    known = subject.by_id.get(key)
    if known is None and _is_too_old(state, event, amplifies=amplifies):
        return drop(state, event, TrackOutcome.TOO_OLD)
    # From every report, whichever stands: what is said of an official must not depend on which came first.
    if not update_official(state, official, event.at_us, policy):
        return drop(state, event, TrackOutcome.REFUSED)
    if amplifies and official.country not in state.states:
        insort(state.states, official.country)
    if known is not None:
        known.observed_us = newest_us(known.observed_us, event.observed_us)
        new_rank = -STRENGTHS[event.kind], event.at_us, official.id
        known_rank = -STRENGTHS[known.kind], known.at_us, known.official
        if new_rank >= known_rank:
            if new_rank == known_rank:
                _merge_reports(state, known, event)
            return TrackOutcome.DUPLICATE
        # Two reports of one event that disagree: the one that tells more stands, then the earlier one, whichever came
        # first.
        (state.amplifications if known.kind in AMPLIFICATION_KINDS else state.contacts).remove(known)
        publish_again(state)
        judge_again_from(state, known.at_us)
    kept = RetainedEngagement(
        event.at_us,
        event.event_id,
        event.kind,
        official.id,
        event.source,
        digest_index(state, event.roster_digest),
        event.subject_is_official,
        followers_of(event),
        event.active,
        observed_us=event.observed_us if known is None else known.observed_us,
    )
    if known is not None and known.official == kept.official:  # otherwise gone is what somebody did not amplify
        kept.gone, kept.withdrawn_us = known.gone, known.withdrawn_us
    if state.pending and amplifies:
        withdraw_if_pending(state, kept)
    insort(kept_list, kept, key=order)
    subject.by_id[key] = kept
    judge_again_from(state, event.at_us)
    return TrackOutcome.APPLIED


def _is_too_old(state: SubjectState, event: SubjectEvent, *, amplifies: bool) -> bool:
    """Whether an engagement may be one that is no longer retained, or a copy of it that tells less.

    An amplification whose poorer copy may have left among the contacts is one in any case. What is retained says less
    of what has left than `evicted_up_to`: a contact that turned out to be an amplification may be older.
    """
    evicted = state.evicted_amplifications > 0 and event.kind != "follow"
    if evicted and order(event) <= state.evicted_up_to:
        return True
    evicted = state.evicted_contacts > 0 and not amplifies
    return evicted and bool(state.contacts) and order(event) < order(state.contacts[0])


def _merge_reports(state: SubjectState, known: RetainedEngagement | RetainedSuspension, event: SubjectEvent) -> None:
    """The same event seen twice may be known better by one of the two: neither order may win by chance."""
    followers = followers_of(event)
    if (
        isinstance(known, RetainedEngagement)
        and followers is not None
        and (known.followers is None or followers > known.followers)
    ):
        known.followers = followers
        judge_again_from(state, known.at_us)
    if event.subject_is_official and not known.subject_is_official:
        known.subject_is_official = True
        judge_again_from(state, known.at_us)
    if isinstance(known, RetainedSuspension) and more_precise(known.precision, event.precision) != known.precision:
        known.precision = event.precision
    if event.roster_digest > state.digests[known.digest]:
        known.digest = digest_index(state, event.roster_digest)


def _apply_suspension(state: SubjectState, event: SubjectEvent, policy: TrackPolicy) -> TrackOutcome:
    if event.status is None:
        return TrackOutcome.REFUSED
    note_followers(state, event, policy)
    known = next((kept for kept in state.suspensions if kept.event_id == event.event_id), None)
    if known is not None:
        if (event.at_us, event.status) >= (known.at_us, known.status):
            if (event.at_us, event.status) == (known.at_us, known.status):
                _merge_reports(state, known, event)
            return TrackOutcome.DUPLICATE
        state.suspensions.remove(known)  # as for engagements: the earlier report stands
        publish_again(state)
    elif state.evicted_suspensions and order(event) < order(state.suspensions[0]):
        return drop(state, event, TrackOutcome.TOO_OLD)
    digest = digest_index(state, event.roster_digest)
    kept = RetainedSuspension(
        event.at_us, event.event_id, event.status, event.source, digest, event.subject_is_official
    )
    kept.precision = event.precision
    insort(state.suspensions, kept, key=order)
    judge_again_from(state, event.at_us)
    return TrackOutcome.APPLIED


def _apply_profile(state: SubjectState, event: SubjectEvent, policy: TrackPolicy) -> TrackOutcome:
    note_sighting(state, event.at_us, policy)
    if (event.at_us, followers_of(event)) in state.profiles:
        return TrackOutcome.DUPLICATE
    note_followers(state, event, policy)
    return TrackOutcome.APPLIED


def _apply_post(state: SubjectState, event: SubjectEvent, policy: TrackPolicy) -> TrackOutcome:
    """The subject posted something that links to an official domain, or whose text an official post shares."""
    note_followers(state, event, policy)
    own = OwnPosts() if state.own is None else state.own
    if event.kind == "post":
        note_sighting(state, event.at_us, policy)
        new = keep_link(own, event, policy.links)
    elif event.official is None or event.post_id is None or event.matched_us is None:
        return TrackOutcome.REFUSED
    else:
        match = MatchingPost(
            event.at_us,
            event.event_id,
            event.official.id,
            event.official.handle,
            event.post_id,
            event.matched_us,
            event.shared,
            event.of,
        )
        new = keep_match(own, match, policy.text_matches)
    if new is None:
        return drop(state, event, TrackOutcome.TOO_OLD)
    state.own = own
    return TrackOutcome.APPLIED if new else TrackOutcome.DUPLICATE


def _raise_fence(state: SubjectState, source: Coordinates, policy: TrackPolicy) -> None:
    """Without a fence an old event that is read again counts again in `dropped`, and nowhere else."""
    fence = f"{source.topic}/{source.partition}"
    known = state.fences.get(fence)
    if source.offset > (-1 if known is None else known) and (known is not None or len(state.fences) < policy.fences):
        state.fences[fence] = source.offset
