"""Tables as text (CSV): known by their header, cut into records where their quotes allow it, read into fields.

A record that is given on carries its header in front, so that it says everything by itself: whoever reads it keeps
nothing, and a dead letter can be read again. Knows no column's meaning.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Final, Generic, TypeVar

from msgspec import Struct

from streams.deadletters import Reason
from streams.formats.inputs.encodings import UTF8_BOM
from streams.formats.inputs.lines import MAX_LINE_BYTES, Line, split_lines
from streams.refusal import Refused

__all__ = [
    "MAX_HEADER_BYTES",
    "Plans",
    "Table",
    "fields_of",
    "is_delimiter_line",
    "is_header",
    "is_table",
    "of_width",
    "split_rows",
    "table_of",
]

MAX_HEADER_BYTES: Final = 16_384
"""Every record carries it. The widest exports that we know, of a hundred columns, have a header of 3 kB."""

_DELIMITERS: Final = (",", ";", "\t", "|")
# Made once: to make one takes as long as to read a row.
_DIALECTS: Final = {mark: csv.reader((), delimiter=mark, strict=True).dialect for mark in _DELIMITERS}
_MAX_NAME: Final = 200  # characters of a column's name
# How values begin and names of columns do not: numbers and dates, handles, JSON, markup.
_VALUE: Final = re.compile(r"[0-9@{\[<+.\-]|https?:")
# Excel says in a first line of its own what stands between the fields.
_SAYS_DELIMITER: Final = re.compile(rb"sep=[,;\t|]")
_SURELY_SHORT: Final = 131_072  # characters that `csv` takes in one field
_MAX_LINES: Final = 1_000  # of one record: the longest posts have some hundreds
_JSON: Final = b'{"'  # begins no record of a table: a quote within a field would have quotes around it

P = TypeVar("P")


class Table(Struct, frozen=True):
    """What a header says: the names of the columns, without spaces around them, and what stands between fields."""

    columns: tuple[str, ...]
    delimiter: str


class Plans(Generic[P]):
    """What is made of a header, kept for the records that follow under the same one; a refusal as well."""

    def __init__(self, make: Callable[[Table], P]) -> None:
        self._make = make
        self._latest: tuple[bytes, tuple[Table, P] | Refused] | None = None

    def of(self, header: bytes) -> tuple[Table, P]:
        """The header as a table, and what `make` makes of it. Raises `Refused`, as that does."""
        latest = self._latest
        if latest is None or latest[0] != header:
            self._latest = latest = (header, self._made(header))
        made = latest[1]
        if isinstance(made, Refused):
            raise Refused(made.reason, made.detail)
        return made

    def _made(self, header: bytes) -> tuple[Table, P] | Refused:
        try:
            table = table_of(header)
            return table, self._make(table)
        except Refused as refused:
            return refused

    def physical_rows(self, record: bytes) -> list[bytes]:
        """The lines of a record that is no row of its table, each as a record: a quote too many has joined them. Empty
        for any other record.
        """
        header, _, row = record.partition(b"\n")
        if b"\n" not in row:
            return []
        try:
            table, _ = self.of(header)
        except Refused:
            return []
        with suppress(Refused):
            if len(fields_of(row, table.delimiter)) == len(table.columns):
                return []
        return [_record(header, line) for line in row.split(b"\n")]


def is_table(head: bytes) -> bool | None:
    """Whether the beginning of a text is that of a table: a header, and a line with more than one field; `None` where
    more of it must be seen.
    """
    header, newline, rest = head.lstrip().partition(b"\n")
    if newline and is_delimiter_line(header.rstrip(b"\r")):
        header, newline, rest = rest.partition(b"\n")
    if not newline:
        return None if len(header) <= MAX_HEADER_BYTES else False
    header = header.rstrip(b"\r")
    if not is_header(header):
        return False
    row, newline, _ = rest.lstrip().partition(b"\n")
    if not newline:
        return None
    return row[:1] not in (b"{", b"[") and (table_of(header).delimiter.encode() in row or b'"' in row)


def is_header(line: bytes) -> bool:
    """Whether a line has names, two at least, as headers have, and no values."""
    if len(line) > MAX_HEADER_BYTES:
        return False
    try:
        names = [name for name in table_of(line).columns if name]
    except Refused:
        return False
    return len(names) > 1 and all(_is_name(name) for name in names)


def _is_name(name: str) -> bool:
    return len(name) <= _MAX_NAME and not _VALUE.match(name) and any(map(str.isalpha, name))


def table_of(header: bytes) -> Table:
    """The columns of a header, however they are parted. Raises `Refused` where it is no line of CSV."""
    header = header.removeprefix(UTF8_BOM)
    tables: list[Table] = []
    for delimiter in _DELIMITERS:
        if delimiter.encode() in header:
            with suppress(Refused):
                tables.append(_table(header, delimiter))
    return max(tables, key=lambda table: len(table.columns), default=None) or _table(header, ",")


def _table(header: bytes, delimiter: str) -> Table:
    return Table(tuple(name.strip() for name in fields_of(header, delimiter)), delimiter)


def fields_of(row: bytes, delimiter: str) -> list[str]:
    """The fields of one record, with the spaces around them. Raises `Refused`."""
    try:
        text = row.decode()
        if b'"' not in row and b"\r" not in row and len(row) < _SURELY_SHORT:  # a third of the time
            return text.split(delimiter)
        return next(csv.reader((text,), _DIALECTS[delimiter]))
    except UnicodeDecodeError as error:
        raise Refused(Reason.NOT_AN_EVENT, f"not UTF-8: {error.reason}") from None
    except (csv.Error, StopIteration):
        if delimiter == "\t" and "\n" not in text:
            return text.split(
                delimiter
            )  # many programs write no quotes around fields there, and those within as they are
        raise Refused(
            Reason.NOT_AN_EVENT,
            "no record of CSV: a quote that is not closed or stands in a wrong place, or a field too long",
        ) from None


def of_width(fields: list[str], width: int) -> list[str]:
    """As many fields as the header has names: spreadsheets fill rows up with empty ones. Raises `Refused`."""
    while len(fields) > width and not fields[-1].strip():
        fields.pop()
    if len(fields) != width:
        raise Refused(Reason.NOT_AN_EVENT, f"{len(fields)} fields where {width} belong")
    return fields


def is_delimiter_line(line: bytes) -> bool:
    """Whether a line is Excel's word on what stands between the fields: the header is the next one."""
    return _SAYS_DELIMITER.fullmatch(line) is not None


