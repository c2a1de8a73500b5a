"""When rules on an aftermath hold: at which times of a watch, and with which severity."""

from collections.abc import Sequence

from streams.core.rulebook.figures import FigureValue
from streams.core.rulebook.rules import SEVERITIES, Condition, Rule
from streams.core.tracking.judge import condition_holds, looked_at
from streams.core.watching.aftermath_figures import AFTERMATH_FIGURES
from streams.core.watching.watch_figures import Happening, WatchFigures

__all__ = ["figures_at", "may_hold", "moved_by", "severity_at"]


def moved_by(rule: Rule) -> frozenset[Happening]:
    """What may start an alert of the rule, or go on with it."""
    return frozenset(AFTERMATH_FIGURES[name].moved_by for name in looked_at(rule))


def may_hold(rule: Rule, watch: WatchFigures) -> bool:
    """Whether a rule holds at any time of the watch, by what is the same at all of them."""
    constant = [each for each in _conditions(rule, watch) if AFTERMATH_FIGURES[each.figure].constant]
    return _all_hold(constant, watch, watch.watch.opened_us)


def severity_at(rule: Rule, watch: WatchFigures, at_us: int) -> int | None:
    """The severity (index into SEVERITIES) with which a rule holds at a time; `None` where it does not."""
    if not _all_hold(_conditions(rule, watch), watch, at_us):
        return None
    held = [rule.severity, *(each.severity for each in rule.escalations if _all_hold(each.when, watch, at_us))]
    return max(map(SEVERITIES.index, held))


def figures_at(watch: WatchFigures, at_us: int) -> dict[str, FigureValue]:
    """All figures of a watch at a time."""
    return {figure.name: figure.compute(watch, at_us) for figure in AFTERMATH_FIGURES.values()}


def _conditions(rule: Rule, watch: WatchFigures) -> tuple[Condition, ...]:
    return rule.countries.get(watch.watch.country, rule.when)


def _all_hold(conditions: Sequence[Condition], watch: WatchFigures, at_us: int) -> bool:
    return all(
        condition_holds(each, AFTERMATH_FIGURES[each.figure].compute(watch, at_us))
        # A count of what was seen can show that there was more, and not that there was no more.
        and (each.at_most is None or not watch.is_lower_bound(each.figure, at_us))
        for each in conditions
    )
