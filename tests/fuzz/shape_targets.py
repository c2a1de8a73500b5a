"""Every shape and encoding of a file as a target: no byte is lost, however the stream is cut into blocks."""

import codecs
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from streams.deadletters import Rejection
from streams.errors import InputError
from streams.formats.inputs.compression import Damaged
from streams.formats.inputs.csv_rows import is_header, split_rows
from streams.formats.inputs.encodings import as_utf8
from streams.formats.inputs.json_values import split_values
from streams.formats.inputs.lines import KEPT_BYTES, MAX_LINE_BYTES, Line, split_lines
from streams.formats.inputs.shapes import records_of
from streams.formats.recognition import recognised
from streams.formats.registry import FORMATS
from streams.formats.tally import Tally, read_lines
from streams.printable import printable
from tests.fuzz.mutations import change_json, choices_of
from tests.fuzz.reader_targets import LINES
from tests.fuzz.target import Target

__all__ = ["FILES", "held_line", "pieces_of", "shape_targets"]

_LIMITS: Final = (8, 200, MAX_LINE_BYTES)  # a line that is too long is met in small inputs as well
_ENCODINGS: Final = {
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


def pieces_of(data: bytes) -> Iterator[bytes]:
    """The data cut in up to eight places, which it chooses itself."""
    choices = choices_of(data)
    cuts = sorted(choices.randrange(len(data) + 1) for _ in range(choices.randrange(8)))
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        yield data[start:end]


def held_line(line: Line, most: int) -> None:
    """Hold a line to what `Line` promises."""
    assert line.number > 0
    assert (line.refusal is None) == (line.size is None) == (line.sha256 is None)
    if isinstance(line.refusal, Rejection):
        assert len(line.data) <= KEPT_BYTES
        assert printable(line.refusal.detail) == line.refusal.detail
        assert 0 < len(line.refusal.detail) <= 200
    else:
        assert len(line.data) <= most


def _held(lines: Iterator[Line], most: int) -> list[Line]:
    found = list(lines)
    for line in found:
        held_line(line, most)
    assert [line.number for line in found] == sorted(line.number for line in found)
    return found


def _physical(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix(b"\r") for line in lines]


def _check_lines(data: bytes) -> None:
    assert [line.data for line in split_lines(pieces_of(data))] == _physical(data)
    for most in _LIMITS:
        found = _held(split_lines(pieces_of(data), max_line_bytes=most), most)
        assert found == list(split_lines([data], max_line_bytes=most))
        assert len(found) == len(_physical(data))


def _check_rows(data: bytes) -> None:
    for most in _LIMITS:
        found = _held(split_rows(pieces_of(data), max_line_bytes=most), 2 * most + 1)
        assert found == list(split_rows([data], max_line_bytes=most))
    lines = _physical(data)
    header = next((at for at, line in enumerate(lines) if is_header(line)), len(lines))
    given: list[bytes] = []
    for record in split_rows([data]):
        row = record.data
        if record.number > header + 1 and row.startswith(lines[header] + b"\n"):
            row = row[len(lines[header]) + 1 :]
        given += row.split(b"\n")
    assert given == lines


def _check_values(data: bytes) -> None:
    for most in _LIMITS:
        found = _held(split_values(pieces_of(data), max_value_bytes=most), most + 2_048 * 8)
        assert [line.number for line in found] == list(range(1, len(found) + 1))
    # Beyond the limit it is the blocks that say how much of a value has to be held.
    found = list(split_values([data]))
    assert list(split_values(pieces_of(data))) == found
    if len(data) <= 300:
        assert list(split_values(data[at : at + 1] for at in range(len(data)))) == found
    with suppress(ValueError, RecursionError):
        value = json.loads(data)
        expected = value if isinstance(value, list) else [value]
        whole = [line for line in split_values(pieces_of(data)) if line.refusal is None]
        assert [json.loads(line.data) for line in whole] == expected or "NaN" in str(expected) or "nan" in str(expected)


def _is_guess(encoding: str) -> bool:
    """Whether the encoding is guessed, which is done from the first block alone."""
    return encoding.endswith("(guessed)")


def _check_shape(data: bytes) -> None:
    for most in _LIMITS:
        encoding, shape, lines = records_of(pieces_of(data), most)
        assert encoding.isprintable()
        assert shape.isprintable()
        _held(lines, max(2 * most + 1, MAX_LINE_BYTES))
    whole = records_of(iter([data]))
    cut = records_of(pieces_of(data))
    if _is_guess(cut[0]) or _is_guess(whole[0]):
        return
    assert cut[:2] == whole[:2]
    assert list(cut[2]) == list(whole[2])


def _text_of(blocks: Iterator[bytes]) -> tuple[str, bytes]:
    encoding, blocks = as_utf8(blocks)
    text = b""
    with suppress(Damaged):
        for block in blocks:
            text += block
    return encoding, text


def _check_encoding(data: bytes) -> None:
    cut, whole = _text_of(pieces_of(data)), _text_of(iter([data]))
    assert cut == whole or _is_guess(cut[0]) or _is_guess(whole[0])
    text = data.decode(errors="ignore").replace("\ufeff", "")
    for encoding, mark in _ENCODINGS.items():
        written = mark + text.encode(encoding)
        found = _text_of(pieces_of(written))
        if encoding == "utf-16-le" and text[:1] == "\x00":
            continue  # the mark of UTF-32
        assert found == (encoding, text.encode())


def _check_recognition(data: bytes) -> None:
    _, _, lines = records_of(pieces_of(data))
    before = list(lines)
    recognition, after = recognised(iter(before), tuple(FORMATS.values()))
    assert list(after) == before
    assert printable(recognition.why) == recognition.why
    assert recognition.why
    tally = Tally()
    with suppress(InputError):
        for line, _ in read_lines(iter(before), recognition.reader or FORMATS["canonical"], tally):
            assert line.number
        assert tally.lines == tally.event_lines + tally.skipped.total() + tally.rejected.total() >= len(before)


def _list(lines: list[bytes], between: bytes = b",") -> bytes:
    return b"[" + between.join(lines) + b"]"


_SHORT: Final = sorted((line for lines in LINES.values() for line in lines if line.startswith(b"{")), key=len)
_LONG_LIST: Final = (
    json.dumps({"name": 'A "chat"', "id": 777, "messages": [{"id": n, "text": ["x" * 40, "}]"]} for n in range(12)]})
).encode()
_TABLES: Final = [
    *LINES["suspensions-csv"],
    b"id,date\r\n5,2021-04-01\r\n\r\n6,2021-04-02\r\n",
    b'a;b\n"1;\n2";3\n"4;5\n6;7\n{"b": 1}\n',
]
FILES: Final = [
    b"\n".join(_SHORT[:4]),
    b"\r\n".join(_SHORT[4:7]) + b"\r\n",
    _list(_SHORT[:3]),
    _list(_SHORT[3:5], b",\n "),
    b"\n".join(json.dumps(json.loads(line), indent=1).encode() for line in _SHORT[:3]),
    b"".join(_SHORT[:3]),
    b'{"statuses": ' + _list(LINES["twitter-v1"][:2]) + b"}",
    b"window.YTD.tweets.part0 = " + _list(LINES["twitter-archive"][:2]),
    b"window.YTD.account.part0 = [ {}, {} ]",
    _LONG_LIST,
    codecs.BOM_UTF8 + _SHORT[0] + b"\n",
    *(mark + (_SHORT[0] + b"\n").decode().encode(encoding) for encoding, mark in _ENCODINGS.items()),
    _SHORT[0].decode().encode("utf-16-le"),
    *_TABLES,
    b"event: update\ndata: {}\n\n: comment\n\ndata: 1\ndata: 2\n",
    b"",
    b"\n \n",
    b"no format at all\n",
]
"""Small files of every shape and encoding."""


def shape_targets() -> list[Target]:
    return [
        Target(name="lines", check=_check_lines, seeds=lambda: FILES),
        Target(name="csv-rows", check=_check_rows, seeds=lambda: _TABLES),
        Target(name="json-values", check=_check_values, seeds=lambda: FILES, mutate=change_json),
        Target(name="shapes", check=_check_shape, seeds=lambda: FILES),
        Target(name="encodings", check=_check_encoding, seeds=lambda: FILES),
        Target(name="recognition", check=_check_recognition, seeds=lambda: FILES, mutate=change_json),
    ]
