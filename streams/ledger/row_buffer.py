"""Records and derived rows on their way into their tables, a batch at a time; where a State's segments begin and end.

Written one by one they take WATCH a sixth more processor time for a post, with all it does for it. So the question
that every post asks, which records share fingerprints with it, is answered here for those that wait.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Set as AbstractSet
from typing import Any

from streams.ledger.tables import INSERTS, PRINTS, REMOVALS, SEGMENTED, Rows

__all__ = ["RowBuffer"]


class RowBuffer:
    """Rows of one database, by table. Whoever asks a table, or commits, has its rows written first; the records before
    them.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._waiting: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._segments: dict[tuple[str, str], range] = {}
        self._new: dict[int, tuple[bytes, bytes]] = {}  # records that are in no table: by number key and value
        self._changed: dict[int, bytes] = {}  # values
        # By table and State the keys of the records that wait with a fingerprint.
        self._sharing: defaultdict[tuple[str, str], dict[int, list[bytes]]] = defaultdict(dict)
        self._next: int | None = None

    def insert(self, key: bytes, value: bytes) -> int:
        """A new record. Returns its number."""
        number = self._next
        if number is None:
            number = self._db.execute("SELECT coalesce(max(record), 0) + 1 FROM records").fetchone()[0]
        self._new[number] = key, value
        self._next = number + 1
        return number

    def update(self, number: int, value: bytes) -> None:
        """Another value for a record."""
        if number in self._new:
            self._new[number] = self._new[number][0], value
        else:
            self._changed[number] = value

    def delete(self, number: int) -> None:
        """A record is gone, its rows are already."""
        self.write_records()
        self._db.execute("DELETE FROM records WHERE record = ?", (number,))
        self._next = None

    def replace(self, key: bytes, before: Rows, after: Rows) -> None:
        """Put the rows `after` in place of `before`; both are of the record of that key."""
        for table, rows in before.items():
            if rows != after.get(table):
                self.write(table)  # some of them may be among those that wait
                self._db.executemany(REMOVALS[table], rows)
        for table, rows in after.items():
            if rows != before.get(table):
                self._waiting[table] += rows
                if table in PRINTS:
                    sharing = self._sharing[table, rows[0][0]]
                    for _country, _segment, fingerprint, _number in rows:
                        keys = sharing.setdefault(fingerprint, [])
                        if not keys or keys[-1] != key:  # once, as in the table
                            keys.append(key)

    def sharing(self, table: str, country: str, fingerprints: AbstractSet[int]) -> Counter[bytes]:
        """How many of these fingerprints each record has among the rows that wait for a table, by its key."""
        shared: Counter[bytes] = Counter()
        waiting = self._sharing.get((table, country))
        if waiting:
            for fingerprint in waiting.keys() & fingerprints:
                shared.update(waiting[fingerprint])
        return shared

    def segments(self, table: str, country: str) -> range:
        """The segments in which a table has rows of a State, besides those that wait: the last answer, until a row is
        written outside it or a transaction begins.
        """
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
        self._next = None

    def write(self, table: str) -> None:
        """Write what waits for a table."""
        self.write_records()
        rows = self._waiting.get(table)
        if rows:
            rows.sort()  # neighbours share a page
            self._db.executemany(INSERTS[table], rows)
            if table in SEGMENTED:
                for country, segment in {(row[0], row[1]) for row in rows}:
                    if segment not in self._segments.get((table, country), (segment,)):
                        del self._segments[table, country]
            rows.clear()
            if table in PRINTS:
                for name in [name for name in self._sharing if name[0] == table]:
                    del self._sharing[name]

    def write_records(self) -> None:
        """Write the records that wait."""
        if self._new:
            rows = [(number, key, value) for number, (key, value) in self._new.items()]
            self._db.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)
            self._new.clear()
        if self._changed:
            changed = sorted((number, value) for number, value in self._changed.items())
            self._db.executemany("UPDATE records SET value = ?2 WHERE record = ?1", changed)
            self._changed.clear()

    def write_all(self) -> None:
        """Write whatever waits."""
        self.write_records()
        for table in self._waiting:
            self.write(table)

    def drop(self) -> None:
        """Forget what waits: the transaction it belongs to is undone."""
        for waiting in (self._waiting, self._segments, self._new, self._changed, self._sharing):
            waiting.clear()
        self._next = None
