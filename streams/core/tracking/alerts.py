"""Alerts: a subject's episodes put into words and figures, and which of them changed since they were last sent.

States observed facts and figures, never who runs an account.
"""

from datetime import date
from heapq import nsmallest
from typing import Final

import msgspec

from streams.core.clock import from_us
from streams.core.content_hash import content_hash
from streams.core.enriched import ALERT_OFFICIALS, Alert, AlertOfficial, AlertStatus, Evidence
from streams.core.gone import Sightings
from streams.core.identity import alert_id, dedup_key, interval_start
from streams.core.retractions import as_retracted
from streams.core.rulebook.rules import SEVERITIES, Rule
from streams.core.subject_event import subject_key
from streams.core.suspension_times import times_of
from streams.core.suspension_words import STATUS_WORDS, days_of
from streams.core.tracking.episodes import episodes_of, work_out_figures
from streams.core.tracking.figures_as_of import FiguresAsOf, FiguresOverTime
from streams.core.tracking.judge import Rulebook, timeline
from streams.core.tracking.removal_reasons import sightings
from streams.core.tracking.retracting import retraction_of_episode
from streams.core.tracking.subject import (
    Episode,
    RetainedSuspension,
    RuleHistory,
    Sent,
    Snapshot,
    Subject,
    SubjectState,
    TrackPolicy,
)
from streams.events import Account, AccountSource

__all__ = ["changed_alerts", "sent_alert_ids", "standing_alerts"]

# What says when an account was created, in a sentence; what the platform itself reports needs no word.
_WHENCE: Final[dict[AccountSource | None, str]] = {
    "snowflake": " (from its id)",
    "directory": " (as its directory says)",
}


def changed_alerts(subject: Subject, rules: Rulebook, policy: TrackPolicy) -> list[Alert]:
    """The alerts that are new or different since the last call; the subject must have been judged (`judge.judge`).

    Notes in the state what was sent. An alert whose episode late events joined to another, or let begin in another
    interval, is sent as `retracted`, with the id and the content of the one it became part of.
    """
    state = subject.state
    changed: list[Alert] = []
    if not state.histories and not _may_fire(state, rules):
        return changed  # by far the most subjects
    over_time = FiguresOverTime(state)
    for position, rule in enumerate(rules.rules):
        history = state.histories.get(rule.name)
        episodes = episodes_of(state, rules, position)
        if not episodes and (history is None or not history.sent):
            continue
        if history is None:
            history = state.histories[rule.name] = RuleHistory()
        before = {sent.interval_us: sent for sent in history.sent}
        history.sent = []
        for episode in episodes:
            alert = _standing(over_time, rule, episode, history, policy)
            interval_us = interval_start(episode.fired_us, rule.quiet_us)
            sent = Sent(interval_us, episode.fired_us, episode.last_us, _content_hash(alert))
            history.sent.append(sent)
            known = before.pop(interval_us, None)
            if known is None or known.content != sent.content:
                changed.append(alert)
        changed += [_retracted(over_time, rule, episodes, gone, history, policy) for gone in before.values()]
    return changed


def standing_alerts(subject: Subject, rules: Rulebook, policy: TrackPolicy) -> dict[str, Alert]:
    """The alerts of a judged subject as they are now, by id; whether they were sent is not asked, and nothing noted."""
    found: dict[str, Alert] = {}
    if not _may_fire(subject.state, rules):
        return found
    over_time = FiguresOverTime(subject.state)
    for position, rule in enumerate(rules.rules):
        for episode in episodes_of(subject.state, rules, position):
            history = subject.state.histories.get(rule.name) or RuleHistory()
            alert = _standing(over_time, rule, episode, history, policy)
            found[alert.id] = alert
    return found


def _may_fire(state: SubjectState, rules: Rulebook) -> bool:
    """Whether any rule has an episode: one that crosses the horizon of what is retained, or one of an event."""
    under_way = any(history.under_way is not None for history in state.histories.values())
    return under_way or any(event.held for event in timeline(state, rules))


def sent_alert_ids(state: SubjectState, rules: Rulebook) -> frozenset[str]:
    """The ids of the alerts that were sent and are remembered."""
    return frozenset(
        _id(state, rule, sent.interval_us)
        for rule in rules.rules
        if (history := state.histories.get(rule.name)) is not None
        for sent in history.sent
    )


