"""What a rule says, in words that people read aloud: each condition as a phrase."""

from streams.core.clock import DAY_US, HOUR_US, SECOND_US
from streams.core.rule_files.figure_names import figure_named
from streams.core.rulebook.figures import FigureValue
from streams.core.rulebook.rules import Condition

__all__ = ["condition_words", "duration_words", "value_words"]

_UNITS = ((DAY_US, "day"), (HOUR_US, "hour"), (60 * SECOND_US, "minute"), (SECOND_US, "second"))
_HOURS_BELOW_DAYS = 2
_LARGEST = 1e15


def condition_words(condition: Condition) -> str:
    """`age of the account: at most 90 days`, from the meaning and the unit of the figure."""
    figure = figure_named(condition.figure)
    if condition.equals is not None:
        return figure.meaning if condition.equals else f"not: {figure.meaning}"
    bound, word = (condition.at_least, "at least") if condition.at_least is not None else (condition.at_most, "at most")
    if figure.unit == "of 1":
        return f"{figure.meaning}: {word} {(bound or 0.0) * 100:.10g} %"
    number = f"{bound:,.10g}" if bound is not None and bound % 1 else f"{bound:,.0f}"
    # Most meanings begin with what is counted; where one does not, the unit says it.
    unit = f" {figure.unit}" if figure.unit and not figure.meaning.startswith(figure.unit) else ""
    return f"{figure.meaning}: {word} {number}{unit}"


def duration_words(duration_us: int) -> str:
    """`7 days`, in the largest unit that divides it (µs, at least a second)."""
    for unit_us, name in _UNITS:
        if duration_us % unit_us == 0:
            count = duration_us // unit_us
            return f"{count:,} {name}{'' if count == 1 else 's'}"
    return f"{duration_us / SECOND_US:,.6g} seconds"


def value_words(name: str, value: FigureValue) -> str:
    """What a figure came to, as people say it: `5 days`, `25 %`, `1,280`, or that it is not known and why."""
    figure = figure_named(name)
    match value:
        case None:
            return f"not known: {figure.unknown}" if figure.unknown else "not known"
        case bool():
            return "yes" if value else "no"
        case _:
            return _number_words(value, figure.unit)


def _number_words(value: float, unit: str) -> str:
    if not abs(value) < _LARGEST:  # untrusted, or no number
        return "out of range"
    if unit == "of 1":
        return f"{value * 100:.0f} %"
    if unit == "days":
        return _days_words(value)
    number = f"{value:,.0f}" if value % 1 == 0 else f"{value:,.1f}"
    return f"{number} times" if unit == "times" else number


def _days_words(days: float) -> str:
    """Whole days; of less than two, hours: nobody reads `0.27 days`."""
    count, name = (round(days), "day") if abs(days) >= _HOURS_BELOW_DAYS else (round(days * 24), "hour")
    return f"{count:,} {name}{'' if count == 1 else 's'}"
