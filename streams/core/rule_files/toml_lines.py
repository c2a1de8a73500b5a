"""On which line of a TOML text each key stands: `tomllib` reads the values and forgets where they were.

Only finds places. Whether the text is TOML is for `tomllib` to say: at anything it does not understand this scan stops,
and what it has found so far is the answer.
"""

import re
from typing import Final, TypeAlias

from msgspec import Struct

__all__ = ["MAX_KEY_PARTS", "KeyPath", "NestedTooDeeplyError", "key_lines"]

KeyPath: TypeAlias = tuple[str, ...]

# `tomllib` needs time in the square of the length of a dotted key. No rule needs more than six parts.
MAX_KEY_PARTS: Final = 16

_TOKEN: Final = re.compile(
    r"""
      (?P<blank>   [ \t\r]+ | \#[^\n]* )
    | (?P<newline> \n )
    | (?P<long>    \"{3} (?: [^"\\] | \\[\s\S] | "(?!"") )* "{3,5} | '{3} (?: [^'] | '(?!'') )* '{3,5} )
    | (?P<basic>   " (?: [^"\\\n] | \\[^\n] )* " )
    | (?P<literal> ' [^'\n]* ' )
    | (?P<bare>    [A-Za-z0-9_+:-]+ )
    | (?P<mark>    [][{}=,.] )
    """,
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_ESCAPES: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


class NestedTooDeeplyError(ValueError):
    """A key of more than `MAX_KEY_PARTS` parts, its tables counted, on `line` (from 1)."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}: a key of more than {MAX_KEY_PARTS} parts")
        self.line = line


class _Frame(Struct):
    """What the scan is in: the document, a table header, an array or an inline table.

    Keys found here belong to `base`; `None` inside arrays, where a key has no path of its own.
    """

    closer: str
    base: KeyPath | None
    key: list[str] = []  # each instance gets its own: msgspec copies an empty list
    key_line: int = 0
    in_value: bool = False


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line (from 1) of each table header and key by its full path; a table that is only implied has its first
    key's line. Keys inside arrays are left out. Takes time in proportion to the text.

    Raises `NestedTooDeeplyError`, and nothing else.
    """
    written: dict[KeyPath, int] = {}
    implied: dict[KeyPath, int] = {}
    stack = [_Frame(closer="", base=())]
    at, line = 0, 1
    while (token := _TOKEN.match(text, at)) is not None:
        at, here = token.end(), line
        kind, value = token.lastgroup, token[0]
        line += value.count("\n")
        frame = stack[-1]
        match kind:
            case "newline":
                if frame.closer == "header":
                    stack.pop()
                if len(stack) == 1:
                    stack[0].key, stack[0].in_value = [], False
            case "basic" | "literal" | "bare" if not frame.in_value:
                if not frame.key:
                    frame.key_line = here
                frame.key.append(_name(kind, value))
                if len(frame.key) + len(frame.base or ()) > MAX_KEY_PARTS:
                    raise NestedTooDeeplyError(here)
            case "mark" if not _mark(value, stack, written, implied):
                break
    return implied | written


def _mark(mark: str, stack: list[_Frame], written: dict[KeyPath, int], implied: dict[KeyPath, int]) -> bool:
    """Act on a punctuation mark; `False` where none of its kind can stand."""
    frame = stack[-1]
    if mark == "=":
        if not frame.key or frame.in_value or frame.closer == "header":
            return False
        frame.in_value = True
        if frame.base is not None:
            _record((*frame.base, *frame.key), frame.key_line, written, implied)
    elif frame.closer == "header":
        if mark == "]" and not frame.key:
            return False
        if mark == "]" and not frame.in_value:
            frame.in_value = True
            stack[0].base = tuple(frame.key)
            _record(stack[0].base, frame.key_line, written, implied)
    elif mark in "[{" and frame.in_value:
        base = (*frame.base, *frame.key) if mark == "{" and frame.base is not None else None
        stack.append(_Frame(closer="]" if mark == "[" else "}", base=base, in_value=mark == "["))
    elif mark == "[" and len(stack) == 1:
        stack.append(_Frame(closer="header", base=()))
    elif mark in "]}":
        if frame.closer != mark:
            return False
        stack.pop()
    elif mark == "," and frame.closer == "}":
        frame.key, frame.in_value = [], False
    return True


def _record(path: KeyPath, line: int, written: dict[KeyPath, int], implied: dict[KeyPath, int]) -> None:
    written.setdefault(path, line)
    for length in range(1, len(path)):
        implied.setdefault(path[:length], line)


def _name(kind: str, token: str) -> str:
    if kind == "bare":
        return token
    return _ESCAPE.sub(_unescape, token[1:-1]) if kind == "basic" else token[1:-1]


def _unescape(escape: re.Match[str]) -> str:
    body = escape[1]
    if len(body) == 1:
        return _ESCAPES.get(body, body)
    code = int(body[1:], 16)
    return chr(code) if code <= 0x10FFFF else ""