def _standing(
    over_time: FiguresOverTime, rule: Rule, episode: Episode, history: RuleHistory, policy: TrackPolicy
) -> Alert:
    """The alert of an episode as it is by now: retracted, where a person did that and it is no more severe since."""
    status: AlertStatus = "expired" if episode.closed or episode.returned else "firing"
    alert = _alert(over_time, rule, episode, interval_start(episode.fired_us, rule.quiet_us), status, policy)
    retraction = retraction_of_episode(history, episode, rule.quiet_us)
    return alert if retraction is None or not retraction.holds(alert) else as_retracted(alert, retraction)


def _retracted(
    over_time: FiguresOverTime,
    rule: Rule,
    episodes: list[Episode],
    gone: Sent,
    history: RuleHistory,
    policy: TrackPolicy,
) -> Alert:
    """What takes an alert back. It became part of the newest episode that it does not stand apart from; where there is
    none (a creation time that turned out differently), the subject's present figures stand in for it."""
    state = over_time.state
    for episode in reversed(episodes):
        if episode.fired_us <= gone.last_us + rule.quiet_us and gone.fired_us <= episode.last_us + rule.quiet_us:
            taken_back = _alert(over_time, rule, episode, gone.interval_us, "retracted", policy)
            retraction = retraction_of_episode(history, episode, rule.quiet_us)
            if retraction is not None and retraction.holds(taken_back):
                return as_retracted(taken_back, retraction)  # what it became part of does not fire: nothing goes on
            successor = _id(state, rule, interval_start(episode.fired_us, rule.quiet_us))
            return msgspec.structs.replace(taken_back, superseded_by=successor)
    last_us = max(
        (events[-1].at_us for events in (state.amplifications, state.suspensions) if events), default=state.roster[0]
    )
    stand_in = Episode(last_us, last_us, SEVERITIES.index(rule.severity), state.roster[2])
    return _alert(over_time, rule, stand_in, gone.interval_us, "retracted", policy)


def _id(state: SubjectState, rule: Rule, interval_us: int) -> str:
    return alert_id(rule.name, subject_key(state.platform, state.subject_id), interval_us)


def _content_hash(alert: Alert) -> int:
    """A hash of everything but the evidence, whose oldest items leave as newer events push them out."""
    return content_hash(msgspec.structs.replace(alert, evidence=()))


def _alert(
    over_time: FiguresOverTime, rule: Rule, episode: Episode, interval_us: int, status: AlertStatus, policy: TrackPolicy
) -> Alert:
    state = over_time.state
    as_of = over_time.at(episode.last_us)
    fired_figures, figures = work_out_figures(rule, episode, over_time)
    snapshot = state.snapshot
    return Alert(
        id=_id(state, rule, interval_us),
        dedup_key=dedup_key(rule.name, subject_key(state.platform, state.subject_id)),
        rule=rule.name,
        severity=SEVERITIES[episode.severity],
        mode=rule.mode,
        status=status,
        platform=state.platform,
        subject=Account(
            id=state.subject_id,
            handle=snapshot.handle,
            name=snapshot.name,
            created_at=None if snapshot.created_us is None else from_us(snapshot.created_us),
            created_at_source=snapshot.created_source,
        ),
        countries=tuple(sorted(as_of.by_country)),
        fired_at=from_us(episode.fired_us),
        as_of=from_us(episode.last_us),
        expires_at=from_us(episode.last_us if episode.returned else episode.last_us + rule.quiet_us),
        figures=figures,
        fired_figures=fired_figures,
        evidence=_evidence(state, as_of, policy),
        evidence_total=state.evicted_amplifications
        + state.evicted_suspensions
        + len(as_of.retained)
        + len(_notices(state, as_of)),
        summary=_summary(state, as_of),
        rule_digest=rule.digest,
        roster_digest=state.digests[episode.digest],
        dropped_amplifications=state.dropped_amplifications,
        officials=_officials(state, as_of),
        officials_total=len(as_of.by_official),
    )


