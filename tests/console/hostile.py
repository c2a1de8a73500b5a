"""What people write who want a page to break, and records that have it wherever a text can be."""

from collections.abc import Iterator
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

__all__ = ["HOSTILE", "with_hostile_texts"]

_R = TypeVar("_R", bound=Struct)

HOSTILE: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)' style='position:fixed",
    "</title></textarea></style></svg><svg onload=alert(1)>",
    "javascript:alert(1)",
    'https://example.org/\u202e"onclick="x',
    "data:text/html,<b>",
    "{{ 7*7 }}{% raw %}{# x",
    "&lt;b&gt;&#x202e;&amp;",
    "\u202egnp.exe\u2066\u2069",
    "سلام دنیا <b> hello",
    "می\u200cخواهم",
    "Z" + "\u0301\u0300\u20dd" * 60,
    "ก" + "็" * 80,
    "\u200b\u2060\ufeff\u00ad",
    "line\nline\r\n\tline\u2028line\u0085",
    "\x00\x1b[31m\x07",
    "W" * 200,
    "\U000e0041\U000e0042\U0001f469\u200d\U0001f467",
    "../..%2f%2e%2e?#&=;",
    "=cmd|' /C calc'!A0",
    "﷽" * 8,
)
"""Mark-up, schemes, templates, directions, marks, widths, controls, paths, formulas."""


def with_hostile_texts(record: _R, text: str, *, but: frozenset[str] = frozenset()) -> _R:
    """The record with the text in every field that takes it: as deep as they are, those of these names excepted."""
    plain = msgspec.to_builtins(record)
    kind = type(record)
    for container, key, name in list(_texts(plain, "")):
        if name in but:
            continue
        before = container[key]
        container[key] = text
        try:
            msgspec.convert(plain, kind)
        except msgspec.ValidationError:  # a time, a digest, one of a few words
            container[key] = before
    return msgspec.convert(plain, kind)


def _texts(value: Any, name: str) -> Iterator[tuple[Any, Any, str]]:
    entries: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    for key, entry in entries:
        own = key if isinstance(key, str) else name
        if isinstance(entry, str):
            yield value, key, own
        else:
            yield from _texts(entry, own)
