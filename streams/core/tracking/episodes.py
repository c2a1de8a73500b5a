"""Episodes: the spans of event time in which a rule's alert fires for a subject.

An episode begins at the first event at which the rule held and goes on while amplifications follow each other within
the rule's quiet period. An account that is back ends those of a rule that asks for its suspension, unless it is
suspended again within that period. Episodes are folded again from what is retained; only what has left is remembered.
"""

from typing import TypeAlias

from streams.core.identity import interval_start
from streams.core.rulebook.figures import FigureValue
from streams.core.rulebook.rules import Rule
from streams.core.subject_event import SubjectEventKind
from streams.core.tracking.figures_as_of import FiguresAsOf, FiguresOverTime
from streams.core.tracking.judge import Judged, Rulebook, held_severity, is_amplification, looked_at, timeline
from streams.core.tracking.subject import Episode, RuleHistory, SubjectState, TrackPolicy, order
from streams.core.tracking.subject_figures import ALWAYS_SHOWN, figure_value

__all__ = ["episodes_of", "remember_leaving", "work_out_figures"]

_Figures: TypeAlias = dict[str, FigureValue]


def episodes_of(state: SubjectState, rules: Rulebook, position: int) -> list[Episode]:
    """The episodes of the rule at `position`, oldest first, without those that ended before anything retained.

    An episode is `closed` when a later event shows that it had expired.
    """
    history = state.histories.get(rules.rules[position].name)
    if history is None and not any(event.held > 0 for event in timeline(state, rules)):
        return []
    return _fold(state, rules, position, history, None)


def remember_leaving(state: SubjectState, rules: Rulebook, policy: TrackPolicy) -> None:
    """Write into the histories what is about to leave the retained lists (`track.evict`), in place."""
    leaving: list[Judged] = [
        *state.amplifications[: max(0, len(state.amplifications) - policy.amplifications)],
        *state.contacts[: max(0, len(state.contacts) - policy.contacts)],
        *state.suspensions[: max(0, len(state.suspensions) - policy.suspensions)],
    ]
    if not leaving:
        return
    last = max(order(event) for event in leaving)
    for position, rule in enumerate(rules.rules):
        history = state.histories.get(rule.name)
        episodes = _fold(state, rules, position, history, last)
        if not episodes:
            continue
        if history is None:
            history = state.histories[rule.name] = RuleHistory()
        ended = {interval_start(episode.fired_us, rule.quiet_us) for episode in episodes if episode.closed}
        history.sent = [sent for sent in history.sent if sent.interval_us not in ended]
        history.under_way = None
        if not episodes[-1].closed:
            work_out_figures(rule, episodes[-1], FiguresOverTime(state))  # while all that they count is still there
            history.under_way = episodes[-1]
    for event in timeline(state, rules):
        if order(event) <= last:
            event.folded = True


def work_out_figures(rule: Rule, episode: Episode, over_time: FiguresOverTime) -> tuple[_Figures, _Figures]:
    """The figures of an episode as of its start and as of its last event, kept in it from then on."""
    if episode.fired_figures is None:
        episode.fired_figures = _shown(rule, over_time.at(episode.fired_us))
    if episode.figures is None:
        episode.figures = _shown(rule, over_time.at(episode.last_us))
    return episode.fired_figures, episode.figures


def _shown(rule: Rule, as_of: FiguresAsOf) -> _Figures:
    return {name: figure_value(as_of, name) for name in dict.fromkeys((*looked_at(rule), *ALWAYS_SHOWN))}


def _fold(
    state: SubjectState,
    rules: Rulebook,
    position: int,
    history: RuleHistory | None,
    until: tuple[int, str, SubjectEventKind] | None,
) -> list[Episode]:
    quiet_us = rules.rules[position].quiet_us
    triggers = rules.triggers[position]
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
            returned=under_way.returned,
        )
        episodes.append(current)
    for event in timeline(state, rules):
        if event.folded or event.kind not in triggers:
            continue
        if until is not None and order(event) > until:
            break
        if current is not None and event.at_us > current.last_us + quiet_us:
            current.closed = True
            current = None
        severity = held_severity(event, position) if event.held else None
        if current is None:
            if severity is not None:
                current = Episode(event.at_us, event.at_us, severity, event.digest)
                episodes.append(current)
            continue
        returns = severity is None and not current.returned and rules.takes_back(position, event)
        if severity is not None or returns or (is_amplification(event) and not current.returned):
            current.returned = returns
            # What is remembered of a moment ends where another event of that very moment comes.
            if event.at_us >= current.last_us:
                current.last_us, current.figures = event.at_us, None
            if event.at_us == current.fired_us:
                current.fired_figures = None
            if severity is not None and severity > current.severity:
                current.severity = severity
    return episodes
