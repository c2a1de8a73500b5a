"""What is read of a list: entries with their cells, and what could not be read. Knows no column's meaning."""

from typing import Final

from msgspec import Struct

from streams.core.rosters.roster_problems import shown

__all__ = ["HANDLE", "NAME", "CellError", "Guessed", "Listed", "Untaken", "cell"]

HANDLE: Final = "handle"
NAME: Final = "name"
"""The columns under which lists without columns are given: bare handles, and the keys of a map of entries."""


class Listed(Struct, frozen=True):
    """One entry of a list: where it stands, such as `line 12`, and its cells by the list's own names of columns."""

    place: str
    cells: dict[str, str]


class Guessed(Struct, frozen=True):
    """The encoding that a file is read in, where nothing in it says so: names may be wrong, handles and ids are not."""

    encoding: str


class Untaken(Struct, frozen=True):
    """Something in a list that no roster gets: where, under which column of a roster, why, and what to do about it.

    Printable and bounded, whatever the list holds.
    """

    place: str
    column: str
    what: str
    remedy: str


class CellError(ValueError):
    """A cell that cannot be taken; `column` is the roster's."""

    def __init__(self, column: str, what: str, remedy: str) -> None:
        super().__init__(what)
        self.column = column
        self.what = what
        self.remedy = remedy

    def at(self, place: str) -> Untaken:
        """The same, with its place."""
        return Untaken(place, self.column, self.what, self.remedy)


def cell(value: str) -> str:
    """A foreign value as messages show it."""
    return shown(value)
