"""Judgement: at which of a subject's retained events each rule held, and with which severity.

A rule is judged at event times, never by a clock, so that the order of arrival does not matter. What follows from it
over time is `streams.core.tracking.episodes`.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from streams.core.rulebook.figures import FigureValue
from streams.core.rulebook.rules import SEVERITIES, Condition, Rule, RuleSet
from streams.core.subject_event import AMPLIFICATION_KINDS
from streams.core.tracking.figures_as_of import Evicted, FiguresAsOf
from streams.core.tracking.removal_reasons import update_removal_reasons
from streams.core.tracking.subject import NOT_JUDGED, RetainedEngagement, RetainedSuspension, SubjectState, order
from streams.core.tracking.subject_figures import SUBJECT_FIGURES, figure_value

__all__ = [
    "Judged",
    "Rulebook",
    "condition_holds",
    "held_severity",
    "is_amplification",
    "judge",
    "looked_at",
    "timeline",
]

Judged: TypeAlias = RetainedEngagement | RetainedSuspension

# Judgements are cached in an integer, two bits a rule: 0 not held, 1 to 3 held with SEVERITIES[code - 1].
_BITS: Final = 2


class Rulebook:
    """A rule set made ready: with, for each rule, the kinds of event that may start or extend its alert.

    An amplification always may; another kind may where one of the rule's figures is moved by it. Only the rules on
    subjects are taken: those on an aftermath are judged in `streams.core.watching.aftermath_alerts`.
    """

    __slots__ = ("asks_for_suspension", "contact_kinds", "digest", "names", "rules", "triggers")

    def __init__(self, rule_set: RuleSet) -> None:
        rule_set = rule_set.judged_on("subject")
        # By name: cached judgements go by position, and the digest says nothing of the order in the file.
        self.rules = tuple(sorted(rule_set.rules, key=lambda rule: rule.name))
        self.digest = rule_set.digest
        self.names = frozenset(rule.name for rule in self.rules)
        self.triggers = tuple(AMPLIFICATION_KINDS | _kinds_that_move(rule) for rule in self.rules)
        self.asks_for_suspension = tuple(_asks_for_suspension(rule) for rule in self.rules)
        self.contact_kinds = frozenset[str]().union(*self.triggers) - AMPLIFICATION_KINDS - {"suspension"}

    def takes_back(self, position: int, event: Judged) -> bool:
        """Whether the event says that the account is back, and the rule at `position` asks for a suspension."""
        is_return = isinstance(event, RetainedSuspension) and event.status == "reinstated"
        return is_return and self.asks_for_suspension[position]


def condition_holds(condition: Condition, value: FigureValue) -> bool | None:
    """Whether a condition is met; `None` while the figure is unknown: neither met nor refuted."""
    if value is None:
        return None
    if condition.equals is not None:
        return bool(value) == condition.equals
    if condition.at_least is not None:
        return value >= condition.at_least
    return condition.at_most is not None and value <= condition.at_most


def judge(state: SubjectState, rules: Rulebook) -> None:
    """Judge every retained event whose judgement is missing, in place.

    Judgements made under other rules are forgotten. An official has a dossier but no alerts: no rule holds at an event
    at whose time the subject was on the roster. What became of amplifications that are gone is worked out first.
    """
    update_removal_reasons(state)
    if state.rules_digest != rules.digest:
        state.rules_digest = rules.digest
        judged: list[Judged] = [*state.amplifications, *state.contacts, *state.suspensions]
        for event in judged:
            event.held = NOT_JUDGED
        state.histories = {name: history for name, history in state.histories.items() if name in rules.names}
    evicted: Evicted | None = None
    for event in timeline(state, rules):
        if event.held == NOT_JUDGED:
            evicted = evicted or Evicted.of(state)
            as_of = FiguresAsOf(state, event.at_us, evicted=evicted)
            event.held = 0 if event.subject_is_official else _judgement(as_of, rules)


def looked_at(rule: Rule) -> tuple[str, ...]:
    """The figures that a rule looks at: in its conditions, in those of its States and in its escalations."""
    conditions = [*rule.when]
    conditions += [condition for replaced in rule.countries.values() for condition in replaced]
    conditions += [condition for escalation in rule.escalations for condition in escalation.when]
    return tuple(dict.fromkeys(condition.figure for condition in conditions))


def held_severity(event: Judged, position: int) -> int | None:
    """The severity (index into SEVERITIES) with which the rule at `position` held at the event; `None`: it did not."""
    code = (event.held >> (_BITS * position)) & 3
    return code - 1 if code else None


def timeline(state: SubjectState, rules: Rulebook) -> Sequence[Judged]:
    """The events at whose times the rules are judged, oldest first.

    Amplifications and suspensions always; replies, mentions and follows when a rule looks at a figure they move.
    """
    if not state.suspensions and not rules.contact_kinds:
        return state.amplifications
    events: list[Judged] = [*state.amplifications, *state.suspensions]
    events += [kept for kept in state.contacts if kept.kind in rules.contact_kinds]
    events.sort(key=order)
    return events


def is_amplification(event: Judged) -> bool:
    """Whether the event is a retweet or quote."""
    return event.kind in AMPLIFICATION_KINDS


def _kinds_that_move(rule: Rule) -> set[str]:
    moved_by: set[str] = {SUBJECT_FIGURES[name].moved_by for name in looked_at(rule)}
    return moved_by - {"amplification"}


def _asks_for_suspension(rule: Rule) -> bool:
    conditions = (*rule.when, *(condition for replaced in rule.countries.values() for condition in replaced))
    return any(condition.figure == "suspended" and condition.equals for condition in conditions)


def _judgement(as_of: FiguresAsOf, rules: Rulebook) -> int:
    held = 0
    for position, rule in enumerate(rules.rules):
        severity = _severity_at(rule, as_of)
        if severity is not None:
            held |= (severity + 1) << (_BITS * position)
    return held


def _severity_at(rule: Rule, as_of: FiguresAsOf) -> int | None:
    when = rule.when
    if rule.countries:
        when = rule.countries.get(as_of.leading_country or "", when)
    if not _all_hold(when, as_of):
        return None
    severity = SEVERITIES.index(rule.severity)
    for escalation in rule.escalations:
        if _all_hold(escalation.when, as_of):
            severity = max(severity, SEVERITIES.index(escalation.severity))
    return severity


def _all_hold(conditions: Sequence[Condition], as_of: FiguresAsOf) -> bool:
    for condition in conditions:  # noqa: SIM110  # runs for each rule at each event; a generator takes twice as long
        if not condition_holds(condition, figure_value(as_of, condition.figure)):
            return False
    return True
