"""Text that no terminal obeys: what came from outside, with escapes for what does not print."""

import json
import re
from typing import Final

import msgspec

__all__ = ["printed_json", "shown", "shown_bytes"]

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_JOINERS: Final = frozenset("\u200c\u200d")  # part of Persian and Indic spelling; they steer no terminal


def shown(text: str, limit: int | None = None) -> str:
    """The text with escapes for controls, line breaks and direction marks, cut to `limit` characters."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _JOINERS else repr(c)[1:-1] for c in text)


def shown_bytes(data: bytes, limit: int) -> str:
    """The first `limit` bytes as text: UTF-8 where they are that, escapes for everything else."""
    text = shown(data[:limit].decode("utf-8", "backslashreplace"))
    return text + "…" if len(data) > limit else text


def printed_json(value: object, *, indent: int = 2) -> str:
    """The value as JSON in which what does not print is escaped, also what JSON lets pass. `indent=0`: on one line.

    What JSON has no form for becomes a string; bytes become base64.
    """
    try:
        encoded = msgspec.json.encode(value, enc_hook=str)
    except UnicodeEncodeError:  # half a surrogate pair, as in a file name that is no UTF-8: told as `shown` tells it
        text = json.dumps(msgspec.to_builtins(value, enc_hook=str), ensure_ascii=False)
        encoded = _SURROGATE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text).encode()
    text = (msgspec.json.format(encoded, indent=indent) if indent else encoded).decode()
    # Outside strings JSON is printable ASCII and line feeds: whatever else does not print is inside one, where an
    # escape may stand for it.
    return "".join(c if c.isprintable() or c == "\n" or c in _JOINERS else _json_escape(c) for c in text)


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))
