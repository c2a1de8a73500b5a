"""JSON values of a byte stream, one after the other, whatever stands between them, in bounded memory.

A JSON array on the top is opened: its elements are the values. Pretty-printed and concatenated values, with or without
commas, are read the same way. Finds where a value ends; whether it is valid JSON is for whoever reads it.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Raw
from msgspec.json import Decoder

from streams.formats.compression import Damaged
from streams.formats.lines import Line, Unfinished
from streams.refusal import DECODE_ERRORS

__all__ = ["MAX_VALUE_BYTES", "split_values"]

MAX_VALUE_BYTES: Final = 16_777_216  # sixteen lines: a page of 500 posts with all it includes takes a quarter of it

_BETWEEN: Final = re.compile(rb"[\s,]*+")
_STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_NEXT_BRACKET: Final = re.compile(rb'(?:[^"\[\]{}]++|' + _STRING + rb")*+[\[\]{}]", re.DOTALL)
_SCALAR: Final = re.compile(_STRING + rb'|[^\s,"\[\]{}]++', re.DOTALL)
_OPENING: Final = b"[{"
_BEGINNING: Final = re.compile(rb'\{\s*+"[^"\\]{1,64}"\s*+:')
_TOGETHER_BYTES: Final = 16_384
_LOOKS: Final = 16
_elements: Final = Decoder(list[Raw]).decode


def split_values(blocks: Iterable[bytes], *, max_value_bytes: int = MAX_VALUE_BYTES) -> Iterator[Line]:
    """The values of the joined blocks, each as a `Line`: `number` counts values from 1, `data` is one without its
    surroundings.

    A value of more than `max_value_bytes` is never held whole: it has a refusal, as a long line has. Where the blocks
    end in `Damaged`, or in the middle of a value or array, the last item says so.
    """
    values = _Values(max_value_bytes)
    try:
        for block in blocks:
            yield from values.of(block)
            if values.is_hopeless:
                return
        yield from values.of(b"", is_end=True)
    except Damaged as damage:
        yield values.broken_off(str(damage))


def _end_of_scalar(rest: bytes, at: int) -> int | None:
    """Where the scalar that begins here ends, or the bracket that opens nothing; `None` for a string without an end."""
    scalar = _SCALAR.match(rest, at)
    if scalar is not None:
        return scalar.end()
    return None if rest[at : at + 1] == b'"' else at + 1


def _several(rest: bytes, at: int) -> tuple[list[bytes], int]:
    """The elements of an array from here to the last one that begins as the first does, and where that one is; or none,
    where they are not all valid JSON. A tenth of the time that brackets take, which are looked at one by one.
    """
    beginning = _BEGINNING.match(rest, at)
    if beginning is None:
        return [], at
    end, elements = len(rest), b""
    for _ in range(_LOOKS):  # an object within an element may begin so, too, and follows no comma
        end = rest.rfind(beginning.group(), beginning.end(), end)
        elements = rest[at : max(at, end)].rstrip()
        if elements.endswith(b",") or end < 0:
            break
    if not elements.endswith(b","):
        return [], at
    try:
        return [bytes(each) for each in _elements(b"[" + elements[:-1] + b"]")], end
    except DECODE_ERRORS:
        return [], at


class _Values:
    """Where the stream stands: `_rest` begins with the unfinished value, if there is one, and is looked through up to
    `_at`, where `_depth` brackets are open."""

    def __init__(self, max_value_bytes: int) -> None:
        self.is_hopeless = False
        self._max = max_value_bytes
        self._rest = b""
        self._at = 0
        self._depth = 0
        self._number = 0
        self._in_array = False
        self._long: Unfinished | None = None  # the beginning of a value that is too long

    def of(self, block: bytes, *, is_end: bool = False) -> Iterator[Line]:
        """The values that end in this block, the next of the stream."""
        rest, at = self._rest + block, self._at
        start = 0
        is_sound = True  # until something of it is not valid JSON
        while True:
            if not self._depth:
                at = start = self._next(rest, at)
                if at == len(rest):
                    break
                if is_sound and self._in_array and len(rest) - at >= _TOGETHER_BYTES:
                    several, start = _several(rest, at)
                    is_sound = bool(several)
                    for data in several:
                        yield self._value(data)
                    if several:
                        at = start
                        continue
                if rest[at] in _OPENING:
                    self._depth, at = 1, at + 1
                else:
                    end = _end_of_scalar(rest, at)
                    if end is None or (end == len(rest) and not is_end):
                        break  # it may go on in the next block
                    at = end
            while self._depth and (found := _NEXT_BRACKET.match(rest, at)) is not None:
                at = found.end()
                self._depth += 1 if rest[at - 1] in _OPENING else -1
            if self._depth:
                break
            yield self._value(rest[start:at])
            start = at
        self._rest, self._at = rest[start:], at - start
        self._shorten()
        if is_end and (self._rest or self._in_array):
            yield self.broken_off("the JSON breaks off")
        elif self.is_hopeless:
            yield self.broken_off(f"a string of more than {self._max:,} bytes")

    def _next(self, rest: bytes, at: int) -> int:
        """Where the next value begins, at `at` or later; into an array and out of it."""
        while True:
            between = _BETWEEN.match(rest, at)
            at = at if between is None else between.end()
            if rest[at : at + 1] == b"[" and not self._in_array:
                self._in_array = True
            elif rest[at : at + 1] == b"]" and self._in_array:
                self._in_array = False
            else:
                return at
            at += 1

    def _value(self, data: bytes) -> Line:
        self._number += 1
        if self._long is None and len(data) <= self._max:
            return Line(self._number, data)
        value = self._long or Unfinished(self._max)
        self._long = None
        value.add(data)
        return value.line(self._number)

    def _shorten(self) -> None:
        """Hold no more of a long value than its beginning, and give up on a string that has no end."""
        if len(self._rest) <= self._max:
            return
        if self._at:
            self._long = self._long or Unfinished(self._max)
            self._long.add(self._rest[: self._at])
            self._rest, self._at = self._rest[self._at :], 0
        self.is_hopeless = len(self._rest) > self._max

    def broken_off(self, detail: str) -> Line:
        """The place where the stream ends before its time, with what there was of an unfinished value."""
        value = self._long or Unfinished(self._max)
        value.add(self._rest)
        self._rest, self._at, self._in_array = b"", 0, False
        return value.damaged_line(self._number + 1, detail)
