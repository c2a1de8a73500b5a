"""The format `mapped:…`: any table or JSON whose columns or paths a small file maps to our fields."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from msgspec.json import Decoder

from streams.core.rounded_ids import IdEvidence, Verdict
from streams.deadletters import Reason
from streams.formats.inputs.csv_rows import Plans, fields_of, is_delimiter_line, is_header, of_width, table_of
from streams.formats.inputs.encodings import UTF8_BOM
from streams.formats.mapped.mapped_events import RowEvents
from streams.formats.mapped.mapped_rows import JsonPaths, Row, TablePlan, text_of
from streams.formats.mapped.mapping import FIELDS, Mapping
from streams.formats.reader import Reading, Skipped
from streams.refusal import DECODE_ERRORS, Refused, rejection, undecodable

__all__ = ["SKIPPED_NAMES", "MappedReader"]

SKIPPED_NAMES: Final = frozenset({"blank", "header", "other_kind", "other_status"})

_BLANK: Final = Skipped("blank")
_HEADER: Final = Skipped("header")
_payload: Final = Decoder(dict[str, Any])


class MappedReader:
    """Reads rows of tables, which come with their header in front (see `inputs.csv_rows`), and JSON objects."""

    def __init__(self, name: str, mapping: Mapping, *, exact_numbers: bool = False) -> None:
        self.name: Final = name
        self._mapping = mapping
        self._of_table = RowEvents(mapping, is_table=True)
        self._of_json = RowEvents(mapping, is_table=False, exact_numbers=exact_numbers)
        self._paths = JsonPaths(mapping)
        self._plans = Plans(lambda table: TablePlan(mapping, table.columns))
        self._ids = tuple(name for name in mapping.fields if FIELDS[name] == "id")

    def read(self, line: bytes) -> Reading:
        """The event of a row; a row skipped under one of `SKIPPED_NAMES`; or a rejection. Never raises."""
        if not line or line.isspace():
            return _BLANK
        try:
            if _is_json(line):
                event = self._of_json.of(self._object(line))
            else:
                row = self._row(line)
                if row is None:
                    return _HEADER
                event = self._of_table.of(row)
        except Refused as refused:
            return rejection(refused.reason, refused.detail)
        except DECODE_ERRORS as error:
            return undecodable(line, error)
        return event if isinstance(event, Skipped) else (event,)

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """See `FormatReader`."""
        with suppress(Refused, *DECODE_ERRORS):
            row = self._object(line) if _is_json(line) else self._row(line)
            for name in self._ids:
                value = row.get(name) if row is not None else None
                if isinstance(value, str):
                    texts.add_text(value)
                elif isinstance(value, int) and text_of(value):
                    numbers.add(value)

    def of_file(self, numbers: Verdict) -> "MappedReader":
        """See `FormatReader`."""
        return MappedReader(self.name, self._mapping, exact_numbers=numbers == "exact")

    def parts(self, line: bytes) -> Sequence[bytes]:
        """See `FormatReader`: the lines of a row that a quote too many has joined."""
        return self._plans.physical_rows(line)

    def _object(self, line: bytes) -> Row:
        """The row that a JSON object is. Raises `Refused`, and what decoders raise."""
        row = self._paths.row(_payload.decode(line))
        if not row:
            raise Refused(Reason.UNKNOWN_SHAPE, "an object without any key that the mapping names")
        return row

    def _row(self, line: bytes) -> Row | None:
        """The row of a line of a table; `None` for a header. Raises `Refused`, and what decoders raise."""
        header, newline, cells = line.partition(b"\n")
        if newline:
            if cells.removeprefix(UTF8_BOM) == header:
                return None
            table, plan = self._plans.of(header)
            return plan.row(of_width(fields_of(cells, table.delimiter), plan.width))
        if not is_delimiter_line(line):
            if not is_header(line):
                raise Refused(Reason.NOT_AN_EVENT, "neither a JSON object nor a row with its header in front")
            TablePlan(self._mapping, table_of(line).columns)
        return None


def _is_json(line: bytes) -> bool:
    return line.lstrip()[:1] in (b"{", b"[")
