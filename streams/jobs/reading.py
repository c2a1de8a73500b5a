"""Files read into events: the one loop of `backtest`, `demo` and `ingest`, and the account of each file."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct, field

from streams.deadletters import Reason, Rejection
from streams.events import Event
from streams.formats.files import open_lines
from streams.formats.lines import Line
from streams.formats.reader import FormatReader
from streams.formats.tally import Tally, read_lines

__all__ = ["FileAccount", "Progress", "Refuse", "read_events", "total_tally"]

_PROGRESS_LINES: Final = 1_000

Progress = Callable[[str, int, int | None, int], None]
"""Called now and then with the path, its bytes read, its size in bytes (or `None`), and the lines so far."""

Refuse = Callable[[Line, Rejection, str], None]
"""Is told each line that was refused, why, and the file it stands in."""


class FileAccount(Struct, kw_only=True):
    """What became of the lines of one file. `breaks_off` is the line at which damage ended it, from 1."""

    path: str
    tally: Tally = field(default_factory=Tally)
    breaks_off: int | None = None


def read_events(
    paths: Sequence[str],
    reader: FormatReader,
    files: list[FileAccount],
    refuse: Refuse,
    progress: Progress | None = None,
) -> Iterator[tuple[Event, str, Line]]:
    """Every event of the files with its file and line; refused lines go to `refuse`, the account of each to `files`.

    Raises `InputError` for a file that cannot be opened, or whose ids are no ids any more; files before it are read.
    """
    lines_before = 0
    for path in paths:
        account = FileAccount(path=path)
        files.append(account)
        tally = account.tally
        with open_lines(path) as lines:
            for line, reading in read_lines(lines, reader, tally):
                if isinstance(reading, tuple):
                    for event in reading:
                        yield event, path, line
                elif isinstance(reading, Rejection):
                    if reading.reason is Reason.BAD_FILE:
                        account.breaks_off = line.number
                    refuse(line, reading, path)
                if progress is not None and line.number % _PROGRESS_LINES == 0:
                    progress(path, lines.consumed_bytes, lines.total_bytes, lines_before + tally.lines)
            lines_before += tally.lines
            if progress is not None:
                progress(path, lines.consumed_bytes, lines.total_bytes, lines_before)


def total_tally(files: Sequence[FileAccount]) -> Tally:
    """The account of all files together."""
    total = Tally()
    for tally in (file.tally for file in files):
        total.lines += tally.lines
        total.event_lines += tally.event_lines
        total.events += tally.events
        total.skipped.update(tally.skipped)
        total.rejected.update(tally.rejected)
    return total
