"""What commands print with: tables, JSON, progress. Results go to standard output, all else to standard error.

Text from outside is made safe here, and nothing is ever taken for markup.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal, NoReturn

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.cli.printed_json import printed_json
from streams.printable import printable

__all__ = ["cell_lines", "counted", "progress", "row", "stderr", "stdout", "table", "write_json"]

_PIPE_WIDTH: Final = 160  # columns where nobody says how wide the page is: rows stay whole, for grep


class _PlainConsole(Console):
    def on_broken_pipe(self) -> NoReturn:
        """How the program ends is not for rich to decide."""
        raise BrokenPipeError


def stdout() -> Console:
    """The console for results: coloured only on a terminal, and not where `NO_COLOR` is set."""
    return _console(to_stderr=False)


def stderr() -> Console:
    """The console for everything that is not a result."""
    return _console(to_stderr=True)


def _console(*, to_stderr: bool) -> Console:
    console = _PlainConsole(stderr=to_stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _PIPE_WIDTH
    return console


def table(*headings: str, right: tuple[str, ...] = ()) -> Table:
    """A table with these headings and a single rule under them; the columns named in `right` hold numbers."""
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for heading in headings:
        number = heading in right
        made.add_column(heading, justify="right" if number else "left", overflow="fold", no_wrap=number)
    return made


def row(to: Table, *cells: object, style: str = "") -> None:
    """Add a row: text made safe, numbers with their thousands separated, a `Text` as it is, nothing for `None`."""
    to.add_row(*map(_cell, cells), style=style)


def cell_lines(*parts: str | Text) -> Text:
    """A cell of several lines; empty ones are left out."""
    return Text("\n").join(_cell(part) for part in parts if part)


def _cell(value: object) -> Text:
    match value:
        case Text():
            return value
        case None:
            return Text("")
        case int() if not isinstance(value, bool):
            return Text(f"{value:,}")
        case _:
            return Text(printable(str(value)))


def counted(number: int, noun: str) -> str:
    """`1 topic`, `2 topics`, `3 entries`, `4 days`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{number:,} {noun}s"


def write_json(value: object) -> None:
    """One JSON document on standard output: all that a command with `--json` writes there."""
    sys.stdout.write(printed_json(value) + "\n")


@contextmanager
def progress(
    what: str, total: int | None = None, *, unit: Literal["bytes", "records"] = "records"
) -> Iterator[Callable[[int], None]]:
    """Show how far something is, on standard error and only where that is a terminal.

    Yields a function to be told how much is done so far. Nothing of it remains when the block ends.
    """
    console = stderr()
    if not console.is_terminal:
        yield lambda _done: None
        return
    # Imported here: most commands show none, and it takes its time.
    from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    count = DownloadColumn() if unit == "bytes" else TextColumn("{task.completed:,.0f} records")
    columns: list[Any] = [SpinnerColumn(), TextColumn("{task.description}", markup=False), count, TimeElapsedColumn()]
    if total is not None:
        columns.insert(2, BarColumn(bar_width=30))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(printable(what), total=total)
        yield lambda done: bar.update(task, completed=done)
