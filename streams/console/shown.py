"""Text from outside as pages and figures show it: on one line, in one direction, and within the line that it is on."""

from typing import Final
from unicodedata import category

from streams.printable import printable

__all__ = ["MOST_MARKS", "shown"]

MOST_MARKS: Final = 4
"""Marks on one letter that are drawn. Hebrew with all its signs has as many; a hundred reach into the rows above."""
_MARKS: Final = frozenset({"Mn", "Me"})


def shown(text: str, most: int | None = None) -> str:
    """The text in at most `most` characters of it, with escapes for what steers the direction of writing, does not
    print, or is one mark too many on a letter.
    """
    words = printable(text, most)
    if words.isascii() or sum(category(char) in _MARKS for char in words) <= MOST_MARKS:
        return words
    kept: list[str] = []
    marks = 0
    for char in words:
        marks = marks + 1 if category(char) in _MARKS else 0
        kept.append(char if marks <= MOST_MARKS else char.encode("ascii", "backslashreplace").decode())
    return "".join(kept)
