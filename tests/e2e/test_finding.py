"""Findings are made of what was seen and of what was not, and people can read them."""

import pytest

from tests.e2e.finding import look, table


def test_what_is_not_as_it_should_be_is_a_finding_and_a_broken_stage_is_an_error() -> None:
    def wrong() -> str:
        raise AssertionError("after 5 s still not: told")

    def broken() -> str:
        raise OSError("no such program")

    assert look("a", "A", lambda: "2.1 s").ok
    found = look("b", "B", wrong)
    assert (found.name, found.ok, found.figure) == ("b", False, "after 5 s still not: told")
    with pytest.raises(OSError, match="no such program"):
        look("c", "C", broken)


def test_the_table_has_a_row_for_each_finding_and_says_how_many_are_right() -> None:
    def wrong() -> str:
        raise AssertionError("\x1b[31mred " + "long " * 40)

    text = table([look("a", "an alert is told", lambda: "2.1 s"), look("b", "another one", wrong)])
    lines = text.splitlines()
    assert lines[2].split() == ["an", "alert", "is", "told", "2.1", "s", "yes"]
    assert lines[3].startswith("another one")
    assert lines[3].endswith("NO")
    assert lines[-1] == "1 of 2 right"
    assert "\x1b" not in text
    assert text.count("long") == 40
    assert max(map(len, lines)) < 130
