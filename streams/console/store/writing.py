"""Writes records to a store, with how far each topic was read in the same transaction.

Knows no broker: what it is given is what one partition, or file, has next. A record that nobody can read is counted
and passed over.
"""

import sqlite3
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import msgspec
from msgspec import Struct

from streams.console.store.evidence_rows import EvidenceRows
from streams.console.store.last_records import Refused, Rows
from streams.console.store.record_rows import RecordRows
from streams.console.store.rosters import CHUNK_COLUMNS, roster_of_chunks
from streams.console.store.subject_rows import SubjectRows
from streams.console.store.tables import create_tables, finish_tables, pack
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_log import RosterLog, RosterRecordError
from streams.faust_driver.batches import Record

__all__ = ["TAKEN", "PartitionPart", "StoreWriter"]

TAKEN: Final = (
    "officials",
    "coverage",
    "corrections",
    "notifications",
    "alerts",
    "aftermaths",
    "dossiers",
    "amplifications",
    "evidence",
)
"""The topics that a store holds, the small ones first."""

_CACHE_KIB: Final = 65_536  # the keys of a million subjects; half of what a feed may have
_SHOWN: Final = 300  # characters of an error that the status repeats

_encode: Final = msgspec.json.Encoder().encode


class PartitionPart(Struct, frozen=True, kw_only=True):
    """What one partition of a topic (plain name) has next. `next` is the offset behind it, also behind what
    transactions leave in the log; `first` is the oldest that the log has, where that has changed. `marks` are the
    feed's own. `from_beginning`: the first of a partition that is read from its beginning once more.
    """

    topic: str
    partition: int
    records: Sequence[Record]
    next: int
    first: int = 0
    marks: bytes = b""
    from_beginning: bool = False


