"""Files of enriched records: CSV for spreadsheets, NDJSON as on the topic, Parquet for analysis. Written whole or not.

A cell of CSV is never a formula: see `defused`.
"""

import csv
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from streams.core.enriched_topics import EnrichedTopic
from streams.core.flattened import Cell, Column, columns_of, row_of
from streams.errors import ConfigurationError, InputError
from streams.printable import printable

__all__ = [
    "FORMATS",
    "TableFormat",
    "Writer",
    "csv_parts",
    "defused",
    "ndjson_parts",
    "require_format",
    "written_whole",
]

TableFormat: TypeAlias = Literal["csv", "ndjson", "parquet"]
FORMATS: Final[tuple[TableFormat, ...]] = ("csv", "ndjson", "parquet")

Writer: TypeAlias = Callable[[Iterable[bytes]], int]
"""Writes the values of records, in their order, and says how many."""

_BOM: Final = "\ufeff"  # without it Excel takes UTF-8 for the code page of its machine
_PART: Final = 65_536  # characters of a file that are made at once
# What a spreadsheet takes for the beginning of a formula, also in full width, and what some of them skip before one.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'")
_ROWS: Final = 10_000  # of one row group: some 20 MB of the largest records


def defused(text: str) -> str:
    """The text with `'` before it where a spreadsheet would take it for a formula, or where it begins with `'` itself:
    so it can be taken away again without doubt.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def require_format(file_format: TableFormat) -> None:
    """Raises `ConfigurationError` where the format needs what is not installed."""
    if file_format == "parquet":
        _pyarrow()


def csv_parts(record: type[Struct], rows: Iterable[Struct]) -> Iterator[bytes]:
    """The records as CSV with a first line, piece by piece: UTF-8 with a byte order mark."""
    columns = columns_of(record)
    text = StringIO(newline="")
    writer = csv.writer(text)
    text.write(_BOM)
    writer.writerow([column.name for column in columns])
    for row in rows:
        writer.writerow([_csv_cell(cell) for cell in row_of(columns, row)])
        if text.tell() >= _PART:
            yield text.getvalue().encode("utf-8", "backslashreplace")
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode("utf-8", "backslashreplace")


def ndjson_parts(rows: Iterable[Struct]) -> Iterator[bytes]:
    """The records as JSON, one a line, piece by piece; nothing for no records."""
    part = bytearray()
    for row in rows:
        part += msgspec.json.encode(row) + b"\n"
        if len(part) >= _PART:
            yield bytes(part)
            part.clear()
    if part:
        yield bytes(part)


@contextmanager
def written_whole(path: Path, topic: EnrichedTopic, file_format: TableFormat) -> Iterator[Writer]:
    """A writer for the block. The file has its name once the block ends well; before, and after an error, what stood
    there is as it was. Raises `InputError` where it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}-{secrets.token_hex(8)}.unfinished")
    try:
        with unfinished.open("xb") as file:

            def write(values: Iterable[bytes]) -> int:
                match file_format:
                    case "ndjson":
                        return _write_ndjson(file, values)
                    case "csv":
                        return _write_csv(file, topic, values)
                    case "parquet":
                        return _write_parquet(file, topic, values)

            yield write
        unfinished.replace(path)
    except OSError as error:
        raise InputError(
            f"{printable(str(path))}: cannot be written: {error.strerror}", remedy="make room, or name another file"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _write_ndjson(file: IO[bytes], values: Iterable[bytes]) -> int:
    count = 0
    for value in values:
        line = value if b"\n" not in value else msgspec.json.format(value, indent=-1)
        file.write(line + b"\n")
        count += 1
    return count


def _write_csv(file: IO[bytes], topic: EnrichedTopic, values: Iterable[bytes]) -> int:
    decode = msgspec.json.Decoder(topic.record).decode
    count = 0

    def records() -> Iterator[Struct]:
        nonlocal count
        for value in values:
            yield decode(value)
            count += 1

    for part in csv_parts(topic.record, records()):
        file.write(part)
    return count


def _csv_cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case datetime():
            return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case str():
            return defused(cell)
        case _:
            return repr(cell)


def _write_parquet(file: IO[bytes], topic: EnrichedTopic, values: Iterable[bytes]) -> int:
    arrow = _pyarrow()
    from pyarrow.parquet import ParquetWriter

    kinds = {
        "text": arrow.string(),
        "json": arrow.string(),
        "integer": arrow.int64(),
        "number": arrow.float64(),
        "truth": arrow.bool_(),
        "time": arrow.timestamp("us", tz="UTC"),
    }
    columns = columns_of(topic.record)
    schema = arrow.schema([(column.name, kinds[column.kind]) for column in columns])
    decode = msgspec.json.Decoder(topic.record).decode
    count = 0
    with ParquetWriter(file, schema, compression="zstd") as writer:
        for rows in _in_parts(row_of(columns, decode(value)) for value in values):
            arrays = [
                arrow.array([_typed(cell, column) for cell in cells], type=kinds[column.kind])
                for column, cells in zip(columns, zip(*rows, strict=True), strict=True)
            ]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))
            count += len(rows)
    return count


def _typed(cell: Cell, column: Column) -> Cell:
    """A figure may be a whole number in one record and a fraction in the next, or a truth value of 0 or 1."""
    if cell is None:
        return None
    if column.kind == "number":
        return float(cell)  # type: ignore[arg-type]  # a number, by the column's kind
    return bool(cell) if column.kind == "truth" else cell


def _in_parts(rows: Iterable[list[Cell]]) -> Iterator[Sequence[list[Cell]]]:
    part: list[list[Cell]] = []
    for row in rows:
        part.append(row)
        if len(part) == _ROWS:
            yield part
            part = []
    if part:
        yield part


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise ConfigurationError(
            "Parquet needs pyarrow, which is not installed",
            remedy="install antiphon[parquet] (pip install 'antiphon[parquet]', or pip install pyarrow), or write CSV",
        ) from error
    return pa
