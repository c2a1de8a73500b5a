"""The rows of dossiers: what lists of subjects are made from, their States, and the officials behind them."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from streams.console.store.last_records import Refused, last_of_each
from streams.console.store.searching import folded_name
from streams.console.store.tables import NEVER_US, pack
from streams.core.clock import to_us
from streams.core.enriched import Dossier
from streams.core.enriched_topics import enriched_topic_named
from streams.core.subject_event import subject_key
from streams.faust_driver.batches import Record
from streams.topic_names import DOSSIERS

__all__ = ["SubjectRows"]

_TOPIC: Final = enriched_topic_named(DOSSIERS)
_COLUMNS: Final = 16
_MOST_KNOWN: Final = 200_000  # officials whose numbers are kept at hand


class SubjectRows:
    """Writes dossiers. `bulk`: the words are indexed later, for all at once."""

    def __init__(self, db: sqlite3.Connection, counts: Counter[str], *, bulk: bool) -> None:
        self._db = db
        self._counts = counts
        self._bulk = bulk
        self._officials: dict[str, tuple[int, str | None, str, str]] = {}

    def take(self, partition: int, records: Sequence[Record]) -> Refused:
        """The next records of a partition of `dossiers`."""
        db = self._db
        last, refused = last_of_each(_TOPIC, records)
        following: int = db.execute("SELECT coalesce(max(id), 0) + 1 FROM subjects").fetchone()[0]
        gone: list[tuple[int, str]] = []
        rows: list[tuple[Any, ...]] = []
        bodies: list[tuple[int, bytes, str]] = []
        countries: list[tuple[Any, ...]] = []
        pairs: list[tuple[Any, ...]] = []
        for key, (record, dossier) in last.items():
            known = db.execute("SELECT id, folded FROM subjects WHERE key = ?", (key,)).fetchone()
            if known is not None:
                gone.append(known)
            if dossier is None:
                continue
            if known is None:
                number, following = following, following + 1
            else:
                number = known[0]
            row = _row(number, key, dossier)
            rows.append(row)
            bodies.append((number, pack(record.value or b""), f"dossiers/{partition}@{record.offset}"))
            score, amplifications, last_us = row[8], row[9], row[12]
            countries += [
                (number, country, score, amplifications, last_us) for country in dict.fromkeys(dossier.countries)
            ]
            pairs += self._pairs(number, dossier)
        self._remove(gone)
        db.executemany(f"INSERT INTO subjects VALUES ({', '.join('?' * _COLUMNS)})", rows)  # noqa: S608  # marks
        db.executemany("INSERT INTO subject_bodies VALUES (?, ?, ?)", bodies)
        db.executemany("INSERT INTO subject_countries VALUES (?, ?, ?, ?, ?)", countries)
        self._count_countries(Counter(country for _number, country, *_figures in countries))
        db.executemany("INSERT OR REPLACE INTO pairs VALUES (?, ?, ?, ?, ?)", pairs)
        if not self._bulk:
            db.executemany(
                "INSERT INTO subject_words (rowid, folded) VALUES (?, ?)", ((row[0], row[-1]) for row in rows)
            )
        self._counts["subjects"] += len(rows) - len(gone)
        return refused

    def official(self, platform: str, account: str, handle: str | None, country: str, category: str) -> int:
        """The number of an official, whose names are kept as they were told last."""
        key = subject_key(platform, account)
        known = self._officials.get(key)
        if known is not None and known[1:] == (handle, country, category):
            return known[0]
        row = self._db.execute(
            "INSERT INTO officials (key, handle, country, category) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE "
            "SET handle = coalesce(excluded.handle, handle), country = excluded.country, category = excluded.category "
            "RETURNING id",
            (key, handle, country, category),
        ).fetchone()
        if len(self._officials) >= _MOST_KNOWN:
            self._officials.clear()
        self._officials[key] = row[0], handle, country, category
        number: int = row[0]
        return number

    def _count_countries(self, added: Mapping[str, int]) -> None:
        """Of each State: to count them anew would be to read them all."""
        self._db.executemany(
            "INSERT INTO country_subjects VALUES (?, ?) ON CONFLICT DO UPDATE "
            "SET subjects = subjects + excluded.subjects",
            added.items(),
        )

    def _pairs(self, number: int, dossier: Dossier) -> Iterable[tuple[Any, ...]]:
        for each in dossier.officials:
            official = self.official(dossier.platform, each.id, each.handle, each.country, each.category)
            yield number, official, each.retweets + each.quotes, to_us(each.first_at), to_us(each.last_at)

    def _remove(self, gone: Sequence[tuple[int, str]]) -> None:
        if not gone:
            return
        numbers = [(number,) for number, _folded in gone]
        if not self._bulk:
            self._db.executemany(
                "INSERT INTO subject_words (subject_words, rowid, folded) VALUES ('delete', ?, ?)", gone
            )
        self._db.executemany("DELETE FROM subjects WHERE id = ?", numbers)
        self._db.executemany("DELETE FROM subject_bodies WHERE id = ?", numbers)
        listed = self._db.execute(
            "SELECT country, count(*) FROM subject_countries WHERE subject IN (SELECT value FROM json_each(?)) "
            "GROUP BY country",
            (msgspec.json.encode([number for number, _folded in gone]).decode(),),
        )
        self._count_countries({country: -count for country, count in listed.fetchall()})
        self._db.executemany("DELETE FROM subject_countries WHERE subject = ?", numbers)
        self._db.executemany("DELETE FROM pairs WHERE subject = ?", numbers)


def _row(number: int, key: str, dossier: Dossier) -> tuple[Any, ...]:
    subject, totals = dossier.subject, dossier.totals
    first, last = dossier.first_amplified_at, dossier.last_amplified_at
    return (
        number,
        key,
        dossier.platform,
        subject.id,
        subject.handle,
        subject.name,
        subject.followers,
        ",".join(dossier.countries),
        round(dossier.score.total * 1_000),
        totals.retweet + totals.quote,
        dossier.distinct_officials,
        None if first is None else to_us(first),
        NEVER_US if last is None else to_us(last),
        None if dossier.suspension is None else dossier.suspension.status,
        dossier.subject_is_official,
        folded_name(subject.handle, subject.name, subject.id),
    )
