"""What pages say of rules that hold by chance is what the documentation has measured."""

import re
from pathlib import Path

import pytest

from streams.console.pages.chance import CHANCE
from streams.rules_loading import bundled_rules

_CONCEPTS = (Path(__file__).parents[3] / "docs" / "concepts.md").read_text()


@pytest.mark.parametrize("rule", CHANCE)
def test_every_number_stands_in_the_documentation(rule: str) -> None:
    """In the section about it; and the rule is one of the bundled ones on an aftermath."""
    section = " ".join(_CONCEPTS.partition("### How often rules on an aftermath hold by chance")[2].split())
    numbers = re.findall(r"\d[\d,.]*\d %|\d+,\d{3}|\b\d{2,}\b", " ".join([*CHANCE[rule].rates, CHANCE[rule].note]))
    assert numbers
    for number in numbers:
        assert number in section, number
    assert [each.on for each in bundled_rules().rules if each.name == rule] == ["aftermath"]
