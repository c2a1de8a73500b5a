"""Lists of officials, entry by entry: tables, JSON and YAML, or one handle a line. Told by what a file holds."""

import re
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from typing import Final

import msgspec

from streams.core.rosters.roster_file import MAX_ROSTER_BYTES
from streams.errors import InputError
from streams.formats.inputs.csv_rows import Plans, Table, fields_of, is_delimiter_line, is_header, of_width
from streams.formats.inputs.files import InputFile, open_inputs
from streams.formats.inputs.lines import Line
from streams.formats.roster_lists.list_columns import meaning_of
from streams.formats.roster_lists.listed import HANDLE, CellError, Guessed, Listed, Untaken, cell
from streams.formats.roster_lists.nested_entries import entries_in
from streams.formats.roster_lists.yaml_values import MAX_YAML_BYTES, UnreadableYamlError, yaml_value
from streams.printable import printable
from streams.refusal import DECODE_ERRORS, Refused

__all__ = ["read_list"]

_GUESSED: Final = " (guessed)"
_COMMENT: Final = b"#"
_YAML: Final = re.compile(rb"---|%YAML|- |-\Z|[^\s:@/]{1,64}:(?:\s|\Z)")
_BETWEEN_FIELDS: Final = re.compile("[,;|\t]")
_NAME_COLUMNS: Final = "name the columns in the first line, such as handle,name,country"
_WHOLE_ROW: Final = "write every field, and put quotes around one that holds a comma or a line break"
_UTF8: Final = "save the file as UTF-8 (in a spreadsheet: CSV UTF-8)"


def read_list(path: str) -> Iterator[Listed | Untaken | Guessed]:
    """The entries of a file, a folder or an archive; `-` is standard input. Packed files are read as well, and text in
    other encodings.

    Raises `InputError` where there is nothing that could be read, and for more than 64 MB of text.
    """
    size = 0
    with closing(open_inputs(path)) as inputs:
        for file in inputs:
            if file.encoding.endswith(_GUESSED):
                yield Guessed(file.encoding.removesuffix(_GUESSED))
            name = "" if file.within is None else f"{printable(file.path)}, "
            for found in _of_file(file):
                yield found if not name else _placed(name, found)
                if isinstance(found, Listed):
                    size += sum(len(name) + len(text) for name, text in found.cells.items())
                if size > MAX_ROSTER_BYTES:
                    raise InputError(
                        f"{printable(path)} holds more than {MAX_ROSTER_BYTES >> 20} MB.", remedy="Split the list."
                    )


def _placed(name: str, found: Listed | Untaken) -> Listed | Untaken:
    if isinstance(found, Listed):
        return Listed(name + found.place, found.cells)
    return Untaken(name + found.place, found.column, found.what, found.remedy)


def _of_file(file: InputFile) -> Iterator[Listed | Untaken]:
    if file.problem:
        yield Untaken("file", "", file.problem, "unpack it, or save it as text")
        return
    sound: list[Line] = []
    lines = _sound(file)
    if file.shape == "lines":
        # Up to the first line that says what it is; remarks are lines of handles and of YAML.
        for line in lines:
            if isinstance(line, Untaken):
                yield line
            elif line.data.strip() and not line.data.startswith(_COMMENT):
                sound.append(line)
                break
            else:
                sound.append(line)
    first = sound[-1].data if sound else b""
    lines = chain(sound, lines)
    if file.shape == "CSV rows":
        yield from _rows(lines)
    elif file.shape == "lines" and not first.startswith((b"{", b"[", b'"')):
        yield from _yaml(lines) if _YAML.match(first) else _handles(lines)
    else:
        place = "line" if file.shape == "lines" else "value"
        for line in lines:
            yield from (line,) if isinstance(line, Untaken) else _json(line, f"{place} {line.number:,}")


