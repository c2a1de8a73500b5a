"""The store under a ledger: one SQLite file of records, what is derived from them, and the transactions around both.

Owns writing and forgetting. What is asked of it is `streams.ledger.sqlite`, and whether a file may be used or must be
rebuilt `streams.ledger.ledger_file`.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.core.watching.ledger import Record, decode_record, encode_record, record_key
from streams.core.watching.records import Entry
from streams.ledger.row_buffer import RowBuffer
from streams.ledger.tables import SCHEMA, SCHEMA_VERSION, rows_of

__all__ = ["GRACE_US", "LOOKED_THROUGH", "RecordStore"]

# A worker may hold the ledgers of eight partitions and more: 32 MB each stay far below a gigabyte. What is read often
# is in the operating system's cache as well, which nobody has to share out.
_CACHE_KB: Final = 32_768
_CHECKPOINT_PAGES: Final = 4_000  # 16 MB of log: a page that changes often is written to the tables once
_DAY_US: Final = 86_400_000_000
GRACE_US: Final = 7 * _DAY_US
"""How long a record stays at least, by the clock: as long as country-events are kept. So what an old file or a new
worker brings is judged together with all it belongs to, however old it is.
"""
# Of a State's oldest records: half a millisecond. Where all of them came within the grace, an old file is being read,
# and the State waits for it.
LOOKED_THROUGH: Final = 5_000

# Records that were looked up last, found or not: what is put was nearly always asked for just before, and a batch asks
# for the same accounts over and over. With their bytes a few megabytes.
_REMEMBERED: Final = 2_048
# Of the keys in one question: SQLite prepares few statements, and none with more than it has names for.
_READ_TOGETHER: Final = 128

_FIND: Final = "SELECT record, value FROM records WHERE key = ?"
_KEY: Final = "SELECT key FROM records WHERE record = ?"


class _Stored(Struct):
    """A record as it stands in the tables: its number, its bytes, and what they say once somebody asked for that."""

    number: int
    value: bytes
    record: Record | None = None


class RecordStore:
    """Records by key, in one SQLite file, made if it is not there, or in memory. For one owner, who closes it.

    Between `begin` and `commit` or `rollback` everything is one transaction; outside each call is its own. On disk the
    log is written ahead (WAL) and synced only when it is moved into the tables: after a crash of the process nothing
    that was committed is missing, after a crash of the machine the last commits may be, and the file is whole in both
    cases. Since `facts` are part of the transaction, what is missing is known and comes from the changelog again.

    Whatever a record holds is only ever a bound parameter. Times and fingerprints are signed 64-bit numbers. Raises
    `sqlite3.DatabaseError` for a file that is none of ours or broken, and `sqlite3.OperationalError` for a full disk.
    """

    def __init__(self, path: Path | str = ":memory:") -> None:
        self._on_disk = str(path) != ":memory:"
        self._db = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False)
        self._changes: dict[bytes, bytes | None] = {}
        self._rows = RowBuffer(self._db)
        self._remembered: dict[bytes, _Stored | None] = {}
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise
        self._entries = int(self.fact("entries") or 0)

    def _prepare(self) -> None:
        run = self._db.execute
        if self._on_disk:
            run("PRAGMA locking_mode = EXCLUSIVE")
            run("PRAGMA journal_mode = WAL")
            run("PRAGMA synchronous = NORMAL")
            run(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        run(f"PRAGMA cache_size = -{_CACHE_KB}")
        run("PRAGMA temp_store = MEMORY")
        version = run("PRAGMA user_version").fetchone()[0]
        if version == 0 and run("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
            run("BEGIN")
            for statement in SCHEMA:
                run(statement)
            run("COMMIT")
        elif version != SCHEMA_VERSION:
            raise sqlite3.DatabaseError(f"a ledger of version {version}, not {SCHEMA_VERSION}")

    def __len__(self) -> int:
        """How many entries (officials' posts) it holds."""
        return self._entries

    @property
    def size_bytes(self) -> int:
        """The size of its tables, on disk or in memory."""
        pages: int = self._db.execute("PRAGMA page_count").fetchone()[0]
        return pages * int(self._db.execute("PRAGMA page_size").fetchone()[0])

    # Transactions, and what goes into the changelog with them.

    def begin(self) -> None:
        """Begin a transaction."""
        self._rows.begin()
        self._db.execute("BEGIN")

    def commit(self) -> None:
        """Keep what was done since `begin`."""
        self._rows.write_all()
        self.note("entries", self._entries)
        self._db.execute("COMMIT")

    def rollback(self) -> None:
        """Undo everything since `begin`; it is in no `flush` either."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._rows.drop()
        self._remembered.clear()
        self._changes = {}
        self._entries = int(self.fact("entries") or 0)

    def flush(self) -> dict[bytes, bytes | None]:
        """The bytes of each record put since the last call, by key; `None` for one that was discarded."""
        changes, self._changes = self._changes, {}
        return changes

    def restore(self, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Apply what a changelog says, in its order, and note it as no change. What is applied twice stays the same.

        Raises `msgspec.DecodeError` or `ValueError` on a record that no ledger wrote.
        """
        for key, value in records:
            if value is None:
                self._remove(key)
                continue
            record = decode_record(value)
            if record_key(record) != key:
                raise ValueError(f"the changelog has {record_key(record)!r} under another key")
            self._write(key, value, record)

    def fact(self, name: str) -> int | str | bytes | None:
        """What was noted under a name."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def note(self, name: str, value: int | str | bytes) -> None:
        """Keep a fact about the ledger itself: how far the changelog is applied, say."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def close(self) -> None:
        """Close the file; an open transaction is undone."""
        self._db.close()

    # Records.

    def get(self, key: bytes) -> Record | None:
        """The record of a key, `None` if there is none."""
        found = self._find(key)
        return None if found is None else self._read(found)

    def read_ahead(self, keys: Iterable[bytes]) -> None:
        """See `Ledger`."""
        wanted = list(dict.fromkeys(keys))
        unread = [key for key in wanted if key not in self._remembered]
        if self._make_room(len(unread)):
            unread = wanted[:_REMEMBERED]
        question = f"SELECT key, record, value FROM records WHERE key IN ({', '.join('?' * _READ_TOGETHER)})"  # noqa: S608  # marks
        for begin in range(0, len(unread), _READ_TOGETHER):
            part = unread[begin : begin + _READ_TOGETHER]
            self._remembered.update(dict.fromkeys(part))
            # As bytearray: for each parameter that is bytes sqlite3 looks for an adapter first, 0.4 µs of 1.4 a key.
            filled = [*map(bytearray, part)] + [bytearray(part[-1])] * (_READ_TOGETHER - len(part))
            for key, number, value in self._db.execute(question, filled):
                self._remembered[key] = _Stored(number, value)

    def put(self, record: Record) -> None:
        """Keep a record in place of the one with its key. One that is already there, byte for byte, is no change."""
        key, value = record_key(record), encode_record(record)
        if self._write(key, value, record):
            self._changes[key] = value

    def discard(self, key: bytes) -> None:
        """Forget the record of a key, if there is one."""
        if self._remove(key):
            self._changes[key] = None

    # Forgetting.

    def past_grace(self, now_us: int) -> int:
        """The number up to which records have been here for longer than the grace of seven days of the clock `now_us`.

        To be asked now and then: it also takes the daily mark that a later answer rests on.
        """
        run = self._db.execute
        self._rows.write_records()
        newest = run("SELECT max(taken_us) FROM marks").fetchone()[0]
        if newest is None or newest < now_us - _DAY_US:
            run("INSERT OR REPLACE INTO marks SELECT ?, coalesce(max(record), 0) FROM records", (now_us,))
        past_grace = run("SELECT max(taken_us), record FROM marks WHERE taken_us <= ?", (now_us - GRACE_US,)).fetchone()
        if past_grace[0] is None:
            return 0
        run("DELETE FROM marks WHERE taken_us < ?", (past_grace[0],))
        return int(past_grace[1])

    def forget(self, country: str, before_us: int, past_grace: int, limit: int) -> int:
        """Discard up to `limit` of the State's oldest entries, unmatched deletions and texts: older than `before_us` in
        event time, and with a number up to `past_grace`. Returns how many; they are changes, so the changelog forgets
        them too.
        """
        question = (
            "SELECT record FROM (SELECT record FROM ages WHERE country = ? AND at_us < ? ORDER BY at_us LIMIT ?) "
            "WHERE record <= ? LIMIT ?"
        )
        self._rows.write("ages")
        numbers = self._db.execute(question, (country, before_us, LOOKED_THROUGH, past_grace, limit)).fetchall()
        for (number,) in numbers:
            self.discard(self._db.execute(_KEY, (number,)).fetchone()[0])
        return len(numbers)

    # How it is done.

    def _write(self, key: bytes, value: bytes, record: Record) -> bool:
        """Whether that changed anything."""
        found = self._find(key)
        if found is None:
            number = self._rows.insert(key, value)
            self._rows.replace(key, {}, rows_of(record, number))
            self._count(record, 1)
        elif found.value == value:
            return False
        else:
            number = found.number
            self._rows.replace(key, rows_of(self._read(found), number), rows_of(record, number))
            self._rows.update(number, value)
        self._remembered[key] = _Stored(number, value, record)
        self._written()
        return True

    def _remove(self, key: bytes) -> bool:
        """Whether there was anything to remove."""
        found = self._find(key)
        if found is None:
            return False
        record = self._read(found)
        self._rows.replace(key, rows_of(record, found.number), {})
        self._rows.delete(found.number)
        self._remembered[key] = None
        self._count(record, -1)
        self._written()
        return True

    def _find(self, key: bytes) -> _Stored | None:
        if key in self._remembered:
            return self._remembered[key]
        row = self._db.execute(_FIND, (key,)).fetchone()
        found = None if row is None else _Stored(row[0], row[1])
        self._make_room()
        self._remembered[key] = found
        return found

    def _make_room(self, more: int = 1) -> bool:
        """Whether all is forgotten: a record that waits is remembered, so it is written before."""
        if len(self._remembered) + more <= _REMEMBERED:
            return False
        self._rows.write_records()
        self._remembered.clear()
        return True

    def _read(self, found: _Stored) -> Record:
        if found.record is None:
            found.record = self._decoded(found.value)
        return found.record

    def _written(self) -> None:
        if not self._db.in_transaction:
            self._rows.write_all()

    def _count(self, record: Record, more: int) -> None:
        if isinstance(record, Entry):
            self._entries += more
            if not self._db.in_transaction:
                self.note("entries", self._entries)

    def _decoded(self, value: bytes) -> Record:
        try:
            return decode_record(value)
        except msgspec.DecodeError as error:
            raise sqlite3.DatabaseError("a record in the ledger's file is broken") from error
