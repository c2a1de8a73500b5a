"""JSON values of a byte stream, one after the other, whatever stands between them, in bounded memory.

A JSON array on the top is opened: its elements are the values. Pretty-printed and concatenated values, with or without
commas, are read the same way. An object that is too long because of a list in it is opened as well, see
`wrapped_lists`. Finds where a value ends; whether it is valid JSON is for whoever reads it.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Raw
from msgspec.json import Decoder

from streams.formats.inputs.compression import Damaged
from streams.formats.inputs.lines import Line, Unfinished
from streams.formats.inputs.wrapped_lists import MAX_OPEN, NEXT_BRACKET, STRING, OpenList, OpenObject, ends_in_a_list
from streams.refusal import DECODE_ERRORS

__all__ = ["MAX_VALUE_BYTES", "split_values"]

MAX_VALUE_BYTES: Final = 16_777_216  # sixteen lines: a page of 500 posts with all it includes takes a quarter of it

_BETWEEN: Final = re.compile(rb"[\s,]*+")
_SCALAR: Final = re.compile(STRING + rb'|[^\s,"\[\]{}]++', re.DOTALL)
_KEY: Final = re.compile(rb"(" + STRING + rb")\s*+(:?+)\s*+", re.DOTALL)
_OPENING: Final = b"[{"
_BEGINNING: Final = re.compile(rb'\{\s*+"[^"\\]{1,64}"\s*+:')
_TOGETHER_BYTES: Final = 16_384
_LOOKS: Final = 16
_elements: Final = Decoder(list[Raw]).decode


def split_values(blocks: Iterable[bytes], *, max_value_bytes: int = MAX_VALUE_BYTES) -> Iterator[Line]:
    """The values of the joined blocks, each as a `Line`: `number` counts values from 1, `data` is one without its
    surroundings.

    A value of more than `max_value_bytes` is never held whole. If it is an object that is so long for a list of objects
    in it, each element of its lists is a value of its own, within those short members of the object that came before
    it (`wrapped_lists`). Any other has a refusal, as a long line has. Where the blocks end in `Damaged`, or in the
    middle of a value, array or object, the last item says so.
    """
    values = _Values(max_value_bytes)
    try:
        for block in blocks:
            yield from values.of(block)
            if values.hopeless:
                yield values.broken_off(values.hopeless)
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
    `_at`, where `_depth` brackets are open. `_open` are the arrays and long objects around it."""

    def __init__(self, max_value_bytes: int) -> None:
        self.hopeless = ""  # why nothing more can be read
        self._max = max_value_bytes
        self._rest = b""
        self._at = 0
        self._depth = 0
        self._number = 0
        self._open: list[OpenList | OpenObject] = []
        self._long: Unfinished | None = None  # the beginning of a value that is too long

    def of(self, block: bytes, *, is_end: bool = False) -> Iterator[Line]:
        """The values that end in this block, the next of the stream."""
        yield from self._ended(block, is_end=is_end)
        while self._depth and len(self._rest) > self._max and self._opens(self._rest, 0):
            self._rest, self._at, self._depth = self._rest[1:], 0, 0
            yield from self._ended(b"", is_end=is_end)
        self._shorten()
        if is_end and (self._rest or self._open):
            yield self.broken_off(self.hopeless or "the JSON breaks off")

    def _ended(self, block: bytes, *, is_end: bool) -> Iterator[Line]:
        rest, at = self._rest + block, self._at
        start = 0
        is_sound = True  # until something of it is not valid JSON
        while True:
            if not self._depth:
                at, is_begun = self._next(rest, at, is_end=is_end)
                start = at
                if not is_begun:
                    break
                if is_sound and len(rest) - at >= _TOGETHER_BYTES and self._is_in_list():
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
            while self._depth and (found := NEXT_BRACKET.match(rest, at)) is not None:
                at = found.end()
                self._depth += 1 if rest[at - 1] in _OPENING else -1
            if self._depth:
                break
            if at - start > self._max and self._opens(rest, start):
                at = start + 1
                continue
            yield self._value(rest[start:at])
            start = at
        self._rest, self._at = rest[start:], at - start

    def _is_in_list(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1], OpenList)

    def _next(self, rest: bytes, at: int, *, is_end: bool) -> tuple[int, bool]:
        """Where the next value begins, at `at` or later, and whether it does; into what is opened and out of it."""
        while not self.hopeless:
            between = _BETWEEN.match(rest, at)
            at = at if between is None else between.end()
            mark = rest[at : at + 1]
            if not mark:
                break
            around = self._open[-1] if self._open else None
            if isinstance(around, OpenObject):
                if mark == b"}":
                    self._open.pop()
                    at += 1
                    continue
                found = self._member(around, rest, at, is_end=is_end)
                if found is None:
                    break
                at, is_begun = found
                if is_begun:
                    return at, True
            elif mark == b"[" and around is None:
                self._open.append(OpenList())
                at += 1
            elif mark == b"]" and around is not None:
                self._open.pop()
                at += 1
            else:
                return at, True
        return at, False

    def _member(self, around: OpenObject, rest: bytes, at: int, *, is_end: bool) -> tuple[int, bool] | None:
        """Go past the member of an object that begins here, or into its value, and say where; `None` where its end is
        not there yet. The second is true where a value begins that is too deep to be opened.
        """
        key = _KEY.match(rest, at)
        if key is None and rest[at : at + 1] == b'"':
            return None
        if key is not None and key.end() == len(rest):
            return None
        if key is None or not key[2] or rest[key.end()] in b",]}":
            self.hopeless = "no member of an object where one is due"
            return None
        at = key.end()
        around.key = key[1] + b":"
        if rest[at] not in _OPENING:
            end = _end_of_scalar(rest, at)
            if end is None or (end == len(rest) and not is_end):
                return None
            around.keep(rest[at:end])
            return end, False
        if len(self._open) == MAX_OPEN:
            return at, True
        self._open.append(around.open_list() if rest[at : at + 1] == b"[" else OpenObject(*around.around))
        return at + 1, False

    def _value(self, data: bytes) -> Line:
        self._number += 1
        if self._long is None and len(data) <= self._max:
            if not self._open:
                return Line(self._number, data)
            before, after = self._open[-1].around
            return Line(self._number, before + data + after if before else data)
        value = self._long or Unfinished(self._max)
        self._long = None
        value.add(data)
        return value.line(self._number)

    def _opens(self, rest: bytes, start: int) -> bool:
        """Whether what begins here and is too long is an object, and a list in it makes it so; it is open then."""
        if self._long is not None or len(self._open) >= MAX_OPEN - 1 or rest[start : start + 1] != b"{":
            return False
        if not ends_in_a_list(rest[start : start + self._max]):
            return False
        self._open.append(OpenObject(*(self._open[-1].around if self._open else (b"", b""))))
        return True

    def _shorten(self) -> None:
        """Hold no more of a long value than its beginning, and give up on a string that has no end."""
        if len(self._rest) <= self._max:
            return
        if self._at:
            self._long = self._long or Unfinished(self._max)
            self._long.add(self._rest[: self._at])
            self._rest, self._at = self._rest[self._at :], 0
        if len(self._rest) > self._max and not self.hopeless:
            self.hopeless = f"a string of more than {self._max:,} bytes"

    def broken_off(self, detail: str) -> Line:
        """The place where the stream ends before its time, with what there was of an unfinished value."""
        value = self._long or Unfinished(self._max)
        value.add(self._rest)
        self._rest, self._at = b"", 0
        self._open.clear()
        return value.damaged_line(self._number + 1, detail)
