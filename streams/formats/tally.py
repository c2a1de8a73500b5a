"""The account of an input: what became of every line. Joins lines and a reader; no I/O of its own."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, assert_never

from msgspec import Struct, field

from streams.core.rounded_ids import IdEvidence
from streams.deadletters import Reason, Rejection
from streams.errors import InputError
from streams.formats.inputs.encodings import UTF8_BOM
from streams.formats.inputs.json_values import split_values
from streams.formats.inputs.lines import Line
from streams.formats.reader import FormatReader, Reading, Skipped
from streams.printable import printable

__all__ = ["Tally", "parts_of", "read_lines", "readings_of"]

_AHEAD_LINES: Final = 1_000
_AHEAD_BYTES: Final = 4_000_000
_DEEPEST: Final = 3  # a page within an envelope within a line of several values
_WITHOUT_ANY: Final = 20  # lines without a long id: other platforms have none, and who pipes them in waits for nothing


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


def read_lines(
    lines: Iterable[Line], reader: FormatReader, tally: Tally, *, origin: str = "The input"
) -> Iterator[tuple[Line, Reading]]:
    """Each line and what it is, counted in `tally`. A line that was refused as a line goes to no reader; of one that
    wraps several messages each counts as a line. `origin` is what an error calls the lines.

    Looks ahead until it knows whether the file's ids went through floating point, at most 1,000 lines or 4 MB. Raises
    `InputError` where those that stand there as digits did: the whole file is of no use then.
    """
    lines = iter(lines)
    numbers, texts = IdEvidence(), IdEvidence()
    ahead: list[Line] = []
    size_bytes = 0
    for line in lines:
        ahead.append(line)
        size_bytes += len(line.data)
        if line.refusal is None:
            reader.ids_in(line.data, numbers, texts)
        are_decided = numbers.is_decided and texts.is_decided
        has_none = len(ahead) >= _WITHOUT_ANY and not numbers.has_any and not texts.has_any
        if are_decided or has_none or len(ahead) >= _AHEAD_LINES or size_bytes >= _AHEAD_BYTES:
            break
    if texts.verdict == "rounded":
        raise InputError(
            f"{printable(origin)}: the ids went through floating point or a spreadsheet and are no ids any more, "
            f"such as {', '.join(texts.examples)}.",
            remedy="Export them again as text.",
        )
    reader = reader.of_file(numbers.verdict)
    for line in chain(ahead, lines):
        reading = reader.read(line.data) if line.refusal is None else line.refusal
        if isinstance(reading, Rejection) and line.refusal is None:
            for data, part in _read_apart(line.data, reading, reader):
                tally.add(part)
                yield Line(line.number, data), part
            continue
        tally.add(reading)
        yield line, reading


def parts_of(data: bytes, reader: FormatReader) -> Iterator[tuple[bytes, Reading]]:
    """What a line is, message by message where it holds several, each with its bytes."""
    reading = reader.read(data)
    if isinstance(reading, Rejection):
        yield from _read_apart(data, reading, reader)
    else:
        yield data, reading


def readings_of(data: bytes, reader: FormatReader) -> Iterator[Reading]:
    """What a line is, message by message where it holds several."""
    for _, reading in parts_of(data, reader):
        yield reading


def _read_apart(
    data: bytes, refused: Rejection, reader: FormatReader, depth: int = 0
) -> Iterator[tuple[bytes, Reading]]:
    """A line that the reader refuses, as what it holds: messages that it wraps, several values with nothing between
    them, what follows a byte order mark; or just as it is.
    """
    parts = reader.parts(data) or _joined(data)
    if not parts or depth == _DEEPEST:
        yield data, refused
        return
    for part in parts:
        reading = reader.read(part)
        if isinstance(reading, Rejection):
            yield from _read_apart(part, reading, reader, depth + 1)
        else:
            yield part, reading


def _joined(data: bytes) -> list[bytes]:
    """What files leave in one line that were joined: values with nothing between them, and byte order marks."""
    if data.startswith(UTF8_BOM):
        return [data[len(UTF8_BOM) :]]
    if data[:1] != b"{":
        return []
    values: list[bytes] = []
    for value in split_values([data]):
        if value.refusal is not None:
            continue
        if value.data[:1] != b"{":
            return []  # not joined records, and perhaps a million of such values
        values.append(value.data)
    return values if len(values) > 1 else []