class StoreWriter:
    """One file, which one process writes. `bulk` is for building: no indexes, and nothing survives a crash.

    Raises `sqlite3.Error` where the disk is full or the file is broken.
    """

    def __init__(self, db: sqlite3.Connection, path: Path, *, bulk: bool) -> None:
        self.path = path
        self._db = db
        self._roster_log = RosterLog()
        self._counts: Counter[str] = Counter()
        self._broken: Counter[str] = Counter()
        self._set_bulk(bulk)

    @classmethod
    def create(cls, path: Path, *, kind: str, origin: str) -> Self:
        """A store that is to be built in a file that is not there yet."""
        db = _connect(path)
        # Who is killed meanwhile begins again: the file is in nobody's use before it is finished.
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        create_tables(db)
        writer = cls(db, path, bulk=True)
        writer._tell({"kind": kind, "origin": origin})
        return writer

    @classmethod
    def open(cls, path: Path) -> Self:
        """A finished store."""
        db = _connect(path)
        _make_durable(db)
        writer = cls(db, path, bulk=False)
        writer._counts.update({name: int(value) for name, value in writer.about("count:").items()})
        return writer

    def about(self, prefix: str = "") -> dict[str, str]:
        """What the store says of itself under names that begin so, without that."""
        rows = self._db.execute("SELECT name, value FROM about")
        return {name.removeprefix(prefix): value for name, value in rows if name.startswith(prefix)}

    def places(self) -> dict[tuple[str, int], tuple[int, bytes]]:
        """By topic and partition: the offset to go on from, and the marks."""
        rows = self._db.execute("SELECT topic, partition, next, marks FROM places")
        return {(topic, partition): (following, marks) for topic, partition, following, marks in rows}

    def take(self, parts: Sequence[PartitionPart]) -> None:
        """Write what several partitions have next, in one transaction."""
        with self._db:
            self._db.execute("BEGIN")
            for part in parts:
                self._take(part)
            self._tell({f"count:{name}": str(count) for name, count in self._counts.items()})

    def put_newest_roster_in_force(self) -> None:
        """The newest roster of the evidence is the one in force, where no topic says which is."""
        row = self._db.execute(
            "SELECT digest FROM roster_chunks ORDER BY written_ms DESC, rowid DESC LIMIT 1"
        ).fetchone()
        if row is None:
            return
        found = roster_of_chunks(
            row[0],
            self._db.execute(f"SELECT {CHUNK_COLUMNS} FROM roster_chunks WHERE digest = ?", row).fetchall(),  # noqa: S608
        )
        if found.roster is not None:
            with self._db:
                self._db.execute("BEGIN")
                self._put_roster(found.roster, found.reason, correction=found.correction, written_ms=0)

    def finish(self) -> None:
        """The file becomes a store: with its indexes, durable from now on."""
        finish_tables(self._db)
        self._set_bulk(False)
        self._tell({"built_ms": str(time.time_ns() // 1_000_000)})
        _make_durable(self._db)

    def say_checked(self, at_ms: int) -> None:
        """Everything that there was at that time has been read."""
        self._tell({"checked_ms": str(at_ms)})

    def close(self) -> None:
        """Close the file. Nothing may be written any more."""
        self._db.close()

    def _set_bulk(self, bulk: bool) -> None:
        subjects = SubjectRows(self._db, self._counts, bulk=bulk)
        records = RecordRows(self._db, self._counts, subjects, bulk=bulk)
        self._rows: Mapping[str, Rows] = {
            "dossiers": subjects.take,
            "amplifications": records.take_amplifications,
            "alerts": records.take_alerts,
            "aftermaths": records.take_aftermaths,
            "corrections": records.take_corrections,
            "notifications": records.take_notifications,
            "coverage": records.take_coverage,
            "evidence": EvidenceRows(self._db, self._counts).take,
            "officials": self._take_officials,
        }
        self._records = records

    def _take(self, part: PartitionPart) -> None:
        refused = self._rows[part.topic](part.partition, part.records)
        if part.topic == "amplifications" and part.first:
            self._records.forget_amplifications(part.partition, part.first)
        newest_ms = max((record.timestamp for record in part.records), default=0)
        self._db.execute(
            "INSERT INTO places (topic, partition, first, next, newest_ms, records, marks) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET first = max(first, excluded.first), next = excluded.next, "
            "newest_ms = max(newest_ms, excluded.newest_ms), records = records * ? + excluded.records, "
            "marks = CASE excluded.marks WHEN X'' THEN marks ELSE excluded.marks END",
            (
                *(part.topic, part.partition, part.first, part.next, newest_ms, len(part.records), part.marks),
                not part.from_beginning,
            ),
        )
        if refused:
            offset, why = refused[-1]
            self._db.execute(
                "INSERT INTO broken (topic, records, last_place, last_error) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE "
                "SET records = records + excluded.records, last_place = excluded.last_place, "
                "last_error = excluded.last_error",
                (part.topic, len(refused), f"{part.topic}/{part.partition}@{offset}", why[:_SHOWN]),
            )

    def _take_officials(self, _partition: int, records: Sequence[Record]) -> Refused:
        refused: Refused = []
        for record in records:
            try:
                roster = self._roster_log.apply(record.key or b"", record.value)
            except RosterRecordError as error:
                refused.append((record.offset, str(error)))
                continue
            if roster is not None and (manifest := self._roster_log.manifest) is not None:
                self._put_roster(roster, manifest.reason, correction=manifest.correction, written_ms=record.timestamp)
        return refused

    def _put_roster(self, roster: Roster, reason: str, *, correction: bool, written_ms: int) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO roster_in_force (id, digest, reason, correction, written_ms, body) "
            "VALUES (1, ?, ?, ?, ?, ?)",
            (roster.digest, reason, correction, written_ms, pack(_encode(roster.entries))),
        )

    def _tell(self, about: Mapping[str, str]) -> None:
        self._db.executemany("INSERT OR REPLACE INTO about (name, value) VALUES (?, ?)", about.items())


def _connect(path: Path) -> sqlite3.Connection:
    # Made in one thread and used in others, one after the other.
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    db.execute("PRAGMA secure_delete = FAST")  # what is withheld is to be gone from the file, too
    return db


def _make_durable(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")  # the last seconds may be lost, and are read again
