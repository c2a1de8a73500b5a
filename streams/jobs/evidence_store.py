"""The index of `evidence` in SQLite: events by what they name. A cache of the topic.

Owns the tables and how they are asked. What is in the topic, and what may be kept of it, is said from outside.
"""

import os
import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self

import msgspec
import zstandard
from msgspec import Struct

from streams.core.clock import to_us
from streams.core.corrections.terms import account_term, handles_of, prints_of, terms_of
from streams.core.subject_event import Coordinates
from streams.events import Event, decode_event
from streams.kafka.log_marks import Mark

__all__ = ["EvidenceStore", "ReadPosition", "StoredEvent"]

_VERSION: Final = 2
_TOGETHER: Final = 500  # values in one question
_CACHE_KIB: Final = 131_072
_TABLES: Final = """
CREATE TABLE events (
    number INTEGER PRIMARY KEY, key INTEGER NOT NULL UNIQUE, at_us INTEGER NOT NULL,
    topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX newest ON events (at_us);
CREATE TABLE terms (term INTEGER, number INTEGER, PRIMARY KEY (term, number)) WITHOUT ROWID;
CREATE TABLE prints (number INTEGER PRIMARY KEY, prints BLOB NOT NULL);
CREATE TABLE handles (
    handle INTEGER, account INTEGER, first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (handle, account)
) WITHOUT ROWID;
CREATE TABLE withheld (key INTEGER PRIMARY KEY, for_good INTEGER NOT NULL);
CREATE TABLE gone (account TEXT, subject TEXT, PRIMARY KEY (account, subject)) WITHOUT ROWID;
CREATE TABLE positions (
    partition INTEGER PRIMARY KEY, next INTEGER NOT NULL, mark BLOB NOT NULL, read_at_us INTEGER NOT NULL
);
"""


class StoredEvent(Struct, frozen=True):
    """An event, and where it stood in its raw topic."""

    event: Event
    source: Coordinates


class ReadPosition(Struct, frozen=True):
    """How far a partition was read, the mark of the last record, and when that was."""

    next: int
    mark: Mark
    read_at_us: int


