"""A rule beside an alert: each condition in words, with its bound, what the figure came to, and how far that is off."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from streams.core.rule_files.figure_names import FIGURES, figure_named
from streams.core.rule_files.rule_words import condition_words, duration_words, value_words
from streams.core.rulebook.figures import FigureValue
from streams.core.rulebook.rules import Condition, Rule
from streams.core.tracking.judge import condition_holds, looked_at

__all__ = ["ConditionLine", "FigureLine", "JudgedValue", "RuleLines", "SeverityLines", "VariantLines", "rule_lines"]

Verdict: TypeAlias = Literal["met", "refuted", "unknown", "not recorded"]

_VERDICTS: Final[dict[bool | None, Verdict]] = {True: "met", False: "refuted", None: "unknown"}
_NAMES: Final = frozenset(name for known in FIGURES.values() for name in known)


class JudgedValue(Struct, frozen=True, kw_only=True):
    """What a figure came to at a moment, and what that says of a condition."""

    value: FigureValue
    """The figure; null where it is unknown, or the record does not have it."""
    words: str
    """The same as people say it."""
    verdict: Verdict
    """Whether the condition was met; `not recorded` where the record does not have the figure."""
    margin: float | None = None
    """How far inside the bound it is, negative outside; null for truth values and what is unknown."""
    margin_words: str = ""
    """The same in words."""


class ConditionLine(Struct, frozen=True, kw_only=True):
    """One condition of a rule."""

    figure: str
    """The name of the figure."""
    words: str
    """The condition in words."""
    bound: float | bool
    """What the figure is compared with."""
    sense: Literal["at_least", "at_most", "equals"]
    """How it is compared."""
    fired: JudgedValue
    """As of the moment at which the alert fired."""
    as_of: JudgedValue
    """As of the alert's last event."""
    asked: JudgedValue | None = None
    """As of the moment that was asked for, where one was."""


class SeverityLines(Struct, frozen=True, kw_only=True):
    """What must hold besides for a higher severity."""

    severity: str
    """That severity."""
    conditions: tuple[ConditionLine, ...]
    """All of them must hold."""


class VariantLines(Struct, frozen=True, kw_only=True):
    """What is asked instead while a State leads the amplifications."""

    country: str
    """The State."""
    in_force: bool | None
    """Whether it led as of the alert's last event; null where that is not known."""
    conditions: tuple[ConditionLine, ...]
    """All of them must hold."""


class FigureLine(Struct, frozen=True, kw_only=True):
    """A figure of the alert that no condition looks at."""

    figure: str
    """The name of the figure."""
    meaning: str
    """What it counts."""
    fired: FigureValue
    """As of the moment at which the alert fired."""
    fired_words: str
    """The same as people say it."""
    as_of: FigureValue
    """As of the alert's last event."""
    as_of_words: str
    """The same as people say it."""
    asked: FigureValue = None
    """As of the moment that was asked for; null also where none was."""
    asked_words: str = ""
    """The same as people say it."""


class RuleLines(Struct, frozen=True, kw_only=True):
    """The rule of an alert."""

    name: str
    """Its name."""
    description: str
    """What it is for, in the words of its file."""
    judged_on: str
    """A subject, or an aftermath."""
    quiet_words: str
    """How long after the last event the alert expires."""
    in_force: bool | None
    """Whether `conditions` are those that counted, and not those of a State; null where that is not known."""
    conditions: tuple[ConditionLine, ...]
    """All of them must hold."""
    variants: tuple[VariantLines, ...]
    """What is asked instead while a State leads."""
    escalations: tuple[SeverityLines, ...]
    """What makes it more severe."""
    others: tuple[FigureLine, ...]
    """The alert's other figures."""


Values: TypeAlias = Mapping[str, FigureValue]


