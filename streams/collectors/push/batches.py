"""The body of a request as a chunk, and what the sender is told of it. Pure: bytes in, in bounded memory."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from msgspec import Struct, field

from streams.collectors.source import Chunk
from streams.deadletters import Rejection
from streams.errors import InputError
from streams.formats.bluesky.tap import read_message
from streams.formats.inputs.compression import MAGIC_BYTES, Damaged, decompressed
from streams.formats.inputs.lines import Line
from streams.formats.inputs.shapes import records_of
from streams.formats.reader import FormatReader, Reading, Skipped
from streams.formats.tally import Tally, read_lines
from streams.kafka.dead_letter_record import letter_of

__all__ = ["ENCODINGS", "PushAnswer", "PushBatch", "RefusedPush", "read_batch", "read_tap_message"]

ENCODINGS: Final = frozenset({"", "identity", "gzip", "zstd"})
"""How a body may be packed, by the header `Content-Encoding`."""
_MOST_NAMED: Final = 1_000


class RefusedEvent(Struct, frozen=True):
    """A record that became no event: `index` counts from 0."""

    index: int
    reason: str
    detail: str


class PushAnswer(Struct, omit_defaults=True):
    """What a sender is told. Of refused events the first 1,000 are named."""

    accepted: int
    skipped: dict[str, int]
    refused_total: int = 0
    refused: list[RefusedEvent] = field(default_factory=list)
    repeated: bool = False


class PushBatch(Struct):
    """What goes to Kafka, and what is answered when it is there."""

    chunk: Chunk
    answer: PushAnswer


class RefusedPush(Exception):  # noqa: N818 - becomes an answer
    """A body of which nothing is taken, with HTTP's status and a sentence for the sender."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(status, why)
        self.status = status
        self.why = why


def read_batch(body: bytes, encoding: str, reader: FormatReader, *, most_bytes: int, most_events: int) -> PushBatch:
    """The records of a body: lines, an array, or a table, in any encoding of text. `most_bytes` is for the body
    unpacked. Raises `RefusedPush`.
    """
    _, shape, lines = records_of(iter([_unpacked(body, encoding, most_bytes)]))
    chunk = Chunk(size=len(body))
    answer = PushAnswer(accepted=0, skipped={})
    skipped: Counter[str] = Counter()
    first = 2 if shape == "CSV rows" else 1  # a header is no record
    try:
        for line, reading in _readings(lines, reader):
            _take(chunk, answer, skipped, line, reading, line.number - first)
            if len(chunk.events) + len(chunk.letters) > most_events:
                raise RefusedPush(413, f"more than {most_events:,} events: send several batches")
    except InputError as error:
        raise RefusedPush(422, f"{error.message} {error.remedy}") from None
    if not chunk.received:
        raise RefusedPush(400, "the body is empty")
    answer.skipped = dict(skipped)
    chunk.skipped = skipped
    return PushBatch(chunk, answer)


def read_tap_message(body: bytes, came_at: datetime) -> PushBatch:
    """One message of a Tap's webhook."""
    reading, _ = read_message(body, came_at)
    chunk = Chunk(size=len(body), back_filled=int(b'"live":false' in body))
    answer = PushAnswer(accepted=0, skipped={})
    skipped: Counter[str] = Counter()
    _take(chunk, answer, skipped, Line(1, body), reading, 0)
    answer.skipped = dict(skipped)
    chunk.skipped = skipped
    return PushBatch(chunk, answer)


def _readings(lines: Iterator[Line], reader: FormatReader) -> Iterator[tuple[Line, Reading]]:
    return read_lines(lines, reader, Tally(), origin="The batch")


def _take(chunk: Chunk, answer: PushAnswer, skipped: Counter[str], line: Line, reading: Reading, index: int) -> None:
    chunk.received += 1
    match reading:
        case tuple():
            chunk.events += reading
            answer.accepted += len(reading)
        case Skipped(name):
            skipped[name] += 1
        case Rejection():
            whole = None if line.size is None or line.sha256 is None else (line.size, line.sha256)
            chunk.letters.append(letter_of(reading, line.data, "push", 0, max(0, index), whole=whole))
            answer.refused_total += 1
            if len(answer.refused) < _MOST_NAMED:
                answer.refused.append(RefusedEvent(max(0, index), reading.reason, reading.detail))


def _unpacked(body: bytes, encoding: str, most_bytes: int) -> bytes:
    if encoding in ("", "identity"):
        return body
    blocks = decompressed(body[:MAGIC_BYTES], [body])
    if blocks is None:
        raise RefusedPush(400, f"the body is not packed as {encoding}")
    parts, size = [], 0
    try:
        for block in blocks:
            size += len(block)
            if size > most_bytes:
                raise RefusedPush(413, f"more than {most_bytes:,} bytes when unpacked: send several batches")
            parts.append(block)
    except Damaged as damage:
        raise RefusedPush(400, str(damage)) from None
    return b"".join(parts)
