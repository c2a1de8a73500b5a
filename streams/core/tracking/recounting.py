"""Recounting a subject under another roster: a new state from what the evidence says, and then from what came since.

What was told stays told: the alerts that were sent, and the standings. So the next judgement takes back what does not
hold, and says what is new, on the ways there always were. What a person retracted was retracted as it was counted then:
recounted, it fires if it holds. For which States SCREEN follows the account is decided anew.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from streams.core.bounds import bounded_subject_event
from streams.core.enriched import Alert, Dossier
from streams.core.officials import Official
from streams.core.recounts import RecountOrder, engagement_name
from streams.core.subject_event import (
    AMPLIFICATION_KINDS,
    ENGAGEMENT_KINDS,
    SubjectEvent,
    decode_subject_event,
    encode_subject_event,
    subject_key,
)
from streams.core.tracking.eviction import overfull
from streams.core.tracking.followed_subjects import is_followed
from streams.core.tracking.outcome import TrackOutcome
from streams.core.tracking.recount_state import RecountUnderWay, Superseded, with_superseded
from streams.core.tracking.subject import (
    RetainedEngagement,
    RetainedSuspension,
    RuleHistory,
    Snapshot,
    Subject,
    SubjectState,
    TrackPolicy,
    engagement_key,
)
from streams.core.tracking.track import step
from streams.events import Account

__all__ = [
    "RecountOutcome",
    "Recounted",
    "RecountedSubject",
    "keep_for_recount",
    "open_recount",
    "recounted_subject",
    "under_current_roster",
]

RecountOutcome: TypeAlias = Literal["recounted", "taken_as_counted", "cannot_be_known", "given_up"]

_MOST_KEPT: Final = 1_000  # events between the announcement and the order
_MOST_KEPT_BYTES: Final = 1_000_000


class RecountedSubject(Struct, frozen=True, kw_only=True):
    """The subject as it stands now: another one, or where that could not be, the same. `taken` engagements and notices
    are not in the evidence any more and count as they were counted. `amplifications` are those that are new or by a
    changed account, to be published. `why` says what could not be. `unfollowed`: SCREEN is to follow it no more.
    """

    subject: Subject
    outcome: RecountOutcome
    taken: int = 0
    amplifications: tuple[SubjectEvent, ...] = ()
    why: str = ""
    unfollowed: bool = False


class Recounted(Struct, frozen=True, kw_only=True):
    """What a correction made of a subject: the alerts that were told, and those that stand now, by id. Dossiers are
    there where there are alerts. `was_engaged`: something was counted before.
    """

    platform: str
    subject_id: str
    order: RecountOrder
    outcome: RecountOutcome
    taken: int = 0
    why: str = ""
    was_engaged: bool = False
    alerts_before: dict[str, Alert] = {}
    alerts_after: dict[str, Alert] = {}
    dossier_before: Dossier | None = None
    dossier_after: Dossier | None = None


def open_recount(state: SubjectState, correction: str) -> None:
    """Keep what is applied from here on. A correction that is announced again begins anew."""
    if state.recounted != correction:
        state.recount = RecountUnderWay(correction)


def keep_for_recount(state: SubjectState, event: SubjectEvent) -> None:
    """Keep one event, where a correction is under way."""
    recount = state.recount
    if recount is None or recount.too_many:
        return
    recount.kept.append(encode_subject_event(event))
    if len(recount.kept) > _MOST_KEPT or sum(map(len, recount.kept)) > _MOST_KEPT_BYTES:
        recount.kept.clear()
        recount.too_many = True


def under_current_roster(superseded: Iterable[Superseded], event: SubjectEvent) -> SubjectEvent | None:
    """The event as the rosters that stand now say it; `None` where a correction has counted what is in it.

    SCREEN may be late: it reads raw events again, or a batch was under way while the roster changed. All that stands
    before the cut is in the evidence, and was counted from there.
    """
    for each in superseded:
        if not each.covers(event.roster_digest, event.source):
            continue
        concerned = event.official
        if (concerned is not None and subject_key(event.platform, concerned.id) in each.changed) or (
            subject_key(event.platform, event.subject.id) in each.changed
        ):
            return None
        event = replace(event, roster_digest=each.new_digest)
    return event


def recounted_subject(subject: Subject, order: RecountOrder, policy: TrackPolicy) -> RecountedSubject | None:
    """The subject as the order has it; `None` for an order that nobody announced, or that was carried out before."""
    old = subject.state
    under_way = old.recount
    if under_way is None or under_way.correction != order.correction:
        return None
    old.recount = None
    if order.give_up:
        return RecountedSubject(subject=subject, outcome="given_up", why=order.give_up)
    if under_way.too_many:
        why = f"more than {_MOST_KEPT:,} events came while it was counted"
        return RecountedSubject(subject=subject, outcome="given_up", why=why)
    if old.evicted_amplifications or old.evicted_contacts or old.evicted_suspensions:
        why = "it has more than is kept one by one: its totals stand as they were counted"
        return RecountedSubject(subject=subject, outcome="cannot_be_known", why=why)
    made = Subject(SubjectState(old.platform, old.subject_id, Snapshot()))
    state = made.state
    superseded = with_superseded(
        old.superseded, Superseded(order.old_digest, order.new_digest, dict(order.cut), sorted(order.changed))
    )
    published: list[SubjectEvent] = []
    kept = [under_current_roster((superseded[-1],), decode_subject_event(each)) for each in under_way.kept]
    since = [event for event in kept if event is not None]
    events = [*order.events, *since]
    bounded = [*map(bounded_subject_event, events)]
    carried = _not_in_evidence(subject, order, bounded)
    events += carried
    bounded += map(bounded_subject_event, carried)
    for event, kept_event in zip(events, bounded, strict=True):
        applied = step(made, kept_event, policy)
        if overfull(made, policy):
            why = "it has more than is kept one by one: its totals stand as they were counted"
            return RecountedSubject(subject=subject, outcome="cannot_be_known", why=why)
        if applied is TrackOutcome.APPLIED and event.kind in AMPLIFICATION_KINDS and event.official is not None:
            known = subject.by_id.get(engagement_key(event.kind, event.event_id))
            if (
                known is None
                or known.kind != event.kind
                or subject_key(event.platform, event.official.id) in order.changed
            ):
                published.append(event)
    _keep_what_was_said(old, made, carried)
    # What came since may have been told by a State that took the account for no official, as the roster of before said.
    amplified_by = _amplified_by(events)
    state.seen_since = {country: at_us for country, at_us in state.seen_since.items() if country in amplified_by}
    state.histories = {name: RuleHistory(sent=list(history.sent)) for name, history in old.histories.items()}
    state.standings, state.standing_version = dict(old.standings), old.standing_version
    follows = is_followed(state, policy)
    if follows and set(old.followed) == set(state.states):  # else SCREEN is told
        state.followed = list(old.followed)
    for place, offset in old.fences.items():
        state.fences[place] = max(offset, state.fences.get(place, offset))
    if not state.digests:  # nothing counts: what is told of that rests on the new roster
        state.digests.append(order.new_digest)
    state.recounted, state.superseded = order.correction, superseded
    return RecountedSubject(
        subject=made,
        outcome="taken_as_counted" if carried else "recounted",
        taken=len(carried),
        amplifications=tuple(published),
        unfollowed=bool(old.followed) and not follows,
    )


def _amplified_by(events: Iterable[SubjectEvent]) -> set[str]:
    """The States whose officials passed on or quoted an account that was no official."""
    return {
        event.official.country
        for event in events
        if event.kind in AMPLIFICATION_KINDS and event.official is not None and not event.subject_is_official
    }


def _not_in_evidence(subject: Subject, order: RecountOrder, evidence: Sequence[SubjectEvent]) -> list[SubjectEvent]:
    """What was counted and the evidence has no more, as far as nothing is known against it: an account that is on no
    roster at any time did not act as an official.
    """
    state = subject.state
    found: list[SubjectEvent] = []
    known = set(order.known)
    listed = {engagement_key(event.kind, event.event_id) for event in evidence if event.kind in ENGAGEMENT_KINDS}
    notices = {event.event_id for event in evidence if event.kind == "suspension"}
    for kept in (*state.amplifications, *state.contacts):
        key = engagement_key(kept.kind, kept.event_id)
        if key in listed or engagement_name(is_follow=key[0], event_id=key[1]) in known:
            continue
        if order.changed.get(subject_key(state.platform, kept.official), True):
            found.append(_event_of(state, kept, order.new_digest))
    found += [
        _notice_of(state, notice, order.new_digest) for notice in state.suspensions if notice.event_id not in notices
    ]
    return found


def _event_of(state: SubjectState, kept: RetainedEngagement, digest: str) -> SubjectEvent:
    official = state.officials[kept.official]
    return SubjectEvent(
        kind=kept.kind,
        platform=state.platform,
        event_id=kept.event_id,
        at_us=kept.at_us,
        subject=Account(id=state.subject_id, followers=kept.followers),
        source=kept.source,
        roster_digest=digest,
        subject_is_official=kept.subject_is_official,
        official=Official(id=kept.official, handle=official.handle, country=official.state, category=official.category),
        active=kept.active,
        observed_us=kept.observed_us,
    )


def _notice_of(state: SubjectState, notice: RetainedSuspension, digest: str) -> SubjectEvent:
    return SubjectEvent(
        kind="suspension",
        platform=state.platform,
        event_id=notice.event_id,
        at_us=notice.at_us,
        subject=Account(id=state.subject_id),
        source=notice.source,
        roster_digest=digest,
        subject_is_official=notice.subject_is_official,
        status=notice.status,
        precision=notice.precision,
    )


def _keep_what_was_said(old: SubjectState, made: Subject, carried: list[SubjectEvent]) -> None:
    """Of what the evidence has no more: what was said of it and of the account besides."""
    if not carried:
        return
    state = made.state
    gone = {engagement_key(kept.kind, kept.event_id): kept.gone for kept in old.amplifications}
    for event in carried:
        kept = made.by_id.get(engagement_key(event.kind, event.event_id))
        if kept is not None and kept.gone is None and kept.kind in AMPLIFICATION_KINDS:
            kept.gone = gone.get(engagement_key(event.kind, event.event_id))
    mine, other = state.snapshot, old.snapshot
    for name in ("handle", "name", "followers", "verified"):
        at = f"{name}_us"
        if getattr(other, name) is not None and getattr(other, at) > getattr(mine, at):
            setattr(mine, name, getattr(other, name))
            setattr(mine, at, getattr(other, at))
    if mine.created_us is None or (mine.created_source != "reported" and other.created_source is not None):
        mine.created_us, mine.created_source = other.created_us, other.created_source
