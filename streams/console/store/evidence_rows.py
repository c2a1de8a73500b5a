"""The rows of evidence: raw events with whom they name, versions of alerts, rosters and rules.

What is withheld has a row without its bytes, whatever comes under its key later, and no word or account finds it.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from streams.console.store.last_records import Refused
from streams.console.store.searching import folded_text
from streams.console.store.tables import pack, unpack
from streams.core.clock import to_us
from streams.core.evidence import (
    EvidenceEntry,
    EvidenceKey,
    EvidenceRecordError,
    read_evidence_record,
)
from streams.core.evidence_retention import accounts_of
from streams.events import Deletion, Event, Post, Retweet, decode_event
from streams.faust_driver.batches import Record
from streams.refusal import DECODE_ERRORS

__all__ = ["EvidenceRows", "deletion_name"]

_Known: TypeAlias = tuple[int, bytes | None] | None

# The table of each kind, and by which columns of it a key is known.
_TABLES: Final[dict[str, tuple[str, str]]] = {
    "event": ("events", "sha256 = ? AND platform = ? AND kind = ? AND event = ?"),
    "alert": ("alert_versions", "alert = ? AND sha256 = ?"),
    "roster": ("roster_chunks", "digest = ? AND chunk = ?"),
    "rules": ("rule_files", "digest = ?"),
}


class EvidenceRows:
    """Writes them."""

    def __init__(self, db: sqlite3.Connection, counts: Counter[str]) -> None:
        self._db = db
        self._counts = counts

    def take(self, _partition: int, records: Sequence[Record]) -> Refused:
        """The next records of a partition of `evidence`."""
        refused: Refused = []
        for record in records:
            try:
                entry = read_evidence_record(record.key, record.value, record.headers, record.timestamp)
            except EvidenceRecordError as error:
                refused.append((record.offset, str(error)))
                continue
            self._apply(entry, record.offset)
        return refused

    def _apply(self, entry: EvidenceEntry, place: int) -> None:
        """As `EvidenceFold` does: a marker stands whatever comes, and else the last record of a key."""
        key = str(entry.key)
        marked = self._db.execute("SELECT reason, sha256 FROM withheld WHERE key = ?", (key,)).fetchone()
        if entry.marker:
            self._db.execute("INSERT OR REPLACE INTO withheld VALUES (?, ?, ?)", (key, entry.sha256, entry.withheld))
        elif marked is not None:
            return
        self._remove(entry.key)
        if entry.value is not None or entry.withheld:
            self._put(entry, place)

    def _remove(self, key: EvidenceKey) -> None:
        table, condition = _TABLES[key.kind]
        values = _values(key)
        if key.kind == "event":
            known: _Known = self._db.execute(f"SELECT id, body FROM events WHERE {condition}", values).fetchone()  # noqa: S608
            if known is not None:
                self._forget_words(*known)
        if key.kind == "rules":
            self._db.execute("DELETE FROM rules_of_files WHERE digest = ?", values)
        gone = self._db.execute(f"DELETE FROM {table} WHERE {condition}", values).rowcount  # noqa: S608  # own names
        self._counts[table] -= gone

    def _forget_words(self, number: int, body: bytes | None) -> None:
        self._db.execute("DELETE FROM event_accounts WHERE event = ?", (number,))
        text = "" if body is None else _text_of(_event_of(unpack(body)))
        if text:
            self._db.execute(
                "INSERT INTO event_words (event_words, rowid, text) VALUES ('delete', ?, ?)", (number, text)
            )

    def _put(self, entry: EvidenceEntry, place: int) -> None:
        key, body = entry.key, None if entry.value is None else pack(entry.value)
        match key.kind:
            case "event":
                self._put_event(entry, body)
            case "alert":
                self._insert(
                    "alert_versions", (None, key.id, key.digest, entry.written_ms, place, body, entry.withheld)
                )
            case "roster":
                self._insert(
                    "roster_chunks",
                    (
                        *(key.digest, key.chunk, entry.chunks, entry.sha256, entry.written_ms),
                        *(entry.reason, entry.correction, entry.withheld, body),
                    ),
                )
            case "rules":
                rules = ",".join(entry.rule_digests)
                self._insert("rule_files", (key.digest, rules, entry.written_ms, entry.sha256, entry.withheld, body))
                self._db.executemany(
                    "INSERT OR IGNORE INTO rules_of_files VALUES (?, ?)",
                    ((rule, key.digest) for rule in entry.rule_digests),
                )

    def _put_event(self, entry: EvidenceEntry, body: bytes | None) -> None:
        key, source = entry.key, entry.source
        event = None if entry.value is None else _event_of(entry.value)
        at_us = None if event is None else to_us(event.at)
        where = (None, None, None) if source is None else (source.topic, source.partition, source.offset)
        number = self._insert(
            "events",
            (
                *(None, key.platform, key.event_kind, key.id, key.digest, at_us),
                *(*where, entry.observed_at, entry.received_at, entry.withheld, body),
            ),
        )
        if event is None:
            return
        names = accounts_of(event)
        if isinstance(event, Deletion):
            names.add(deletion_name(event.platform, event.post_id))
        self._db.executemany("INSERT INTO event_accounts VALUES (?, ?, ?)", ((name, at_us, number) for name in names))
        if text := _text_of(event):
            self._db.execute("INSERT INTO event_words (rowid, text) VALUES (?, ?)", (number, text))

    def _insert(self, table: str, row: tuple[Any, ...]) -> int:
        self._counts[table] += 1
        number = self._db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row).lastrowid  # noqa: S608
        return number or 0


def deletion_name(platform: str, post_id: str) -> str:
    """By what a deletion is found among the events of accounts: no account has a space in its platform."""
    return f"{platform} deleted {post_id}"


def _values(key: EvidenceKey) -> tuple[object, ...]:
    match key.kind:
        case "event":
            return key.digest, key.platform, key.event_kind, key.id
        case "alert":
            return key.id, key.digest
        case "roster":
            return key.digest, key.chunk
        case "rules":
            return (key.digest,)


def _event_of(value: bytes) -> Event | None:
    try:
        return decode_event(value)
    except DECODE_ERRORS:
        return None  # of another version; its bytes are kept all the same


def _text_of(event: Event | None) -> str:
    text = event.text if isinstance(event, Post | Retweet) else None
    return folded_text(text) if text else ""