def _officials(state: SubjectState, as_of: FiguresAsOf) -> tuple[AlertOfficial, ...]:
    """Those that amplified the subject most; of equals the one with the smallest id."""
    most = nsmallest(ALERT_OFFICIALS, as_of.by_official.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        AlertOfficial(
            id=official_id,
            handle=state.officials[official_id].handle,
            country=state.officials[official_id].state,
            amplifications=count,
        )
        for official_id, count in most
    )


def _notices(state: SubjectState, as_of: FiguresAsOf) -> list[RetainedSuspension]:
    return [notice for notice in state.suspensions if notice.at_us <= as_of.at_us]


def _evidence(state: SubjectState, as_of: FiguresAsOf, policy: TrackPolicy) -> tuple[Evidence, ...]:
    """The newest events up to the moment, oldest first. What was taken back is still evidence, and says so."""
    items = [
        Evidence(
            event_id=kept.event_id,
            kind=kept.kind,
            at=from_us(kept.at_us),
            official=kept.official,
            source=kept.source,
            withdrawn_at=None
            if kept.withdrawn_us is None or kept.withdrawn_us > as_of.known_us
            else from_us(kept.withdrawn_us),
        )
        for kept in as_of.retained[-policy.evidence :]
        if kept.kind in ("retweet", "quote")
    ]
    items += [
        Evidence(
            event_id=notice.event_id, kind="suspension", at=from_us(notice.at_us), official=None, source=notice.source
        )
        for notice in _notices(state, as_of)
    ]
    items.sort(key=lambda item: (item.at, item.event_id, item.kind))
    return tuple(items[-policy.evidence :])


def _summary(state: SubjectState, as_of: FiguresAsOf) -> str:
    """One sentence of counts and dates."""
    name = f"@{state.snapshot.handle}" if state.snapshot.handle else subject_key(state.platform, state.subject_id)
    created = _created(state.snapshot)
    count = as_of.by_official.total()
    officials = len(as_of.by_official)
    states = ", ".join(sorted(as_of.by_country))
    parts = [f"{name}{created} has no amplification that stands"]
    if count:
        by = f"{officials} official{'' if officials == 1 else 's'} of {states}"
        least = "at least " if state.dropped_amplifications else ""
        parts = [f"{name}{created} was amplified {least}{_times(count)} by {by}"]
    first_us, last_us = as_of.first_amplified_us(), as_of.last_amplified_us()
    if first_us is not None and last_us is not None:
        parts[0] += f" from {_day(first_us)} to {_day(last_us)}"
    top = as_of.top_official
    if top is not None:
        handle = state.officials[top[0]].handle
        parts.append(f"{_times(top[1])} by {'@' + handle if handle else 'account ' + top[0]} alone")
    notices = _notices(state, as_of)
    if notices:
        parts.append(_noted(notices, sightings(state), as_of.at_us, was_gone=state.evicted_suspensions > 0))
    dropped = state.dropped_amplifications
    if dropped:
        parts.append(f"{dropped} more report{'' if dropped == 1 else 's'} came too late, or by too many, to be counted")
    return "; ".join(parts) + "."


def _created(snapshot: Snapshot) -> str:
    """When the account was created and what says so: most of the rules rest on it."""
    if snapshot.created_us is None:
        return ""
    return f", created {_day(snapshot.created_us)}{_WHENCE.get(snapshot.created_source, '')},"


def _noted(notices: list[RetainedSuspension], seen: Sightings, at_us: int, *, was_gone: bool) -> str:
    """What the last notice by a moment says, with what was seen by then. `was_gone`: notices before these said that it
    was. A network that tells the status of every account tells it also of those that were never gone.
    """
    notice, times = notices[-1], times_of(notices, seen.until(at_us))[-1]
    days = days_of(
        notice.precision,
        None if times.not_before_us is None else from_us(times.not_before_us),
        from_us(times.not_after_us),
        None if times.seen_again_us is None else from_us(times.seen_again_us),
    )
    if notice.status == "reinstated":
        if was_gone or any(each.status != "reinstated" for each in notices):
            return f"the account is back since {days}"
        return f"noted as there on {days}, and never as gone"
    return f"noted as {STATUS_WORDS[notice.status]} on {days}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _day(at_us: int) -> date:
    return from_us(at_us).date()
