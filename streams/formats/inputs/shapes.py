"""How the records of a file are laid out: a record a line, rows of a table under a header, server-sent events, or JSON
values in an array, one after the other, or broken over lines. Told from the beginning of the file, never from its name.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

import msgspec

from streams.formats.inputs.csv_rows import is_table, split_rows
from streams.formats.inputs.encodings import as_utf8, peeked, rejoined
from streams.formats.inputs.event_stream import is_event_stream, split_events
from streams.formats.inputs.json_values import split_values
from streams.formats.inputs.lines import MAX_LINE_BYTES, Line, split_lines

__all__ = ["Shape", "records_of"]

Shape: TypeAlias = Literal[
    "lines", "CSV rows", "server-sent events", "JSON array", "JSON values", "JavaScript assignment"
]

# `window.YTD.tweets.part0 = [`: the files of an account's archive are scripts that assign one value.
_ASSIGNMENT: Final = re.compile(rb"\A\s*+(?:var |let |const )?[A-Za-z_$][\w$.]{0,200}[ \t]*+=\s*+(?=[\[{]|\Z)")
_whole: Final = msgspec.json.Decoder(msgspec.Raw).decode


def records_of(blocks: Iterator[bytes], max_line_bytes: int = MAX_LINE_BYTES) -> tuple[str, Shape, Iterator[Line]]:
    """The encoding, the shape, and the records of a stream. Reads up to the first line that is not blank (where it is
    a header, the next one as well), at most `max_line_bytes`: a line-by-line stream is not held up by it. The iteration
    never raises.
    """
    encoding, blocks = as_utf8(blocks)
    head, blocks = peeked(blocks, lambda head: len(head) > max_line_bytes or _is_enough(head))
    shape = _shape_of(head, max_line_bytes)
    if shape == "lines":
        return encoding, shape, split_lines(rejoined(head, blocks), max_line_bytes=max_line_bytes)
    if shape == "CSV rows":
        return encoding, shape, split_rows(rejoined(head, blocks), max_line_bytes=max_line_bytes)
    if shape == "server-sent events":
        in_lines = split_lines(rejoined(head, blocks), max_line_bytes=max_line_bytes)
        return encoding, shape, split_events(in_lines, max_event_bytes=max_line_bytes)
    if shape == "JavaScript assignment":
        head = _ASSIGNMENT.sub(b"", head, count=1)
    return encoding, shape, split_values(rejoined(head, blocks))


def _is_enough(head: bytes) -> bool:
    assignment = _ASSIGNMENT.match(head)
    if assignment is not None and assignment.end() == len(head):
        return False  # its value is on one of the next lines
    return b"\n" in head.lstrip() and is_table(head) is not None


def _shape_of(head: bytes, max_line_bytes: int) -> Shape:
    begin = head[: max_line_bytes + 1].lstrip()
    if begin[:1] == b"[":
        return "JSON array"
    if (assignment := _ASSIGNMENT.match(head)) and assignment.end() < len(head):
        return "JavaScript assignment"
    if is_event_stream(begin):
        return "server-sent events"
    if begin[:1] != b"{":
        return "CSV rows" if is_table(begin + b"\n") else "lines"
    line, newline, _ = begin.partition(b"\n")
    if not newline and len(head) > max_line_bytes:
        return "JSON values"
    try:
        _whole(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # What is malformed in another way is a matter of that line.
        return "JSON values" if newline and "truncated" in str(error) else "lines"
    return "lines"
