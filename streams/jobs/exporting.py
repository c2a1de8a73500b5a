"""An enriched topic, or the part of it that somebody wants, put in order for a file: in memory that does not grow.

Records wait in a file of SQLite beside the output: it sorts them, and knows which of several is the last.
"""

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.core.clock import FIRST_US, to_us
from streams.core.enriched_topics import EnrichedTopic
from streams.errors import InputError
from streams.jobs.case_files import Records, record_of
from streams.kafka.enriched_log import StoredRecord
from streams.printable import printable

__all__ = ["Collected", "ExportFilter", "sorting_database"]

_TOGETHER: Final = 5_000
_CACHE_KB: Final = 16_384
_PAGE: Final = 16_384

_encode: Final = msgspec.json.Encoder().encode


class ExportFilter(Struct, frozen=True, kw_only=True):
    """What of a topic is wanted: records from `since` up to but not including `until`, of one State, of one rule; the
    last record of each thing or all of them. A record without a time is outside any span.
    """

    since: datetime | None = None
    until: datetime | None = None
    country: str | None = None
    rule: str | None = None
    all_versions: bool = False

    def takes(self, topic: EnrichedTopic, record: Any) -> bool:
        """Whether the record belongs to it."""
        if self.since is not None or self.until is not None:
            at = topic.time(record)
            if (
                at is None
                or (self.since is not None and at < self.since)
                or (self.until is not None and at >= self.until)
            ):
                return False
        return (self.country is None or self.country in topic.countries(record)) and (
            self.rule is None or self.rule == record.rule
        )


class Collected:
    """The records of one topic, or a part of it. `unreadable` counts those that no version of Antiphon wrote."""

    def __init__(self, database: sqlite3.Connection, topic: EnrichedTopic, part: ExportFilter) -> None:
        self._database = database
        self._topic = topic
        self._part = part
        self.unreadable = 0

    async def take_all(self, records: Records) -> None:
        """Read the topic to where it ends now. Raises what the reading raises."""
        waiting: list[tuple[bytes, bytes | None, int, bytes | None]] = []
        async with aclosing(records.read(self._topic.name)) as stream:
            async for stored in stream:
                if (head := self._head(stored)) is not None:
                    waiting.append(head)
                if len(waiting) == _TOGETHER:
                    self._insert(waiting)
                    waiting.clear()
        self._insert(waiting)

    def values(self, progress: Callable[[int], None] = lambda _done: None) -> Iterator[bytes]:
        """The records in the order of the topic's files, which depends on nothing but what they say; all versions of
        one thing in the order of the topic.
        """
        chosen = (
            "SELECT number FROM heads WHERE ordered IS NOT NULL ORDER BY ordered, identity, partition, number"
            if self._part.all_versions
            else "SELECT number FROM (SELECT max(number) AS number, ordered, identity FROM heads GROUP BY identity) "
            "WHERE ordered IS NOT NULL ORDER BY ordered, identity"
        )
        for done, (number,) in enumerate(self._database.execute(chosen), 1):
            [(value,)] = self._database.execute("SELECT value FROM bodies WHERE number = ?", (number,))
            if not done % _TOGETHER:
                progress(done)
            yield value

    def _head(self, stored: StoredRecord) -> tuple[bytes, bytes | None, int, bytes | None] | None:
        """Identity, place in the order, partition, value; without place and value where only the identity is wanted:
        what follows a record takes it out, also what is not of the part.
        """
        try:
            record = record_of(stored)
        except ValueError:
            self.unreadable += 1
            return None
        if record is None:
            return (_encode(stored.key.decode("utf-8", "replace")), None, stored.partition, None)
        identity = _encode(self._topic.identity(record))
        if not self._part.takes(self._topic, record):
            return (identity, None, stored.partition, None)
        return (identity, _sortable(self._topic.order(record)), stored.partition, stored.value)

    def _insert(self, heads: Sequence[tuple[bytes, bytes | None, int, bytes | None]]) -> None:
        execute = self._database.execute
        execute("BEGIN")
        for identity, ordered, partition, value in heads:
            made = execute(
                "INSERT INTO heads (identity, ordered, partition) VALUES (?, ?, ?)", (identity, ordered, partition)
            )
            if value is not None:
                execute("INSERT INTO bodies (number, value) VALUES (?, ?)", (made.lastrowid, value))
        execute("COMMIT")


def _sortable(order: object) -> bytes:
    """The same order as bytes: UTF-8 sorts as its code points do, and times have a fixed width."""
    parts = order if isinstance(order, tuple) else (order,)
    return b"\0".join(
        b"%020d" % (to_us(part) - FIRST_US) if isinstance(part, datetime) else str(part).encode() for part in parts
    )


@contextmanager
def sorting_database(path: Path) -> Iterator[sqlite3.Connection]:
    """An empty database in the folder of the output, for the block."""
    place = path.with_name(f".{path.name}-{secrets.token_hex(8)}.sorting")
    database: sqlite3.Connection | None = None
    try:
        database = sqlite3.connect(place, isolation_level=None)
        for pragma in (f"page_size = {_PAGE}", "journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KB}"):
            database.execute(f"PRAGMA {pragma}")
        database.execute(
            "CREATE TABLE heads (number INTEGER PRIMARY KEY, identity BLOB, ordered BLOB, partition INTEGER)"
        )
        database.execute("CREATE TABLE bodies (number INTEGER PRIMARY KEY, value BLOB)")
        yield database
    except (sqlite3.Error, OSError) as error:
        raise InputError(
            f"{printable(str(path.parent))}: the records cannot be sorted there: {error}",
            remedy="make room: it takes as much as the records do, or name a file elsewhere",
        ) from error
    finally:
        if database is not None:
            database.close()
        place.unlink(missing_ok=True)
