"""Lines of any format as a chunk: events in order, skipped ones by name, dead letters with their bytes."""

from streams.collectors.source import Chunk
from streams.formats.inputs.lines import Line
from streams.formats.reader import FormatReader, Skipped
from streams.formats.tally import parts_of
from streams.kafka.dead_letter_record import letter_of

__all__ = ["add_line"]


def add_line(chunk: Chunk, line: Line, reader: FormatReader, origin: str, offset: int) -> None:
    """Add what a line says to the chunk. `origin` and `offset` are the place that a dead letter names.

    The bytes are counted by whoever received them.
    """
    chunk.received += 1
    if line.refusal is not None:
        whole = None if line.size is None or line.sha256 is None else (line.size, line.sha256)
        chunk.letters.append(letter_of(line.refusal, line.data, origin, 0, offset, whole=whole))
        return
    for data, reading in parts_of(line.data, reader):
        match reading:
            case tuple():
                chunk.events += reading
            case Skipped(name):
                chunk.skipped[name] += 1
            case refused:
                chunk.letters.append(letter_of(refused, data, origin, 0, offset))
