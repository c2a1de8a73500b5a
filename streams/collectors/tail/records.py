"""The records of a file that grows: whole lines, or rows of a table under its header, as far as they are there."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from streams.collectors.tail.marks import MARK_BYTES
from streams.formats.inputs.csv_rows import MAX_HEADER_BYTES, is_header, split_rows
from streams.formats.inputs.lines import MAX_LINE_BYTES, Line, Unfinished, split_lines

__all__ = ["RecordSplitter", "header_in"]

_NUL: Final = b"\x00"


def header_in(head: bytes) -> bytes | None:
    """The header with which a table begins, its newline included; `None` for another file, or as long as it is not
    there whole. `head` is the beginning of the file.
    """
    line, newline, _ = head.partition(b"\n")
    if not newline or len(line) > MAX_HEADER_BYTES or line.lstrip()[:1] in (b"{", b"[", b""):
        return None
    return line + newline if is_header(line.rstrip(b"\r")) else None


class RecordSplitter:
    """Takes bytes as they come. `taken` is where the last record that was given ends, `tail` what stands before that
    place, as far as a mark holds it. A line longer than `MAX_LINE_BYTES` is never held whole.

    `header` is that of a table that was read up to `taken`.
    """

    def __init__(self, header: bytes | None, taken: int, tail: bytes) -> None:
        self.header = header
        self.taken = taken
        self.tail = tail
        self._rest = b""
        self._long: Unfinished | None = None
        self._long_bytes = 0
        self._long_tail = b""

    @property
    def is_between(self) -> bool:
        """Whether no record is unfinished."""
        return not self._rest and self._long is None

    def of(self, data: bytes, *, is_end: bool = False) -> Iterator[tuple[int, Line]]:
        """The records that end in what comes next, each with an offset at or before its own. At the end of the file a
        last one without a newline counts.
        """
        data, self._rest = self._rest + data, b""
        if self._long is not None:
            end_of_it, newline, data = data.partition(b"\n")
            self._lengthen(self._long, end_of_it)
            if not newline and not is_end:
                return
            yield self.taken, self._long.line(0)
            self._take(self._long_bytes + len(newline), self._long_tail + newline)
            self._long = None
        if data[:1] == _NUL:
            # A writer that does not append leaves a hole where a file was truncated.
            bare = data.lstrip(_NUL)
            hole = len(data) - len(bare)
            self._take(hole, data[:hole])
            data = bare
        if not self.taken:
            self.header = header_in(data)
        end = len(data) if is_end else self._end_of_records(data)
        if end:
            for line in self._split(data[:end]):
                yield self.taken, line
            self._take(end, data[:end])
        self._rest = data[end:]
        if len(self._rest) > MAX_LINE_BYTES:
            self._long, self._long_bytes, self._long_tail = Unfinished(MAX_LINE_BYTES), 0, b""
            self._lengthen(self._long, self._rest)
            self._rest = b""

    def _lengthen(self, long: Unfinished, data: bytes) -> None:
        long.add(data)
        self._long_bytes += len(data)
        self._long_tail = (self._long_tail + data[-MARK_BYTES:])[-MARK_BYTES:]

    def _take(self, size: int, data: bytes) -> None:
        self.taken += size
        self.tail = (self.tail + data[-MARK_BYTES:])[-MARK_BYTES:]

    def _end_of_records(self, data: bytes) -> int:
        """Behind the last newline; of a table behind the last that is not within quotes."""
        end = data.rfind(b"\n") + 1
        if self.header is None:
            return end
        last = end
        while end and data.count(b'"', 0, end) % 2:
            end = data.rfind(b"\n", 0, end - 1) + 1
        # A quote too many would keep everything back.
        return end or (last if len(data) > MAX_LINE_BYTES else 0)

    def _split(self, data: bytes) -> Iterator[Line]:
        if self.header is None:
            return split_lines([data])
        # Each is given with the header in front, which was read once.
        return split_rows([data]) if not self.taken else islice(split_rows([self.header, data]), 1, None)
