"""docs/concepts.md says what the code does: figures, the example of a rule, keys and statuses."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest

from streams.core.enriched import AlertStatus
from streams.core.officials import CATEGORIES
from streams.core.rule_files.rule_file import MAX_FILE_BYTES, MAX_RULES, parse_rules
from streams.core.rulebook.figures import Figure
from streams.core.rulebook.rules import JUDGED_ON, SEVERITIES, Condition, Mode
from streams.core.tracking.subject_figures import SUBJECT_FIGURES
from streams.core.watching.aftermath_figures import AFTERMATH_FIGURES
from streams.core.watching.aftermath_records import AftermathStatus, ClosedBecause
from streams.core.watching.watch_policy import WatchPolicy

_TEXT = (Path(__file__).parents[1] / "docs" / "concepts.md").read_text(encoding="utf-8")


def _section(title: str) -> str:
    """The text under a heading, up to the next heading of the same or a higher level."""
    found = re.search(rf"^(#+) {re.escape(title)}$", _TEXT, re.MULTILINE)
    assert found, title
    rest = _TEXT[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


@pytest.mark.parametrize(
    ("title", "figures"), [("Figures", SUBJECT_FIGURES), ("Figures of an aftermath", AFTERMATH_FIGURES)]
)
def test_a_table_of_figures_is_the_list_of_figures(title: str, figures: Mapping[str, Figure]) -> None:
    """Names, types, units and meanings, in the same order."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*?) ?\| ([^|]*) \|$", _section(title), re.MULTILINE)
    assert rows == [(figure.name, figure.type, figure.unit, figure.meaning) for figure in figures.values()]


def test_the_lengths_of_a_watch_are_the_codes() -> None:
    policy = WatchPolicy()
    words = _section("Terms")
    assert f"the last {policy.ledger_days} days (`ledger_days`)" in words
    assert f"the {policy.watch_days} days (`watch_days`) after a suspension period began" in words
    assert f"The {policy.baseline_days} days before are its baseline" in words
    watch = " ".join(_section("Life of a watch").split())
    assert f"{policy.ledger_days} days, and {policy.slack_days} days of grace" in watch
    assert f"for {policy.successor_days} days." in watch
    assert f"at most {policy.successor_age_days} days, when the first did" in watch


def test_the_example_of_a_rule_is_one() -> None:
    [example] = re.findall(r"```toml\n(.*?)```", _section("Writing a rule"), re.DOTALL)
    [rule] = parse_rules(example, "docs/concepts.md").rules
    assert rule.countries["CN"] == (rule.when[0], Condition(figure="distinct_officials_7d", at_least=5.0))
    assert [escalation.severity for escalation in rule.escalations] == ["critical"]


def test_every_key_of_the_example_is_explained() -> None:
    section = _section("Writing a rule")
    explained = set(re.findall(r"^\| `\[?(?:rules\.)?([a-z]+)", section, re.MULTILINE))
    assert {"description", "on", "severity", "mode", "quiet", "when", "escalate", "countries"} <= explained


def test_the_limits_of_a_rule_file_are_the_codes() -> None:
    text = f"A file may have at most {MAX_RULES} rules and {MAX_FILE_BYTES // 10**6} MB."
    assert text in _section("Writing a rule")


def test_closed_lists_are_documented_whole() -> None:
    """Severities, modes, categories and the statuses of an alert."""
    for words, section in (
        (SEVERITIES, "Writing a rule"),
        (get_args(Mode), "Writing a rule"),
        (JUDGED_ON, "Writing a rule"),
        (CATEGORIES, "Terms"),
    ):
        assert all(f"`{word}`" in _section(section) for word in words)
    life, watch = _section("Life of an alert"), _section("Life of a watch")
    assert all(re.search(rf"\b{status}\b", life) for status in get_args(AlertStatus))
    assert all(f"`{status}`" in life + watch for status in get_args(AftermathStatus))
    assert all(f"`{because}`" in watch for because in get_args(ClosedBecause))
