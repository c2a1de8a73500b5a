"""Text from outside as pages and figures show it: on one line, in one direction, and within the line that it is on."""

from typing import Final
from unicodedata import category

from streams.printable import printable

__all__ = ["MOST_MARKS", "shown"]

MOST_MARKS: Final = 4
"""Marks on one letter that are drawn, each once. Hebrew with all its signs has as many; a hundred reach into the rows
above, and so do three of the same.
"""
_MARKS: Final = frozenset({"Mn", "Me"})


def shown(text: str, most: int | None = None) -> str:
    """The text in at most `most` characters of it, with escapes for what steers the direction of writing or does not
    print. Marks that are too many on a letter are counted: `a[+116 marks]`.
    """
    words = printable(text, most)
    if words.isascii() or sum(category(char) in _MARKS for char in words) <= 1:
        return words
    kept: list[str] = []
    drawn: set[str] = set()
    more = 0
    for char in words:
        if category(char) not in _MARKS:
            kept += [_count(more), char] if more else [char]
            drawn.clear()
            more = 0
        elif len(drawn) < MOST_MARKS and char not in drawn and not more:
            drawn.add(char)
            kept.append(char)
        else:
            more += 1
    return "".join([*kept, _count(more)])


def _count(more: int) -> str:
    return f"[+{more:,} mark{'' if more == 1 else 's'}]" if more else ""
