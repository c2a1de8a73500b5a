"""Tables and progress: safe, without markup, and coloured only where people look."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from streams.cli.terminal import cell_lines, counted, progress, row, stdout, table
from tests.cli.terminal import obeyed, run


def _printed(*cells: object) -> str:
    made = table("One", "Two", right=("Two",))
    row(made, *cells)
    console = Console(file=io.StringIO(), width=400, markup=False, highlight=False, emoji=False)
    console.print(made)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_no_cell_of_a_table_holds_what_a_terminal_obeys(text: str) -> None:
    assert obeyed(_printed(text, 1)) == []
    assert obeyed(_printed(cell_lines(text, Text("safe")), 1)) == []


def test_markup_and_emoji_names_are_text(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "[red]x[/red] :bomb:" in _printed("[red]x[/red] :bomb:", 1)
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    stdout().print("[bold]y[/bold] :bomb:")
    assert out.getvalue() == "[bold]y[/bold] :bomb:\n"


def test_numbers_have_their_thousands_separated_and_nothing_is_nothing() -> None:
    last = _printed(1_234_567, None).splitlines()[-1]
    assert last.split() == ["1,234,567"]
    assert _printed(True, 1).splitlines()[-1].split() == ["True", "1"]


@pytest.mark.slow
def test_output_that_nobody_looks_at_has_no_colour() -> None:
    done = run("rules", "check")
    assert done.status == 0
    assert "critical" in done.out
    assert "\x1b" not in done.out + done.err


@pytest.mark.slow
def test_a_terminal_gets_colour_unless_it_wants_none() -> None:
    """rich takes FORCE_COLOR for a terminal; NO_COLOR is the stronger of the two."""
    coloured = run("rules", "check", env={"FORCE_COLOR": "1"})
    plain = run("rules", "check", env={"FORCE_COLOR": "1", "NO_COLOR": "1"})
    assert "\x1b[33mwarning" in coloured.out
    assert "\x1b[33m" not in plain.out
    assert "warning" in plain.out


@pytest.mark.slow
def test_a_pipe_gets_whole_rows_however_narrow_the_terminal_is_by_default() -> None:
    done = run("topics", "create", "--help")
    assert done.status == 0
    rules = run("rules", "check")
    assert max(map(len, rules.out.splitlines())) > 80
    narrow = run("rules", "check", env={"COLUMNS": "60"})
    assert max(map(len, narrow.out.splitlines())) <= 60


def test_progress_is_silent_where_there_is_no_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with progress("reading \x1b[31m", 10, unit="bytes") as advance:
        advance(5)
    assert capfd.readouterr() == ("", "")


def test_progress_on_a_terminal_goes_to_standard_error_and_leaves_nothing(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with progress("reading \x1b[31mletters", 10) as advance:
        advance(5)
    out, err = capfd.readouterr()
    assert out == ""
    assert "reading \\x1b[31mletters" in err
    assert err.endswith("\x1b[2K")  # the line is erased


def test_a_count_says_its_noun_as_people_do() -> None:
    said = [counted(number, noun) for noun in ("topic", "entry", "day") for number in (1, 2_000)]
    assert said == ["1 topic", "2,000 topics", "1 entry", "2,000 entries", "1 day", "2,000 days"]
