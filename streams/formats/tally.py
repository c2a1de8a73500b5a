"""The account of an input: what became of every line. Joins lines and a reader; no I/O of its own."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import assert_never

from msgspec import Struct, field

from streams.deadletters import Reason, Rejection
from streams.formats.lines import Line
from streams.formats.reader import FormatReader, Reading, Skipped

__all__ = ["Tally", "read_lines"]


class Tally(Struct, kw_only=True):
    """Counts of lines: `event_lines` (which held `events` events), skipped ones by name, rejected ones by reason.

    `lines` is always the sum of the three.
    """

    lines: int = 0
    event_lines: int = 0
    events: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    rejected: Counter[Reason] = field(default_factory=Counter)

    def add(self, reading: Reading) -> None:
        """Count one line."""
        self.lines += 1
        match reading:
            case tuple():
                self.event_lines += 1
                self.events += len(reading)
            case Skipped(name):
                self.skipped[name] += 1
            case Rejection(reason=reason):
                self.rejected[reason] += 1
            case _:
                assert_never(reading)


def read_lines(lines: Iterable[Line], reader: FormatReader, tally: Tally) -> Iterator[tuple[Line, Reading]]:
    """Each line and what it is, counted in `tally`. A line that was refused as a line goes to no reader."""
    for line in lines:
        reading = reader.read(line.data) if line.refusal is None else line.refusal
        tally.add(reading)
        yield line, reading
