"""Lines of a byte stream, numbered, in bounded memory. Knows neither files nor what a line says."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from msgspec import Struct

from streams.deadletters import Reason, Rejection
from streams.formats.inputs.compression import Damaged
from streams.refusal import rejection

__all__ = ["KEPT_BYTES", "MAX_LINE_BYTES", "Line", "Unfinished", "split_lines"]

MAX_LINE_BYTES: Final = 1_048_576  # more than 200 times a large v1.1 status; as much as a Kafka record holds by default
KEPT_BYTES: Final = 65_536  # how much of a line that is too long goes on into its dead letter


class Line(Struct, frozen=True, gc=False):  # not keyword-only: one is made per line, where positions are twice as fast
    """One line without its newline (LF or CRLF); `number` counts from 1.

    A line with a `refusal` goes to no reader. It is too long, or the place where the input turned out to be damaged:
    `data` is then its first 65,536 bytes at most, and `size` and `sha256` (hexadecimal) describe the whole of it. They
    are `None` for every other line, whose `data` is the whole.
    """

    number: int
    data: bytes
    refusal: Rejection | None = None
    size: int | None = None
    sha256: str | None = None


class Unfinished:
    """The line that the blocks so far have begun: whole, or once it is too long its beginning, size and hash."""

    def __init__(self, max_line_bytes: int) -> None:
        self._max_line_bytes = max_line_bytes
        self.clear()

    def clear(self) -> None:
        self.size = 0
        self._pieces: list[bytes] = []
        self._hash: hashlib._Hash | None = None

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        if self._hash is None:
            self._pieces.append(piece)
            if self.size <= self._max_line_bytes:
                return
            piece = b"".join(self._pieces)
            self._pieces = [b""]
            self._hash = hashlib.sha256()
        self._hash.update(piece)
        kept = self._pieces[0]
        if len(kept) < KEPT_BYTES:
            self._pieces[0] = kept + piece[: KEPT_BYTES - len(kept)]

    def line(self, number: int) -> Line:
        if self._hash is None:
            return Line(number, _without_cr(b"".join(self._pieces)))
        detail = f"{self.size:,} bytes, {self._max_line_bytes:,} at most"
        return self._refused(number, rejection(Reason.TOO_LARGE, detail), self._hash)

    def damaged_line(self, number: int, detail: str) -> Line:
        whole_hash = self._hash if self._hash is not None else hashlib.sha256(b"".join(self._pieces))
        return self._refused(number, rejection(Reason.BAD_FILE, detail), whole_hash)

    def _refused(self, number: int, refusal: Rejection, whole_hash: "hashlib._Hash") -> Line:
        return Line(number, b"".join(self._pieces)[:KEPT_BYTES], refusal, self.size, whole_hash.hexdigest())


def split_lines(blocks: Iterable[bytes], *, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """The lines of the joined blocks; a last line without a newline counts.

    A line of more than `max_line_bytes` (its CR included) is never held whole. Where the blocks end in `Damaged`, the
    last item says so, with what there was of an unfinished line.
    """
    number = 0
    unfinished = Unfinished(max_line_bytes)
    try:
        for block in _cut(blocks, max_line_bytes):
            # A block is not longer than the limit, so only the line that it finishes can be.
            lines = block.split(b"\n")
            begun = lines.pop()
            if lines:
                number += 1
                unfinished.add(lines[0])
                yield unfinished.line(number)
                unfinished.clear()
                has_cr = b"\r" in block
                for data in islice(lines, 1, None):
                    number += 1
                    yield Line(number, _without_cr(data) if has_cr else data)
            unfinished.add(begun)
    except Damaged as damage:
        yield unfinished.damaged_line(number + 1, str(damage))
    else:
        if unfinished.size:
            yield unfinished.line(number + 1)


def _cut(blocks: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    for block in blocks:
        if len(block) <= max_bytes:
            yield block
        else:
            for start in range(0, len(block), max_bytes):
                yield block[start : start + max_bytes]


def _without_cr(data: bytes) -> bytes:
    return data[:-1] if data.endswith(b"\r") else data