class EvidenceStore:
    """One file. Implements `streams.core.corrections.selection.EvidenceLookup`. A context manager.

    Raises `sqlite3.DatabaseError` for a file that is none, or of another version.
    """

    def __init__(self, path: Path | str) -> None:
        if path != ":memory:":
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))  # for its owner alone
        self.losses = 0
        """How often something went, or came to be known to be gone, since the file was opened."""
        self._asked_prints: set[int] = set()
        self._with_prints: set[int] = set()
        self._prints_until = 0
        self._db = sqlite3.connect(path, isolation_level=None)
        self._pack = zstandard.ZstdCompressor(level=1).compress
        self._unpack = zstandard.ZstdDecompressor().decompress
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA secure_delete = ON")  # what is withheld is overwritten
        self._db.execute("PRAGMA synchronous = OFF")  # a cache: what a power cut takes is read again
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
        elif version != _VERSION:
            self._db.close()
            raise sqlite3.DatabaseError(f"the file has version {version}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __len__(self) -> int:
        found: int = self._db.execute("SELECT count(*) FROM events").fetchone()[0]
        return found

    @contextmanager
    def whole(self) -> Iterator[None]:
        """What is done in the block is kept whole, or not at all."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def put(self, key: int, payload: bytes, event: Event, source: Coordinates) -> None:
        """Keep an event under the hash of its key, unless it is withheld. What is there already stands there again."""
        db = self._db
        if db.execute("SELECT 1 FROM withheld WHERE key = ? AND for_good", (key,)).fetchone():
            return
        place = source.topic, source.partition, source.offset
        known = db.execute("UPDATE events SET topic = ?, partition = ?, offset = ? WHERE key = ?", (*place, key))
        if known.rowcount:
            return
        row = key, to_us(event.at), *place, self._pack(payload)
        asked = "INSERT INTO events (key, at_us, topic, partition, offset, body) VALUES (?, ?, ?, ?, ?, ?)"
        number = db.execute(asked, row).lastrowid
        db.executemany("INSERT INTO terms VALUES (?, ?)", [(term, number) for term in terms_of(event)])
        handles = [(*each, number, number) for each in handles_of(event)]
        asked = "INSERT INTO handles VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET last = excluded.last"
        db.executemany(asked, handles)
        if prints := array("I", prints_of(event)):
            db.execute("INSERT INTO prints VALUES (?, ?)", (number, prints.tobytes()))

    def drop(self, key: int) -> Event | None:
        """Delete an event; returns it, `None` where it is not there."""
        row = self._db.execute("SELECT number, body FROM events WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        self.losses += 1
        number, body = row
        event = decode_event(self._unpack(body))
        self._db.executemany("DELETE FROM terms WHERE term = ? AND number = ?", [(t, number) for t in terms_of(event)])
        for each in handles_of(event):
            of = "WHERE handle = ? AND account = ?"
            self._db.execute(f"DELETE FROM handles {of} AND first = ? AND last = ?", (*each, number, number))  # noqa: S608
            self._db.execute(f"UPDATE handles SET first = last {of} AND first = ?", (*each, number))  # noqa: S608
            self._db.execute(f"UPDATE handles SET last = first {of} AND last = ?", (*each, number))  # noqa: S608
        self._forget_prints()
        self._db.execute("DELETE FROM prints WHERE number = ?", (number,))
        self._db.execute("DELETE FROM events WHERE number = ?", (number,))
        return event

    def withhold(self, key: int, *, for_good: bool) -> None:
        """Delete an event that nobody may keep; `for_good` also what comes later under that key."""
        self.drop(key)
        asked = (
            "INSERT INTO withheld VALUES (?, ?) ON CONFLICT DO UPDATE SET for_good = max(for_good, excluded.for_good)"
        )
        self._db.execute(asked, (key, for_good))

    @property
    def withheld(self) -> int:
        """Events that nobody may keep."""
        found: int = self._db.execute("SELECT count(*) FROM withheld").fetchone()[0]
        return found

    def note_gone(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Note which official (`platform:id`) engaged with which subject in events that are not kept any more."""
        self.losses += 1
        self._db.executemany("INSERT OR IGNORE INTO gone VALUES (?, ?)", pairs)

    def gone_of(self, accounts: Iterable[str]) -> dict[str, set[str]]:
        """The subjects with which these accounts engaged in events that are not kept any more, and who of them did."""
        found: dict[str, set[str]] = {}
        for account, subject in self._asked("SELECT account, subject FROM gone WHERE account IN", accounts):
            found.setdefault(subject, set()).add(account)
        return found

    def position(self, partition: int) -> ReadPosition | None:
        """How far a partition was read; `None` for never."""
        asked = "SELECT next, mark, read_at_us FROM positions WHERE partition = ?"
        row = self._db.execute(asked, (partition,)).fetchone()
        return None if row is None else ReadPosition(row[0], msgspec.msgpack.decode(row[1], type=Mark), row[2])

    def move(self, partition: int, position: ReadPosition) -> None:
        """Note how far a partition was read."""
        row = partition, position.next, msgspec.msgpack.encode(position.mark), position.read_at_us
        self._db.execute("INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?)", row)

    def engaged(self, platform: str, subject: str, officials: Iterable[str]) -> set[str]:
        """Which of the officials are named in an event that names the subject as well."""
        asked = (
            "SELECT 1 FROM terms s CROSS JOIN terms o ON o.term = ? AND o.number = s.number WHERE s.term = ? LIMIT 1"
        )
        term = account_term(platform, subject)
        return {each for each in officials if self._db.execute(asked, (account_term(platform, each), term)).fetchone()}

    def found_by(self, terms: Iterable[int]) -> set[int]:
        """See `EvidenceLookup`."""
        return {number for (number,) in self._asked("SELECT number FROM terms WHERE term IN", terms)}

    def called(self, handles: Iterable[int]) -> tuple[set[int], set[int]]:
        """See `EvidenceLookup`."""
        rows = list(self._asked("SELECT account, first, last FROM handles WHERE handle IN", handles))
        return {account for account, *_ in rows}, {number for _, *numbers in rows for number in numbers}

    def sharing(self, prints: set[int]) -> set[int]:
        """See `EvidenceLookup`. Goes through all texts, a microsecond each; asked once more for the same fingerprints,
        through those that came since. What was found for others is found again.
        """
        asked = self._asked_prints
        if new := prints - asked:
            self._find_prints(new, 0, self._prints_until)
            asked |= new
        until: int | None = self._db.execute("SELECT max(number) FROM prints").fetchone()[0]
        if asked and until is not None:
            self._find_prints(asked, self._prints_until + 1, until)
            self._prints_until = until
        return set(self._with_prints)

    def _find_prints(self, prints: set[int], first: int, last: int) -> None:
        rows = self._db.execute("SELECT number, prints FROM prints WHERE number BETWEEN ? AND ?", (first, last))
        for number, packed in rows:
            if not prints.isdisjoint(memoryview(packed).cast("I")):
                self._with_prints.add(number)

    def _forget_prints(self) -> None:
        """A number that is free now may be another text's."""
        self._asked_prints, self._with_prints, self._prints_until = set(), set(), 0

    def prints(self, numbers: Iterable[int]) -> set[int]:
        """See `EvidenceLookup`."""
        rows = self._asked("SELECT prints FROM prints WHERE number IN", numbers)
        return {each for (packed,) in rows for each in memoryview(packed).cast("I")}

    def events(self, numbers: Iterable[int]) -> Iterator[tuple[int, Event]]:
        """See `EvidenceLookup`."""
        for number, kept in self.kept(numbers):
            yield number, kept.event

    def kept(self, numbers: Iterable[int]) -> Iterator[tuple[int, StoredEvent]]:
        """As `events`, with where each stood, in the order of the numbers."""
        asked = "SELECT number, topic, partition, offset, body FROM events WHERE number IN"
        yield from map(self._kept, self._asked(asked, sorted(numbers), " ORDER BY number"))

    def _kept(self, row: tuple[int, str, int, int, bytes]) -> tuple[int, StoredEvent]:
        number, topic, partition, offset, body = row
        return number, StoredEvent(decode_event(self._unpack(body)), Coordinates(topic, partition, offset))

    @property
    def last(self) -> int:
        """The number of the event that was added last, 0 where there is none."""
        found: int | None = self._db.execute("SELECT max(number) FROM events").fetchone()[0]
        return found or 0

    def since(self, number: int) -> Iterator[tuple[int, StoredEvent]]:
        """The events that were added after that number, in the order of theirs."""
        asked = "SELECT number, topic, partition, offset, body FROM events WHERE number > ? ORDER BY number"
        yield from map(self._kept, self._db.execute(asked, (number,)))

    def every(self) -> set[int]:
        """See `EvidenceLookup`."""
        return {number for (number,) in self._db.execute("SELECT number FROM events")}

    @property
    def newest_us(self) -> int:
        """The time of the newest event (µs), 0 where there is none."""
        found: int | None = self._db.execute("SELECT max(at_us) FROM events").fetchone()[0]
        return found or 0

    @property
    def oldest_us(self) -> int:
        """The time of the oldest event (µs), 0 where there is none."""
        found: int | None = self._db.execute("SELECT min(at_us) FROM events").fetchone()[0]
        return found or 0

    def _asked(self, question: str, values: Iterable[int | str], end: str = "") -> Iterator[Any]:
        waiting = iter(values)
        while some := tuple(islice(waiting, _TOGETHER)):
            marks = ", ".join("?" * len(some))
            yield from self._db.execute(f"{question} ({marks}){end}", some)
