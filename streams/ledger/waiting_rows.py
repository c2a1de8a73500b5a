"""Derived rows on their way into their tables, a batch at a time, and where a State's segments begin and end.

Written one by one the rows take WATCH a twelfth more processor time for a post, with all it does for it.
"""

import sqlite3
from collections import defaultdict
from typing import Any

from streams.ledger.tables import INSERTS, REMOVALS, SEGMENTED, Rows

__all__ = ["WaitingRows"]


class WaitingRows:
    """Rows of one database, by table. Whoever asks a table, or commits, has its rows written first."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._waiting: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._segments: dict[tuple[str, str], range] = {}

    def replace(self, before: Rows, after: Rows) -> None:
        """Put the rows `after` in place of `before`."""
        for table, rows in before.items():
            if rows != after.get(table):
                self.write(table)  # some of them may be among those that wait
                self._db.executemany(REMOVALS[table], rows)
        for table, rows in after.items():
            if rows != before.get(table):
                self._waiting[table] += rows
                if table in SEGMENTED:
                    country, segment = rows[0][:2]  # as all rows of one record
                    if segment not in self._segments.get((table, country), (segment,)):
                        del self._segments[table, country]

    def segments(self, table: str, country: str) -> range:
        """The segments in which a table may have rows of a State: the last answer, until a row falls outside it or a
        transaction begins. Writes what waits for the table.
        """
        self.write(table)
        known = self._segments.get((table, country))
        if known is None:
            # Two questions: SQLite goes straight to an end of the tree only where it is asked for one.
            first, last = [
                self._db.execute(f"SELECT {end}(segment) FROM {table} WHERE country = ?", (country,)).fetchone()[0]  # noqa: S608  # own names
                for end in ("min", "max")
            ]
            known = self._segments[table, country] = range(0) if first is None else range(first, last + 1)
        return known

    def begin(self) -> None:
        """A transaction begins: what was removed in the last one is seen."""
        self._segments.clear()

    def write(self, table: str) -> None:
        """Write what waits for a table."""
        rows = self._waiting.get(table)
        if rows:
            rows.sort()  # neighbours share a page
            self._db.executemany(INSERTS[table], rows)
            rows.clear()

    def write_all(self) -> None:
        """Write whatever waits."""
        for table in self._waiting:
            self.write(table)

    def drop(self) -> None:
        """Forget what waits: the transaction it belongs to is undone."""
        self._waiting.clear()
        self._segments.clear()