def _sound(file: InputFile) -> Iterator[Line | Untaken]:
    for line in file:
        if line.refusal is None:
            yield line
        else:
            yield Untaken(f"line {line.number:,}", "", f"{line.refusal.reason.value}: {line.refusal.detail}", "mend it")


def _rows(lines: Iterator[Line | Untaken]) -> Iterator[Listed | Untaken]:
    plans: Plans[None] = Plans(lambda _table: None)
    header = b""
    for line in lines:
        if isinstance(line, Untaken):
            yield line
            continue
        place = f"line {line.number:,}"
        header, newline, row = line.data.partition(b"\n")
        if not newline:
            if header.strip() and not is_header(header) and not is_delimiter_line(header):
                yield Untaken(place, "", f"{cell(_decoded(header))} stands before or beside the table", _NAME_COLUMNS)
            continue
        try:
            table, _ = plans.of(header)
            fields = of_width(fields_of(row, table.delimiter), len(table.columns))
        except Refused as refused:
            yield Untaken(place, "", refused.detail, _UTF8 if "UTF-8" in refused.detail else _WHOLE_ROW)
        else:
            yield Listed(place, _cells(table, fields))


def _cells(table: Table, fields: list[str]) -> dict[str, str]:
    """Of several columns of one name the first that says something counts."""
    cells: dict[str, str] = {}
    for name, field in zip(table.columns, fields, strict=True):
        if not cells.get(name):
            cells[name] = field.strip()
    return cells


def _json(line: Line, place: str) -> Iterator[Listed | Untaken]:
    if not line.data.strip():
        return
    try:
        value = msgspec.json.decode(line.data)
    except DECODE_ERRORS as error:
        yield Untaken(place, "", printable(f"no JSON: {error}", 200), "export the list again, or mend the place")
        return
    yield from _entries(value, place)


def _yaml(lines: Iterator[Line | Untaken]) -> Iterator[Listed | Untaken]:
    pieces: list[bytes] = []
    size = 0
    for line in lines:
        if isinstance(line, Untaken):
            yield line
        elif size <= MAX_YAML_BYTES:
            pieces.append(line.data)
            size += len(line.data) + 1
    try:
        yield from _entries(yaml_value(b"\n".join(pieces) + b"\n"), "")
    except UnreadableYamlError as error:
        place = "file" if error.line is None else f"line {error.line:,}"
        yield Untaken(place, "", printable(f"the file {error}", 200), "mend it, or save the list as CSV or JSON")


def _entries(value: object, place: str) -> Iterator[Listed | Untaken]:
    for found in entries_in(value, place):
        if isinstance(found, CellError):
            yield found.at(place or "file")
        else:
            yield found if found.place else Listed("file", found.cells)


def _handles(lines: Iterator[Line | Untaken]) -> Iterator[Listed | Untaken]:
    """A column without a header, or with one that is the name of a known column."""
    name = ""
    for line in lines:
        if isinstance(line, Untaken):
            yield line
            continue
        place = f"line {line.number:,}"
        try:
            text = line.data.decode().strip()
        except UnicodeDecodeError as error:
            yield Untaken(place, "", f"byte {error.start + 1} is not UTF-8", _UTF8)
            continue
        if not text or text.startswith("#"):
            continue
        if not name:
            name = text if _is_name_of_column(text) else HANDLE
            if name == text:
                continue
        if _BETWEEN_FIELDS.search(text) and " " in _BETWEEN_FIELDS.sub(" ", text).strip() and not _is_all_handles(text):
            yield Untaken(place, HANDLE, f"{cell(text)} is no handle, and there is no header", _NAME_COLUMNS)
        else:
            yield Listed(place, {name: text.strip('"')})


def _is_name_of_column(text: str) -> bool:
    meaning = meaning_of(text.strip('"'))
    return meaning is not None and meaning.role in ("handle", "account_id", "bare_id", "link")


def _is_all_handles(text: str) -> bool:
    return all(part.strip().startswith(("@", "http")) for part in _BETWEEN_FIELDS.split(text) if part.strip())


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
