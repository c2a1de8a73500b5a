"""Why each amplification that is gone is gone, worked out again whenever what it rests on may have changed.

A retweet is gone with its original while the subject is, and once the original is deleted; a quote stands by itself. So
the result does not depend on whether deletions, notices or sightings arrive first.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Sequence

from streams.core.clock import HOUR_US, WEEK_US
from streams.core.gone import LOOK_BACK_US, Absence, RemovalReason, Sightings, absences_of, is_gone, was_gone_at
from streams.core.subject_event import SubjectEvent
from streams.core.suspension_times import latest_times
from streams.core.tracking.subject import (
    Gone,
    GoneEvicted,
    RetainedEngagement,
    RetainedSuspension,
    SubjectState,
    TrackPolicy,
)
from streams.core.tracking.subject_updates import judge_again_from, publish_again

__all__ = ["absences", "evict_notice", "note_original", "note_sighting", "sightings", "update_removal_reasons"]


def absences(state: SubjectState) -> tuple[Absence, ...]:
    """The spans for which the subject and its posts were gone, as far as is known now."""
    if not state.suspensions:
        return ()
    latest = latest_times(state.suspensions)
    notices = [
        *state.notices,
        *((at_us, is_gone(notice.status)) for at_us, notice in zip(latest, state.suspensions, strict=True)),
    ]
    return absences_of(notices, sightings(state))


def update_removal_reasons(state: SubjectState) -> None:
    """Work out why everything that is gone is gone, in place; where one changed, what rests on it is judged again."""
    concerned: list[RetainedEngagement | GoneEvicted] = [kept for kept in state.amplifications if kept.gone is not None]
    concerned += state.evicted_gone
    if not concerned:
        state.removal_reasons = dict(state.lost_removal_reasons)
        state.withdrawn = state.removal_reasons.get(RemovalReason.TAKEN_BACK, 0)
        return
    gone_spans = absences(state)
    counts = Counter[RemovalReason](state.lost_removal_reasons)
    for each in concerned:
        if each.gone is None:
            continue
        since_us = each.gone.deleted.since_us(each.observed_us)
        each.gone.reason = reason = _removal_reason(state, gone_spans, each, each.gone, since_us)
        withdrawn_us = since_us if reason is RemovalReason.TAKEN_BACK else None
        if isinstance(each, GoneEvicted):
            if not each.counted:
                continue
            if (withdrawn_us is None) is not (each.withdrawn_us is None) and not _move_totals(state, each):
                continue
        if reason is not None:
            counts[reason] += 1
        if withdrawn_us == each.withdrawn_us:
            continue
        if each.withdrawn_us is not None:
            publish_again(state)
        judge_again_from(state, min(at_us for at_us in (withdrawn_us, each.withdrawn_us) if at_us is not None))
        each.withdrawn_us = withdrawn_us
    state.removal_reasons = {reason: counts[reason] for reason in sorted(counts) if counts[reason]}
    state.withdrawn = counts[RemovalReason.TAKEN_BACK]


def note_sighting(state: SubjectState, at_us: int, policy: TrackPolicy) -> None:
    """The subject was there at a time of which nothing retained tells."""
    index = bisect_left(state.seen, at_us)
    if index < len(state.seen) and state.seen[index] == at_us:
        return
    state.seen.insert(index, at_us)
    if len(state.seen) > policy.sightings:
        del state.seen[0]


def note_original(state: SubjectState, event: SubjectEvent, policy: TrackPolicy) -> bool:
    """A post of the subject's own is gone; whether that is news."""
    if event.post_id is None:
        return False
    known_us = state.originals.get(event.post_id)
    if known_us is not None and known_us <= event.at_us:
        return False
    state.originals[event.post_id] = event.at_us
    if len(state.originals) > policy.originals:
        del state.originals[min(state.originals.items(), key=lambda item: (item[1], item[0]))[0]]
    return True


def evict_notice(state: SubjectState, notice: RetainedSuspension, latest_us: int, most: int) -> None:
    """Keep of a notice that is no longer retained when it was at the latest, and whether the account is gone."""
    insort(state.notices, (latest_us, is_gone(notice.status)))
    if len(state.notices) > most:
        del state.notices[0]


def sightings(state: SubjectState) -> Sightings:
    """When the subject was there: whoever retweets an account, or sees such a retweet, sees a post of it. A post whose
    text matched counts with the time that stands: which others WATCH tells on the way depends on what it meets first.
    """
    times = {kept.at_us for kept in state.amplifications if kept.kind == "retweet"}
    times.update(
        kept.observed_us for kept in state.amplifications if kept.kind == "retweet" and kept.observed_us is not None
    )
    own = () if state.own is None else (match.at_us for match in state.own.matches)
    return Sightings(sorted(times.union(state.seen, own)))


def _removal_reason(
    state: SubjectState,
    gone_spans: Sequence[Absence],
    each: RetainedEngagement | GoneEvicted,
    gone: Gone,
    since_us: int | None,
) -> RemovalReason | None:
    if since_us is None:
        return None
    doubts = gone.by_official is RemovalReason.UNKNOWN
    if each.kind == "retweet":
        with_account = was_gone_at(gone_spans, since_us)
        original_us = None if gone.original is None else state.originals.get(gone.original)
        if with_account or (original_us is not None and original_us <= since_us):
            return RemovalReason.WITH_ORIGINAL
        doubts = doubts or with_account is None or (original_us is not None and original_us <= since_us + LOOK_BACK_US)
    if gone.by_official is RemovalReason.WITH_OFFICIAL:
        return RemovalReason.WITH_OFFICIAL
    return RemovalReason.UNKNOWN if doubts else RemovalReason.TAKEN_BACK


def _move_totals(state: SubjectState, gone: GoneEvicted) -> bool:
    """Take a evicted amplification out of the totals, or put it back; false where there is nothing to take.

    The first and last time of its official stay: what came next to them is not known.
    """
    official = state.officials.get(gone.official)
    more = -1 if gone.withdrawn_us is None else 1
    name = "retweets" if gone.kind == "retweet" else "quotes"
    if official is None or getattr(official, name) + more < 0:
        return False
    setattr(official, name, getattr(official, name) + more)
    if not official.retweets and not official.quotes:
        official.first_us = official.last_us = None
    elif more > 0:
        official.first_us = gone.at_us if official.first_us is None else min(official.first_us, gone.at_us)
        official.last_us = gone.at_us if official.last_us is None else max(official.last_us, gone.at_us)
    for counts, key in ((state.hours, gone.at_us // HOUR_US), (state.weeks, gone.at_us // WEEK_US)):
        left = counts.get(key, 0) + more
        if left > 0:
            counts[key] = left
        else:
            counts.pop(key, None)
    return True
