"""Keyset cursors: a page goes on behind the row that it names, however deep that stands in the list."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

from streams.console.store.filters import MOST_ROWS, PageOf
from streams.console.store.results import Found

__all__ = ["CursorError", "Keyset", "every_row", "page_rows"]

_MOST: Final = 2**63 - 1
_Row = TypeVar("_Row")


class CursorError(ValueError):
    """A cursor that no page gave, or a size that no page has. The message is for people."""


class Keyset:
    """Where a page begins, in a list by the columns `by` and `tie`, both whole numbers, highest first.

    `where` and `values` are a condition to add, `order` the order to ask for, `limit` how many rows: one more than the
    page has tells whether there is another.
    """

    def __init__(self, page: PageOf, by: str, tie: str) -> None:
        if not 1 <= page.size <= MOST_ROWS:
            raise CursorError(f"a page has 1 to {MOST_ROWS:,} rows, not {page.size:,}")
        if page.after and page.before:
            raise CursorError("a page is after one row or before one, not both")
        self.page = page
        self.backwards = bool(page.before)
        self.limit = page.size + 1
        direction = "ASC" if self.backwards else "DESC"
        self.order = f"{by} {direction}, {tie} {direction}"
        self.where, self.values = "1", tuple[int, ...]()
        if cursor := page.before or page.after:
            self.where = f"({by}, {tie}) {'>' if self.backwards else '<'} (?, ?)"
            self.values = _read(cursor)


def page_rows(keyset: Keyset, found: Sequence[Any]) -> tuple[list[Any], str | None, str | None]:
    """The rows of the page in the order of the list, the cursor of the next and that of the previous page.

    Every row found begins with the two numbers of its cursor. At most `keyset.limit` are found.
    """
    more = len(found) > keyset.page.size
    rows = list(found[: keyset.page.size])
    if keyset.backwards:
        rows.reverse()
    if not rows:
        return rows, None, None
    has_next = keyset.backwards or more
    has_previous = more if keyset.backwards else bool(keyset.page.after)
    return rows, _written(rows[-1]) if has_next else None, _written(rows[0]) if has_previous else None


def _written(row: Sequence[int] | sqlite3.Row) -> str:
    return f"{row[0]}.{row[1]}"


def _read(cursor: str) -> tuple[int, int]:
    first, _, second = cursor.partition(".")
    try:
        numbers = int(first, 10), int(second, 10)
    except ValueError:
        numbers = _MOST + 1, 0
    if len(cursor) > 41 or not cursor.isascii() or not all(-_MOST <= number <= _MOST for number in numbers):
        raise CursorError(f"{cursor[:50]!r} is no cursor: take those that a page links to")
    return numbers


def every_row(ask: Callable[[PageOf], Found[_Row]], size: int = MOST_ROWS) -> Iterator[_Row]:
    """All rows of a list, for which it is asked page by page."""
    after: str | None = ""
    while after is not None:
        found = ask(PageOf(size=size, after=after))
        yield from found.rows
        after = found.next
