"""What a rule says in words is what it says in figures."""

import re

from hypothesis import given
from hypothesis import strategies as st

from streams.core.clock import parse_duration_us
from streams.core.rule_files.rule_words import condition_words, duration_words
from streams.core.rulebook.figures import Figure
from streams.core.rulebook.rules import Condition
from streams.core.tracking.subject_figures import SUBJECT_FIGURES
from streams.core.watching.aftermath_figures import AFTERMATH_FIGURES
from streams.rules_loading import bundled_rules

_NUMBERS = [figure for figure in (*SUBJECT_FIGURES.values(), *AFTERMATH_FIGURES.values()) if figure.type == "number"]
_BOUNDS = st.integers(0, 10**12) | st.floats(0, 1e6).map(lambda bound: round(bound, 3))


@given(st.sampled_from(_NUMBERS), _BOUNDS, st.booleans())
def test_a_condition_names_figure_direction_and_bound(found: Figure, bound: float, at_least: bool) -> None:
    bound = float(min(bound, 1.0) if found.unit == "of 1" else bound)
    condition = (
        Condition(figure=found.name, at_least=bound) if at_least else Condition(figure=found.name, at_most=bound)
    )
    words = condition_words(condition)
    assert words.startswith(f"{found.meaning}: {'at least' if at_least else 'at most'} ")
    number = re.search(r": at (?:least|most) ([\d.,e+-]+)", words)
    assert number is not None
    said = float(number[1].replace(",", ""))
    assert abs(said - (bound * 100 if found.unit == "of 1" else bound)) <= 1e-6 * max(1.0, abs(said))
    assert (" %" in words) == (found.unit == "of 1")
    assert words.endswith("days") == (found.unit == "days")


def test_a_truth_value_is_said_or_denied() -> None:
    assert condition_words(Condition(figure="suspended", equals=True)) == SUBJECT_FIGURES["suspended"].meaning
    assert (
        condition_words(Condition(figure="suspended", equals=False)) == f"not: {SUBJECT_FIGURES['suspended'].meaning}"
    )


def test_every_bundled_rule_can_be_said() -> None:
    said = [condition_words(condition) for rule in bundled_rules().rules for condition in rule.when]
    assert "age of the account: at most 90 days" in said
    assert "followers, as last reported by then: at most 5,000" in said
    assert len(said) >= 13


@given(st.integers(1, 999_999), st.sampled_from("smhd"))
def test_a_duration_in_words_is_the_same_duration(number: int, unit: str) -> None:
    duration_us = parse_duration_us(f"{number}{unit}")
    count, word = duration_words(duration_us).split(" ")
    assert parse_duration_us(f"{count.replace(',', '')}{word[0]}") == duration_us
    assert (count == "1") == (not word.endswith("s"))
    assert word.removesuffix("s") in ("second", "minute", "hour", "day")
