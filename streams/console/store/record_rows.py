"""The rows of amplifications, alerts, aftermaths, corrections, notifications and coverage."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from streams.console.store.last_records import Refused, last_of_each
from streams.console.store.searching import folded_name, folded_text
from streams.console.store.subject_rows import SubjectRows
from streams.console.store.tables import pack
from streams.core.clock import to_us
from streams.core.corrections.correction import decode_correction
from streams.core.enriched import Alert, Amplification
from streams.core.enriched_topics import enriched_topic_named
from streams.core.notifications import decode_notification
from streams.core.rulebook.rules import SEVERITIES
from streams.core.subject_event import subject_key
from streams.events import Coverage, decode_event
from streams.faust_driver.batches import Record
from streams.refusal import DECODE_ERRORS
from streams.topic_names import AFTERMATHS, ALERTS, AMPLIFICATIONS

__all__ = ["RecordRows"]

_AMPLIFICATIONS: Final = enriched_topic_named(AMPLIFICATIONS)
_ALERTS: Final = enriched_topic_named(ALERTS)
_AFTERMATHS: Final = enriched_topic_named(AFTERMATHS)
_decode_amplification: Final = msgspec.json.Decoder(Amplification).decode
_RANK: Final = 2**60  # above every time in µs: by severity first, and then by time


class RecordRows:
    """Writes them. `bulk`: the words of alerts are indexed later, for all at once."""

    def __init__(self, db: sqlite3.Connection, counts: Counter[str], subjects: SubjectRows, *, bulk: bool) -> None:
        self._db = db
        self._counts = counts
        self._subjects = subjects
        self._bulk = bulk
        self._kinds: dict[tuple[str | bool, ...], int] = {}

    def take_amplifications(self, partition: int, records: Sequence[Record]) -> Refused:
        """The next records of a partition: of several with one id the last is valid."""
        refused: Refused = []
        rows: dict[tuple[str, str], tuple[Any, ...]] = {}
        for record in records:
            try:
                each = _decode_amplification(record.value or b"")
            except DECODE_ERRORS as error:
                refused.append((record.offset, str(error)))
                continue
            key, by = _AMPLIFICATIONS.key(each), each.official
            official = self._subjects.official(each.platform, by.id, by.handle, by.country, by.category)
            body = pack(record.value or b"")
            rows[key, each.id] = key, each.id, official, to_us(each.at), partition, record.offset, body
        before = self._db.total_changes
        self._db.executemany(
            "INSERT INTO amplifications (subject, event, official, at_us, partition, place, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (subject, event) DO NOTHING",
            rows.values(),
        )
        added = self._db.total_changes - before
        if added < len(rows):
            self._db.executemany(
                "UPDATE amplifications SET official = ?, at_us = ?, partition = ?, place = ?, body = ? "
                "WHERE subject = ? AND event = ? AND place < ?",
                ((*row[2:], *row[:2], row[5]) for row in rows.values()),
            )
        self._counts["amplifications"] += added
        return refused

    def forget_amplifications(self, partition: int, first: int) -> None:
        """Those that the topic has not any more."""
        gone = self._db.execute(
            "DELETE FROM amplifications WHERE partition = ? AND place < ?", (partition, first)
        ).rowcount
        self._counts["amplifications"] -= gone

    def take_alerts(self, partition: int, records: Sequence[Record]) -> Refused:
        """The next records of a partition."""
        last, refused = last_of_each(_ALERTS, records)
        for key, (record, alert) in last.items():
            known = self._db.execute("SELECT id, folded FROM alerts WHERE alert = ?", (key,)).fetchone()
            if known is not None:
                if not self._bulk:
                    self._db.execute(
                        "INSERT INTO alert_words (alert_words, rowid, folded) VALUES ('delete', ?, ?)", known
                    )
                self._db.execute("DELETE FROM alerts WHERE id = ?", known[:1])
                self._db.execute("DELETE FROM alert_bodies WHERE id = ?", known[:1])
            self._counts["alerts"] += (alert is not None) - (known is not None)
            if alert is None:
                continue
            number = self._next_alert() if known is None else known[0]
            row = (number, key, self._kind(alert), *_alert_row(alert), record.timestamp, _folded(alert))
            self._db.execute(f"INSERT INTO alerts VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608  # marks
            self._db.execute(
                "INSERT INTO alert_bodies VALUES (?, ?, ?)",
                (number, pack(record.value or b""), f"alerts/{partition}@{record.offset}"),
            )
            if not self._bulk:
                self._db.execute("INSERT INTO alert_words (rowid, folded) VALUES (?, ?)", (number, row[-1]))
        return refused

    def take_aftermaths(self, partition: int, records: Sequence[Record]) -> Refused:
        """The next records of a partition."""
        last, refused = last_of_each(_AFTERMATHS, records)
        db = self._db
        for key, (record, aftermath) in last.items():
            known = db.execute("SELECT id FROM aftermaths WHERE aftermath = ?", (key,)).fetchone()
            if known is not None:
                db.execute("DELETE FROM aftermaths WHERE id = ?", known)
                db.execute("DELETE FROM aftermath_bodies WHERE id = ?", known)
                db.execute("DELETE FROM successors WHERE aftermath = ?", known)
            self._counts["aftermaths"] += (aftermath is not None) - (known is not None)
            if aftermath is None:
                continue
            number = db.execute(
                "INSERT INTO aftermaths (id, aftermath, platform, subject, country, status, opened_us, written_ms) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    None if known is None else known[0],
                    key,
                    aftermath.platform,
                    subject_key(aftermath.platform, aftermath.subject.id),
                    aftermath.country,
                    aftermath.status,
                    to_us(aftermath.opened_at),
                    record.timestamp,
                ),
            ).fetchone()[0]
            place = f"aftermaths/{partition}@{record.offset}"
            db.execute("INSERT INTO aftermath_bodies VALUES (?, ?, ?)", (number, pack(record.value or b""), place))
            db.executemany(
                "INSERT OR IGNORE INTO successors VALUES (?, ?)",
                ((subject_key(aftermath.platform, each.subject.id), number) for each in aftermath.possible_successors),
            )
        return refused

    def take_corrections(self, _partition: int, records: Sequence[Record]) -> Refused:
        """The next records of a partition."""

        def row(record: Record) -> tuple[Any, ...]:
            each = decode_correction(record.value or b"")
            known = each.platform is not None and each.subject_id is not None
            subject = subject_key(each.platform or "", each.subject_id or "") if known else None
            return each.correction, each.about, subject, each.alert_id, to_us(each.at)

        return self._take_by_key("corrections", "correction, about, subject, alert, at_us", records, row)

    def take_notifications(self, _partition: int, records: Sequence[Record]) -> Refused:
        """The next records of a partition."""

        def row(record: Record) -> tuple[Any, ...]:
            each = decode_notification(record.value or b"")
            if each.alert_id.encode() != record.key:
                raise ValueError("the key is not the id of its alert")
            return (len(each.accepted),)

        return self._take_by_key("notifications", "states", records, row)

    def take_coverage(self, _partition: int, records: Sequence[Record]) -> Refused:
        """The next records of a partition. The last of an id is valid, whatever its key."""

        def row(record: Record) -> tuple[Any, ...]:
            each = decode_event(record.value or b"")
            if not isinstance(each, Coverage):
                raise ValueError(f"the record is of the kind {each.__struct_config__.tag}, not coverage")
            return each.platform, each.source, to_us(each.until or each.since or each.at)

        def name(record: Record) -> str:
            each = decode_event(record.value or b"")
            return f"{each.platform}/{each.id}"

        written = [record for record in records if record.value is not None]
        return self._take_by_key("coverage", "platform, source, at_us", written, row, name)

    def _take_by_key(
        self,
        table: str,
        columns: str,
        records: Sequence[Record],
        row: Callable[[Record], tuple[Any, ...]],
        name: Callable[[Record], str] = lambda record: (record.key or b"").decode(),
    ) -> Refused:
        refused: Refused = []
        for record in records:
            try:
                key = name(record)
                values = None if record.value is None else row(record)
            except (*DECODE_ERRORS, ValueError) as error:
                refused.append((record.offset, str(error)))
                continue
            gone = self._db.execute(f"DELETE FROM {table} WHERE key = ?", (key,)).rowcount  # noqa: S608  # own names
            self._counts[table] += (values is not None) - gone
            if values is not None:
                self._db.execute(
                    f"INSERT INTO {table} (key, {columns}, place, body) "  # noqa: S608  # own names
                    f"VALUES ({', '.join('?' * (len(values) + 3))})",
                    (key, *values, record.offset, pack(record.value or b"")),
                )
        return refused

    def _next_alert(self) -> int:
        """A number that no alert had before: a list of those since a number must not miss one."""
        self._counts["alert_numbers"] += 1
        return self._counts["alert_numbers"]

    def _kind(self, alert: Alert) -> int:
        superseded = alert.superseded_by is not None
        countries = ",".join(alert.countries)
        parts = alert.rule, alert.severity, alert.mode, alert.status, superseded, alert.platform, countries
        if (known := self._kinds.get(parts)) is not None:
            return known
        self._db.execute(
            "INSERT OR IGNORE INTO alert_kinds (rule, severity, mode, status, superseded, platform, countries) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            parts,
        )
        number: int = self._db.execute(
            "SELECT id FROM alert_kinds WHERE "
            "(rule, severity, mode, status, superseded, platform, countries) = (?, ?, ?, ?, ?, ?, ?)",
            parts,
        ).fetchone()[0]
        self._kinds[parts] = number
        return number


def _alert_row(alert: Alert) -> tuple[Any, ...]:
    fired_us = to_us(alert.fired_at)
    return (
        SEVERITIES.index(alert.severity) * _RANK + fired_us,
        subject_key(alert.platform, alert.subject.id),
        alert.subject.id,
        alert.subject.handle,
        alert.subject.name,
        fired_us,
        to_us(alert.as_of),
        to_us(alert.expires_at),
        alert.summary,
        alert.rule_digest,
    )


def _folded(alert: Alert) -> str:
    return f"{folded_name(alert.subject.handle, alert.subject.name, alert.subject.id)} {folded_text(alert.summary)}"
