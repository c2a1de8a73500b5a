"""What a rule says, in words that people read aloud: each condition as a phrase."""

from streams.core.clock import DAY_US, HOUR_US, SECOND_US
from streams.core.rule_files.figure_names import figure_named
from streams.core.rulebook.rules import Condition

__all__ = ["condition_words", "duration_words"]

_UNITS = ((DAY_US, "day"), (HOUR_US, "hour"), (60 * SECOND_US, "minute"), (SECOND_US, "second"))


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
