"""Episodes: the spans of event time in which a rule's alert fires for a subject.

An episode begins at the first event at which the rule held and goes on while amplifications follow each other within
the rule's quiet period. Episodes are folded anew from what is retained; only what has left is remembered.
"""

from streams.core.judge import Rulebook, held_severity, is_amplification, timeline
from streams.core.subject import Episode, RuleHistory, SubjectState, TrackPolicy

__all__ = ["episodes_of", "remember_leaving"]


def episodes_of(state: SubjectState, rules: Rulebook, position: int) -> list[Episode]:
    """The episodes of the rule at `position`, oldest first, without those that `RuleHistory.settled` counts.

    An episode is `closed` when a later event shows that it had expired.
    """
    history = state.histories.get(rules.rules[position].name)
    if history is None and not any(event.held > 0 for event in timeline(state, rules)):
        return []
    return _fold(state, rules, position, history, None)


def remember_leaving(state: SubjectState, rules: Rulebook, policy: TrackPolicy) -> None:
    """Write into the histories what is about to leave the retained lists (`track.settle`), in place."""
    leaving = [
        *state.amplifications[: max(0, len(state.amplifications) - policy.amplifications)],
        *state.contacts[: max(0, len(state.contacts) - policy.contacts)],
    ]
    if not leaving:
        return
    last = max((event.at_us, event.event_id) for event in leaving)
    for position, rule in enumerate(rules.rules):
        history = state.histories.get(rule.name)
        episodes = _fold(state, rules, position, history, last)
        if not episodes:
            continue
        if history is None:
            history = state.histories[rule.name] = RuleHistory()
        ended = sum(episode.closed for episode in episodes)
        history.settled += ended
        history.sent = history.sent[ended:]
        history.under_way = None if episodes[-1].closed else episodes[-1]
    for event in timeline(state, rules):
        if (event.at_us, event.event_id) <= last:
            event.folded = True


def _fold(
    state: SubjectState, rules: Rulebook, position: int, history: RuleHistory | None, until: tuple[int, str] | None
) -> list[Episode]:
    quiet_us = rules.rules[position].quiet_us
    episodes: list[Episode] = []
    current: Episode | None = None
    if history is not None and history.under_way is not None:
        under_way = history.under_way
        current = Episode(
            under_way.fired_us,
            under_way.last_us,
            under_way.severity,
            under_way.digest,
            fired_figures=under_way.fired_figures,
            figures=under_way.figures,
        )
        episodes.append(current)
    for event in timeline(state, rules):
        if event.folded or not rules.triggered_by(position, event):
            continue
        if until is not None and (event.at_us, event.event_id) > until:
            break
        if current is not None and event.at_us > current.last_us + quiet_us:
            current.closed = True
            current = None
        severity = held_severity(event, position)
        if current is None:
            if severity is not None:
                current = Episode(event.at_us, event.at_us, severity, event.digest)
                episodes.append(current)
        elif severity is not None or is_amplification(event):
            if event.at_us > current.last_us:
                current.last_us, current.figures = event.at_us, None
            current.severity = max(current.severity, severity or 0)
    return episodes
