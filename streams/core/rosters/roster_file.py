"""Reads a roster from CSV and says everything that is wrong with it, in one pass. Knows bytes, not files.

One line is one entry: a field never holds a line break, so that a quote left open spoils its own line and no other.
"""

import csv
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.rosters.roster_overlaps import Validities
from streams.core.rosters.roster_problems import Problems, RosterError, RosterProblem, shown
from streams.core.rosters.roster_row import COLUMNS, OPTIONAL_COLUMNS, Row, check_row, identity, row_entry
from streams.core.rounded_ids import IdEvidence

__all__ = ["COLUMNS", "MAX_ROSTER_BYTES", "OPTIONAL_COLUMNS", "RosterError", "RosterProblem", "parse_roster"]

_KNOWN: Final = (*COLUMNS, *OPTIONAL_COLUMNS)
_FORMER_NAMES: Final = {"state": "country"}  # of columns; rosters that were written with them are still read
MAX_ROSTER_BYTES: Final = 64 * 1024 * 1024
# What people give instead of a CSV, by how it begins.
_OTHER_FILES: Final = {
    b"{": "JSON",
    b"[": "JSON",
    b"<": "a page (HTML or XML)",
    b"PK\x03\x04": "a spreadsheet or another zip archive",
    b"\x1f\x8b": "compressed (gzip)",
    b"%PDF": "a PDF",
}
_LOOKED_AT: Final = 1_024  # bytes of blanks and what follows them
_MAX_LINE: Final = 64 * 1024  # bytes; the longest fields allowed, quoted and all, are shorter together


def parse_roster(data: bytes, origin: str) -> Roster:
    """The roster of a CSV file with the columns `COLUMNS`, and `OPTIONAL_COLUMNS` if it likes, in any order.

    `valid_from` and `valid_to` are empty, a day in UTC (`valid_to` includes that day), or an RFC 3339 time (`valid_to`
    excludes that moment). `domains` are host names with spaces or semicolons between them. A byte order mark, CRLF,
    blank lines and spaces around fields are tolerated. `origin` names the file in messages. Raises `RosterError` with
    every problem found.
    """
    problems = Problems()
    entries: list[RosterEntry] = []
    if len(data) > MAX_ROSTER_BYTES:
        problems.say(None, None, f"the file is larger than {MAX_ROSTER_BYTES >> 20} MB", "split the roster")
    else:
        entries = _read(data.removeprefix(b"\xef\xbb\xbf"), problems)
        if not problems and not entries:
            problems.say(None, None, "the file names no official", "add a line for each official below the header")
    if problems:
        raise problems.error(origin)
    return Roster(entries)


def _read(data: bytes, problems: Problems) -> list[RosterEntry]:
    entries: list[RosterEntry] = []
    validities = Validities()
    ids = IdEvidence()
    header: tuple[str, ...] | None = None
    places: list[tuple[int, str]] = []
    for line, fields in _lines(data, problems):
        if header is None:
            header = tuple(_FORMER_NAMES.get(field.lower(), field.lower()) for field in fields)
            if not _check_header(line, fields, header, problems):
                return []
            places = [(n, column) for n, column in enumerate(header) if column in _KNOWN and column not in header[:n]]
        elif len(fields) != len(header):
            what = f"{len(fields)} fields where the header has {len(header)}"
            remedy = "write every field, also empty ones, and put quotes around a field that holds a comma"
            problems.say(line, None, what, remedy)
        else:
            row = {column: fields[place] for place, column in places}
            found = len(problems)
            check_row(line, row, problems)
            _note_id(row, ids)
            if len(problems) == found and row.keys() >= set(COLUMNS):
                entries.append(row_entry(row))
            if (whose := identity(line, row)) is not None:
                validities.add(line, whose)
    if header is None and not problems:
        problems.say(None, None, "the file is empty", f"begin with the header {','.join(COLUMNS)}")
    validities.check(problems)
    if ids.verdict == "rounded":
        what = f"what a spreadsheet or floating point leaves of long ids, such as {', '.join(ids.examples)}"
        problems.say(None, "account_id", what, "format the column as text and enter the whole ids again")
    return entries


def _note_id(row: Row, ids: IdEvidence) -> None:
    # Whether ids were rounded is seen from all of them; the only platform whose ids are long numbers is Twitter.
    if row.get("platform") == "twitter":
        ids.add_text(row.get("account_id", ""))


def _lines(data: bytes, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    # A damaged line is said and skipped; the numbers are those an editor shows.
    begin = data[:_LOOKED_AT].lstrip()
    for mark, kind in _OTHER_FILES.items():
        if begin.startswith(mark):
            remedy = f"give a CSV with the header {','.join(COLUMNS)}; antiphon roster import makes one of other lists"
            problems.say(None, None, f"the file is {kind}, and no roster", remedy)
            return
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        problems.say(1, None, "the file is UTF-16", "save it as CSV UTF-8")
        return
    for number, raw in enumerate(BytesIO(data), start=1):
        line = raw.removesuffix(b"\n").removesuffix(b"\r")
        if not line.strip():
            continue
        if len(line) > _MAX_LINE:
            problems.say(number, None, f"longer than {_MAX_LINE:,} bytes", "write one official on each line")
            continue
        if b"\r" in line:
            problems.say(number, None, "a carriage return inside the line", "end each line with LF or CRLF")
            continue
        try:
            fields = next(csv.reader((line.decode(),), strict=True))
        except UnicodeDecodeError as error:
            problems.say(number, None, f"byte {error.start + 1} is not UTF-8", "save the file as CSV UTF-8")
        except csv.Error:
            what = "a quote is not closed, or text follows a closing quote"
            remedy = 'write a quote inside a quoted field twice (""), and no line break in a field'
            problems.say(number, None, what, remedy)
        else:
            yield number, [field.strip(" ") for field in fields]


def _check_header(line: int, fields: list[str], header: tuple[str, ...], problems: Problems) -> bool:
    # Whether it is a header at all; with a faulty one the columns that are understood are checked nevertheless.
    wanted = f"the columns are {','.join(COLUMNS)}, and {' or '.join(OPTIONAL_COLUMNS)} if wanted"
    missing = [column for column in COLUMNS if column not in header]
    if len(missing) == len(COLUMNS):
        separated = len(fields) == 1 and any(mark in fields[0] for mark in ";\t")
        remedy = "separate the columns by commas" if separated else f"begin with the header {','.join(COLUMNS)}"
        remedy += "; antiphon roster import makes a roster of other lists"
        problems.say(line, None, f"{shown(','.join(fields))} is not the header of a roster", remedy)
        return False
    for column in missing:
        problems.say(line, column, "the header lacks this column", wanted)
    for position, column in enumerate(header):
        if column in header[:position]:
            problems.say(line, None, f"the header has {shown(fields[position])} twice", wanted)
        elif column not in _KNOWN:
            problems.say(line, None, f"the header has an unknown column {shown(fields[position])}", wanted)
    return True
