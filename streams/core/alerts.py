"""Alerts: a subject's episodes put into words and figures, and which of them changed since they were last sent.

States observed facts and figures, never who runs an account. Knows nothing of where alerts are sent.
"""

from datetime import date
from hashlib import blake2b, sha256

import msgspec

from streams.core.clock import from_us
from streams.core.enriched import Alert, AlertStatus, Evidence
from streams.core.episodes import episodes_of
from streams.core.figures import FigureValue
from streams.core.judge import Rulebook, timeline
from streams.core.moment import Moment
from streams.core.rules import SEVERITIES, Rule
from streams.core.subject import Episode, RuleHistory, Subject, SubjectState, TrackPolicy
from streams.core.subject_event import subject_key
from streams.events import Account

__all__ = ["alert_id", "changed_alerts"]

# What a reader of any alert wants to see, whatever its rule looks at.
_ALWAYS = (
    "age_days",
    "age_at_first_amplification_days",
    "amplifications",
    "distinct_officials",
    "distinct_states",
    "followers",
    "top_official_amplifications",
    "suspended",
)


def alert_id(rule: str, platform: str, account_id: str, episode: int) -> str:
    """32 hex digits that name the alert of a rule for a subject's n-th episode, the same wherever it is computed."""
    return sha256(f"{rule}\n{platform}:{account_id}\n{episode}".encode()).hexdigest()[:32]


def changed_alerts(subject: Subject, rules: Rulebook, policy: TrackPolicy) -> list[Alert]:
    """The alerts that are new or different since the last call; the subject must have been judged (`judge.judge`).

    Notes in the state what was sent. An alert whose episode a late event joined to an earlier one is sent as
    `retracted`, with the content of the episode it became part of.
    """
    state = subject.state
    changed: list[Alert] = []
    if not state.histories and not any(event.held for event in timeline(state, rules)):
        return changed  # by far the most subjects
    for position, rule in enumerate(rules.rules):
        history = state.histories.get(rule.name)
        episodes = episodes_of(state, rules, position)
        if not episodes and (history is None or not history.sent):
            continue
        if history is None:
            history = state.histories[rule.name] = RuleHistory()
        sent: list[int] = []
        for index, episode in enumerate(episodes):
            status: AlertStatus = "expired" if episode.closed else "firing"
            alert = _alert(state, rule, episode, history.settled + index, status, policy)
            sent.append(_content_hash(alert))
            if index >= len(history.sent) or history.sent[index] != sent[index]:
                changed.append(alert)
        gone = range(history.settled + len(episodes), history.settled + len(history.sent))
        changed += [_retracted(state, rule, episodes, ordinal, policy) for ordinal in gone]
        history.sent = sent
    return changed


def _retracted(state: SubjectState, rule: Rule, episodes: list[Episode], ordinal: int, policy: TrackPolicy) -> Alert:
    """Nothing is left of the episode itself; where nothing at all is left (a creation time that turned out
    differently), the subject's present figures stand in for it."""
    last_us = max(
        (events[-1].at_us for events in (state.amplifications, state.suspensions) if events), default=state.roster[0]
    )
    episode = episodes[-1] if episodes else Episode(last_us, last_us, SEVERITIES.index(rule.severity), state.roster[2])
    return _alert(state, rule, episode, ordinal, "retracted", policy)


def _content_hash(alert: Alert) -> int:
    """A hash of everything but the evidence, whose oldest items leave as newer events push them out."""
    content = msgspec.structs.replace(alert, evidence=())
    return int.from_bytes(blake2b(msgspec.msgpack.encode(content), digest_size=7).digest())


def _alert(
    state: SubjectState, rule: Rule, episode: Episode, ordinal: int, status: AlertStatus, policy: TrackPolicy
) -> Alert:
    moment = Moment(state, episode.last_us)
    if episode.fired_figures is None:
        episode.fired_figures = _figures(rule, Moment(state, episode.fired_us))
    if episode.figures is None:
        episode.figures = _figures(rule, moment)
    snapshot = state.snapshot
    evidence = _evidence(state, moment, policy)
    return Alert(
        id=alert_id(rule.name, state.platform, state.subject_id, ordinal),
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
        states=tuple(sorted(moment.by_state)),
        episode=ordinal,
        fired_at=from_us(episode.fired_us),
        as_of=from_us(episode.last_us),
        expires_at=from_us(episode.last_us + rule.quiet_us),
        figures=episode.figures,
        fired_figures=episode.fired_figures,
        evidence=evidence,
        evidence_total=moment.by_official.total() + sum(e.at_us <= episode.last_us for e in state.suspensions),
        summary=_summary(state, moment),
        rule_digest=rule.digest,
        roster_digest=state.digests[episode.digest],
    )


def _figures(rule: Rule, moment: Moment) -> dict[str, FigureValue]:
    looked_at = [condition.figure for condition in rule.when]
    looked_at += [condition.figure for conditions in rule.states.values() for condition in conditions]
    looked_at += [condition.figure for escalation in rule.escalations for condition in escalation.when]
    return {name: moment.figure(name) for name in dict.fromkeys((*looked_at, *_ALWAYS))}


def _evidence(state: SubjectState, moment: Moment, policy: TrackPolicy) -> tuple[Evidence, ...]:
    """The newest events up to the moment, oldest first."""
    items = [
        Evidence(event_id=k.event_id, kind=k.kind, at=from_us(k.at_us), official=k.official, source=k.source)
        for k in moment.live[-policy.evidence :]
        if k.kind in ("retweet", "quote")
    ]
    items += [
        Evidence(event_id=s.event_id, kind="suspension", at=from_us(s.at_us), official=None, source=s.source)
        for s in state.suspensions
        if s.at_us <= moment.at_us
    ]
    items.sort(key=lambda item: (item.at, item.event_id))
    return tuple(items[-policy.evidence :])


def _summary(state: SubjectState, moment: Moment) -> str:
    """One sentence of counts and dates."""
    name = f"@{state.snapshot.handle}" if state.snapshot.handle else subject_key(state.platform, state.subject_id)
    created_us = state.snapshot.created_us
    created = "" if created_us is None else f", created {_day(created_us)},"
    count = moment.by_official.total()
    officials = len(moment.by_official)
    states = ", ".join(sorted(moment.by_state))
    parts = [f"{name}{created} has no amplification that stands"]
    if count:
        by = f"{officials} official{'' if officials == 1 else 's'} of {states}"
        parts = [f"{name}{created} was amplified {_times(count)} by {by}"]
    first_us = moment.first_amplified_us()
    if first_us is not None:
        parts[0] += f" from {_day(first_us)} to {_day(moment.live[-1].at_us if moment.live else first_us)}"
    top = moment.top_official
    if top is not None:
        handle = state.officials[top[0]].handle
        parts.append(f"{_times(top[1])} by {'@' + handle if handle else 'account ' + top[0]} alone")
    suspension = next((s for s in reversed(state.suspensions) if s.at_us <= moment.at_us), None)
    if suspension is not None:
        parts.append(f"noted as {suspension.status} on {_day(suspension.at_us)}")
    return "; ".join(parts) + "."


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _day(at_us: int) -> date:
    return from_us(at_us).date()