def split_rows(blocks: Iterable[bytes], *, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """The header, then the records of the joined blocks: each is header, newline, record, and `number` is that of the
    line on which it begins. Blank lines, and lines that are JSON, come as they are.

    A record ends with its line, unless a quoted field goes on in the next one. Where such a field is not closed within
    `max_line_bytes`, its lines are given one by one: a quote too many costs no line but its own.
    """
    header = b""
    row = _OpenRow(",")
    for line in split_lines(blocks, max_line_bytes=max_line_bytes):
        data = line.data
        if row.lines:
            if line.refusal is None and row.size_bytes + len(data) < max_line_bytes and len(row.lines) < _MAX_LINES:
                if row.is_closed_by(line):
                    yield Line(row.lines[0].number, _record(header, b"\n".join(each.data for each in row.lines)))
                    row.lines.clear()
                continue
            yield from _one_by_one(header, row)
        if not header or line.refusal is not None:
            yield line
            if line.refusal is None and is_header(data):
                header = data
                row = _OpenRow(table_of(data).delimiter)
        elif b'"' not in data or data.startswith(_JSON) or row.is_whole(data):
            yield Line(line.number, _record(header, data))
        else:
            row.begin(line)
    yield from _one_by_one(header, row)


class _OpenRow:
    """The lines of a record in which a quoted field goes on."""

    def __init__(self, delimiter: str) -> None:
        self.lines: list[Line] = []
        self.size_bytes = 0
        mark = re.escape(delimiter.encode())
        rest = rb"[^%b]*+" % mark
        inside = rb'[^"]*+(?:""[^"]*+)*+"' + rest
        more = rb'(?:%b(?:"%b|(?!")%b))*+\Z' % (mark, inside, rest)
        self.is_whole = re.compile(rb'(?:"%b|(?!")%b)%b' % (inside, rest, more), re.DOTALL).match
        self._closed_after_open = re.compile(inside + more, re.DOTALL)

    def is_closed_by(self, line: Line) -> bool:
        """Take in the next line of the record; whether the record ends with it."""
        self.size_bytes += 1 + len(line.data)
        self.lines.append(line)
        return self._closed_after_open.match(line.data) is not None

    def begin(self, line: Line) -> None:
        """The first line of a record that goes on."""
        self.size_bytes = len(line.data)
        self.lines.append(line)


def _one_by_one(header: bytes, row: _OpenRow) -> Iterator[Line]:
    for line in row.lines:
        yield Line(line.number, _record(header, line.data))
    row.lines.clear()


def _record(header: bytes, row: bytes) -> bytes:
    return row if not row or row.isspace() or row.startswith(_JSON) else header + b"\n" + row
