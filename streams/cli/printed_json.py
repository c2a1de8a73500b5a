"""JSON that no terminal obeys."""

import json
import re
from typing import Final

import msgspec

from streams.printable import JOINERS

__all__ = ["printed_json"]

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def printed_json(value: object, *, indent: int = 2) -> str:
    """The value as JSON in which what does not print is escaped, also what JSON lets pass. `indent=0`: on one line.

    What JSON has no form for becomes a string; bytes become base64.
    """
    try:
        encoded = msgspec.json.encode(value, enc_hook=str)
    except UnicodeEncodeError:  # half a surrogate pair, as in a file name that is no UTF-8: escaped as `printable` does
        text = json.dumps(msgspec.to_builtins(value, enc_hook=str), ensure_ascii=False)
        encoded = _SURROGATE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text).encode()
    text = (msgspec.json.format(encoded, indent=indent) if indent else encoded).decode()
    # Outside strings JSON is printable ASCII and line feeds: whatever else does not print is inside one, where an
    # escape may stand for it.
    return "".join(c if c.isprintable() or c == "\n" or c in JOINERS else _json_escape(c) for c in text)


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))
