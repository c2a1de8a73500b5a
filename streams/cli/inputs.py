"""What `demo`, `backtest` and `ingest` have in common: files, formats, rosters, and showing how far it has come."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_file import MAX_ROSTER_BYTES, parse_roster
from streams.errors import InputError
from streams.printable import printable, why_unreadable

__all__ = ["LiveStages", "read_roster", "roster_bytes"]


def roster_bytes(path: str, *, or_stdin: bool = False) -> bytes:
    """What is in a roster's file, or as much of it as shows that it is too large; with `or_stdin`, `-` is standard
    input. Raises `InputError`.
    """
    try:
        if or_stdin and path == "-":
            return sys.stdin.buffer.read(MAX_ROSTER_BYTES + 1)
        with open(path, "rb") as file:
            return file.read(MAX_ROSTER_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(path)}: {why_unreadable(error)}", remedy="name a roster file (CSV)") from error


def read_roster(path: str) -> Roster:
    """The roster of a CSV file. Raises `InputError` for a missing file and `RosterError` for a wrong one."""
    return parse_roster(roster_bytes(path), path)


class LiveStages:
    """Progress on standard error: bars on a terminal, one line a stage elsewhere. A context manager."""

    def __init__(self, *, quiet: bool = False) -> None:
        console = Console(file=sys.stderr, quiet=quiet)
        self._console = console
        self._live = console.is_terminal and not quiet
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._task: TaskID | None = None
        self._most = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def stage(self, text: str) -> None:
        """Something begins."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._most = 0
        self._task = self._progress.add_task(text, total=None)
        if not self._live:
            self._console.print(text, markup=False, highlight=False)

    def ingesting(self, path: str, consumed_bytes: int, total_bytes: int | None, lines: int) -> None:
        """So much of a file has been read."""
        if self._task is not None and self._live:
            description = f"{printable(path)[-40:]}: {lines:,} lines, bytes"
            self._progress.update(self._task, description=description, completed=consumed_bytes, total=total_bytes)

    def draining(self, remaining: int) -> None:
        """So many records are still to be dealt with."""
        if self._task is not None and self._live:
            self._most = max(self._most, remaining)
            self._progress.update(self._task, completed=self._most - remaining, total=self._most)
