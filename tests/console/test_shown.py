"""Text from outside: within its line, whatever it is made of."""

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.console.shown import MOST_MARKS, shown


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("\u0300\u0e47\u20dd\u202e\u2066\u200b\n\t")))
def test_no_letter_has_more_marks_than_fit(text: str) -> None:
    """None twice, and nothing steers the direction of writing."""
    marks: list[str] = []
    for char in shown(text):
        marks = [*marks, char] if category(char) in ("Mn", "Me") else []
        assert len(marks) <= MOST_MARKS
        assert len(marks) == len(set(marks))
        assert category(char) not in ("Cc", "Cf", "Zl", "Zp") or char in "\u200c\u200d"


@pytest.mark.parametrize("text", ["می‌خواهم", "שָׁלוֹם", "ngữ", "क्षि", "กี่", "e\u0301"])
def test_scripts_with_marks_are_shown_as_they_are(text: str) -> None:
    """Persian with its joiners, Hebrew with vowels, Vietnamese, Hindi, Thai."""
    assert shown(text) == text


def test_marks_beyond_those_are_counted() -> None:
    """It is to be seen that there is more."""
    assert shown("a" + "\u0301\u0300" * 3 + "b\u0301") == "a\u0301\u0300[+4 marks]b\u0301"
    assert shown("ก" + "็" * 80) == "ก็[+79 marks]"