def rule_lines(
    rule: Rule, fired: Values, as_of: Values, asked: Values | None, leading: str | None, countries: Sequence[str]
) -> RuleLines:
    """The rule with the figures at three moments; `asked` is `None` where nobody asked for a third.

    `leading` is the State that leads the amplifications, `None` where that is not known; `countries` are those that it
    can be.
    """

    def lines(conditions: Iterable[Condition]) -> tuple[ConditionLine, ...]:
        return tuple(_line(condition, fired, as_of, asked) for condition in conditions)

    def leads(country: str) -> bool | None:
        if leading is not None:
            return leading == country
        return None if country in countries else False

    variants = tuple(
        VariantLines(country=country, in_force=leads(country), conditions=lines(conditions))
        for country, conditions in sorted(rule.countries.items())
    )
    led = [variant.in_force for variant in variants]
    return RuleLines(
        name=rule.name,
        description=rule.description,
        judged_on=rule.on,
        quiet_words=duration_words(rule.quiet_us),
        in_force=False if True in led else None if None in led else True,
        conditions=lines(rule.when),
        variants=variants,
        escalations=tuple(
            SeverityLines(severity=each.severity, conditions=lines(each.when)) for each in rule.escalations
        ),
        others=other_figures(frozenset(looked_at(rule)), fired, as_of, asked),
    )


def other_figures(but: frozenset[str], fired: Values, as_of: Values, asked: Values | None) -> tuple[FigureLine, ...]:
    """The figures of an alert but for these, by name. A later version may have some that this one does not know."""
    return tuple(
        FigureLine(
            figure=name,
            meaning=figure_named(name).meaning if name in _NAMES else "",
            fired=fired.get(name),
            fired_words=_words(name, fired),
            as_of=as_of.get(name),
            as_of_words=_words(name, as_of),
            asked=None if asked is None else asked.get(name),
            asked_words="" if asked is None else _words(name, asked),
        )
        for name in sorted({*fired, *as_of} - but)
    )


def _line(condition: Condition, fired: Values, as_of: Values, asked: Values | None) -> ConditionLine:
    sense: Literal["at_least", "at_most", "equals"] = "equals"
    bound: float | bool = bool(condition.equals)
    if condition.at_least is not None:
        sense, bound = "at_least", condition.at_least
    elif condition.at_most is not None:
        sense, bound = "at_most", condition.at_most
    return ConditionLine(
        figure=condition.figure,
        words=condition_words(condition),
        bound=bound,
        sense=sense,
        fired=_judged(condition, fired),
        as_of=_judged(condition, as_of),
        asked=None if asked is None else _judged(condition, asked),
    )


def _judged(condition: Condition, values: Values) -> JudgedValue:
    name = condition.figure
    value = values.get(name)
    if name not in values:
        return JudgedValue(value=None, words="not recorded", verdict="not recorded")
    margin = _margin(condition, value)
    return JudgedValue(
        value=value,
        words=_words(name, values),
        verdict=_VERDICTS[condition_holds(condition, value)],
        margin=margin,
        margin_words="" if margin is None else _margin_words(condition, margin),
    )


def _margin(condition: Condition, value: FigureValue) -> float | None:
    if value is None or isinstance(value, bool) or condition.equals is not None:
        return None
    if condition.at_least is not None:
        return value - condition.at_least
    return None if condition.at_most is None else condition.at_most - value


def _margin_words(condition: Condition, margin: float) -> str:
    if margin == 0:
        return "exactly the bound"
    distance = value_words(condition.figure, abs(margin)).removesuffix(" times")
    if distance.endswith("%"):
        distance = f"{abs(margin) * 100:.0f} points"
    if condition.at_least is not None:
        return f"{distance} above" if margin > 0 else f"{distance} short"
    return f"{distance} below" if margin > 0 else f"{distance} over"


def _words(name: str, values: Values) -> str:
    if name not in values:
        return "not recorded"
    value = values[name]
    if name in _NAMES:
        return value_words(name, value)
    return "not known" if value is None else f"{value:,}"
