"""The ledger in SQLite: what `streams.core.watching.ledger.Ledger` asks, as statements over the tables of a store."""

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, TypeVar

from streams.core.clock import DAY_US
from streams.core.watching.keys import ENTRY_PREFIX, text_prefix, watch_counts_prefix
from streams.core.watching.ledger import Record
from streams.core.watching.records import AmplifiedAccount, Entry, StandingRecord, SubjectText
from streams.core.watching.standing_marks import LAST, OPENED
from streams.core.watching.watch_counts import WatchCounts
from streams.ledger.store import LOOKED_THROUGH, RecordStore

__all__ = ["SqliteLedger"]

_Value = TypeVar("_Value", int, str)
_Listed = TypeVar("_Listed", Entry, StandingRecord, SubjectText, AmplifiedAccount)

_PAGE: Final = 500  # records that a long list fetches at a time
# Of the lists in questions: few widths are few statements to prepare.
_WIDTHS: Final = (1, 2, 4, 6, 8, 10, 12, 16, 24, 32, 48, 64)


class SqliteLedger(RecordStore):
    """`Ledger` over the tables of a `RecordStore`."""

    def references(self, country: str, keys: Sequence[str], from_us: int, to_us: int) -> list[Entry]:
        """See `Ledger`."""
        numbers: set[int] = set()
        self._rows.write("mentions")
        for segment in self._rows.segments("mentions", country):
            for accounts in _widened(keys):
                question = (
                    "SELECT record FROM mentions WHERE country = ? AND segment = ? AND at_us >= ? AND at_us < ? "  # noqa: S608  # marks
                    f"AND account IN ({_marks(accounts)})"
                )
                rows = self._db.execute(question, (country, segment, from_us, to_us, *accounts))
                numbers.update(number for (number,) in rows)
        return sorted((self._record(number, Entry) for number in numbers), key=_when_posted)

    def deletions(self, country: str, from_us: int, to_us: int) -> list[Entry]:
        """See `Ledger`."""
        self._rows.write("deletions")
        question = "SELECT record FROM deletions WHERE country = ? AND deleted_us >= ? AND deleted_us < ?"
        rows = self._db.execute(question, (country, from_us, to_us)).fetchall()
        return sorted((self._record(number, Entry) for (number,) in rows), key=_when_deleted)

    def retweets_gone(self, platform: str, original: str) -> list[Entry]:
        """See `Ledger`."""
        self._rows.write("retweets_gone")
        question = "SELECT record FROM retweets_gone WHERE original = ?"
        rows = self._db.execute(question, (f"{platform}:{original}",)).fetchall()
        return sorted((self._record(number, Entry) for (number,) in rows), key=_when_deleted)

    def unmatched_deletions(self, country: str, from_us: int, to_us: int) -> int:
        """See `Ledger`."""
        self._rows.write("unmatched_deletions")
        question = "SELECT count(*) FROM unmatched_deletions WHERE country = ? AND at_us >= ? AND at_us < ?"
        found: int = self._db.execute(question, (country, from_us, to_us)).fetchone()[0]
        return found

    def posts_of(self, country: str, officials: Sequence[str], from_us: int, to_us: int) -> dict[str, int]:
        """See `Ledger`."""
        self._rows.write("posts")
        found: dict[str, int] = {}
        question = "SELECT count(*) FROM posts WHERE country = ? AND official = ? AND at_us >= ? AND at_us < ?"
        for official in officials:
            count: int = self._db.execute(question, (country, official, from_us, to_us)).fetchone()[0]
            if count:
                found[official] = count
        return found

    def entries_sharing(self, country: str, fingerprints: Sequence[int]) -> dict[str, int]:
        """See `Ledger`."""
        return self._sharing("entry_prints", len(ENTRY_PREFIX), country, fingerprints)

    def texts_sharing(self, country: str, fingerprints: Sequence[int]) -> dict[str, int]:
        """See `Ledger`."""
        return self._sharing("text_prints", len(text_prefix(country)), country, fingerprints)

    def texts_of(self, country: str, platform: str, subject: str, limit: int) -> list[SubjectText]:
        """See `Ledger`."""
        self._rows.write("texts")
        question = (
            "SELECT record FROM texts WHERE country = ? AND subject = ? ORDER BY at_us DESC, post_id DESC LIMIT ?"
        )
        rows = self._db.execute(question, (country, f"{platform}:{subject}", limit)).fetchall()
        return [self._record(number, SubjectText) for (number,) in reversed(rows)]

    def standings(self, country: str, marks: Sequence[str], from_us: int, to_us: int) -> list[StandingRecord]:
        """See `Ledger`."""
        self._rows.write("standings")
        numbers: set[int] = set()
        for wanted in _widened(marks):
            question = (
                "SELECT record FROM standings WHERE country = ? AND at_us >= ? AND at_us < ? "  # noqa: S608  # marks
                f"AND mark IN ({_marks(wanted)})"
            )
            numbers.update(number for (number,) in self._db.execute(question, (country, from_us, to_us, *wanted)))
        return [self._record(number, StandingRecord) for number in numbers]

    def opened(self, country: str, after: tuple[int, str], to_us: int, limit: int) -> list[tuple[int, StandingRecord]]:
        """See `Ledger`."""
        self._rows.write("standings")
        question = (
            "SELECT at_us, record FROM standings WHERE country = ? AND mark = ? AND at_us < ? "
            "AND (at_us, subject) > (?, ?) ORDER BY at_us, subject LIMIT ?"
        )
        rows = self._db.execute(question, (country, OPENED, to_us, *after, limit)).fetchall()
        return [(at_us, self._record(number, StandingRecord)) for at_us, number in rows]

    def amplified_accounts(self, country: str, from_us: int, to_us: int) -> Iterator[AmplifiedAccount]:
        """See `Ledger`. Between equal times in the order of `platform:id`. What is put while the list is read
        may or may not be in it."""
        self._rows.write("amplified_accounts")
        first_us, subject = from_us, ""
        question = (
            "SELECT first_us, subject, record FROM amplified_accounts WHERE country = ? AND first_us < ? "
            "AND (first_us, subject) > (?, ?) ORDER BY first_us, subject LIMIT ?"
        )
        while rows := self._db.execute(question, (country, to_us, first_us, subject, _PAGE)).fetchall():
            records = [self._record(number, AmplifiedAccount) for _, _, number in rows]
            yield from records
            first_us, subject, _ = rows[-1]

    def posts_by(self, country: str, official: str) -> list[Entry]:
        """See `Ledger`."""
        self._rows.write("posts")
        question = "SELECT record FROM posts WHERE country = ? AND official = ?"
        rows = self._db.execute(question, (country, official)).fetchall()
        return [self._record(number, Entry) for (number,) in rows]

    def beginning_with(self, prefix: bytes) -> list[Record]:
        """See `Ledger`."""
        self._rows.write_records()
        question = "SELECT value FROM records WHERE key >= ? AND key < ? ORDER BY key"
        rows = self._db.execute(question, (prefix, prefix[:-1] + bytes([prefix[-1] + 1]))).fetchall()
        return [self._decoded(value) for (value,) in rows]

    # What is old, for `streams.core.watching.forgetting`.

    def first_within_grace(self, country: str, before_us: int, past_grace: int) -> int | None:
        """See `ForgetfulLedger`."""
        self._rows.write("standings")
        question = (
            "SELECT at_us FROM standings WHERE country = ? AND mark = ? AND at_us < ? AND record > ? "
            "ORDER BY at_us LIMIT 1"
        )
        row = self._db.execute(question, (country, OPENED, before_us, past_grace)).fetchone()
        return None if row is None else row[0]

    def oldest_standings(self, country: str, before_us: int, past_grace: int, limit: int) -> list[StandingRecord]:
        """See `ForgetfulLedger`."""
        self._rows.write("standings")
        question = (
            "SELECT record FROM (SELECT record FROM standings WHERE country = ? AND mark = ? AND at_us < ? "
            "ORDER BY at_us LIMIT ?) WHERE record <= ? LIMIT ?"
        )
        rows = self._db.execute(question, (country, LAST, before_us, LOOKED_THROUGH, past_grace, limit)).fetchall()
        return [self._record(number, StandingRecord) for (number,) in rows]

    def unseen(self, country: str, before_us: int, past_grace: int, limit: int) -> list[AmplifiedAccount]:
        """See `ForgetfulLedger`."""
        self._rows.write("amplified_days")
        question = (
            "SELECT record FROM (SELECT record FROM amplified_days WHERE country = ? AND day < ? ORDER BY day LIMIT ?) "
            "WHERE record <= ? LIMIT ?"
        )
        rows = self._db.execute(question, (country, before_us // DAY_US, LOOKED_THROUGH, past_grace, limit)).fetchall()
        return [self._record(number, AmplifiedAccount) for (number,) in rows]

    def counts_of(self, country: str, platform: str, subject: str) -> list[WatchCounts]:
        """See `ForgetfulLedger`."""
        records = self.beginning_with(watch_counts_prefix(country, platform, subject))
        return [each for each in records if isinstance(each, WatchCounts) and each.subject == subject]

    def _record(self, number: int, kind: type[_Listed]) -> _Listed:
        row = self._db.execute("SELECT value FROM records WHERE record = ?", (number,)).fetchone()
        record = None if row is None else self._decoded(row[0])
        if not isinstance(record, kind):
            raise sqlite3.DatabaseError(f"record {number} of the ledger is not the {kind.__name__} it is listed as")
        return record

    def _sharing(self, table: str, prefix: int, country: str, fingerprints: Sequence[int]) -> dict[str, int]:
        shared = self._rows.sharing(table, country, set(fingerprints))
        for segment in self._rows.segments(table, country):
            for prints in _widened(fingerprints):
                found = self._db.execute(_sharing_question(table, len(prints)), (country, segment, *prints)).fetchall()
                if found:  # seldom
                    shared.update(key for (key,) in found)
        return {key[prefix:].decode(): count for key, count in shared.items()}


@cache  # of few tables and widths; asked for with each post
def _sharing_question(table: str, width: int) -> str:
    # Counted by who asks: to group what is nearly always nothing takes SQLite longer than to look for it.
    return (
        f"SELECT key FROM {table} CROSS JOIN records USING (record) "  # noqa: S608  # own names
        f"WHERE country = ? AND segment = ? AND fingerprint IN ({_marks(range(width))})"
    )


def _widened(values: Sequence[_Value]) -> Iterator[list[_Value]]:
    """The distinct values in lists of one of a few widths; the last is filled up with a value that is in it anyway."""
    distinct = list(dict.fromkeys(values))
    for begin in range(0, len(distinct), _WIDTHS[-1]):
        part = distinct[begin : begin + _WIDTHS[-1]]
        width = _WIDTHS[bisect_left(_WIDTHS, len(part))]
        yield part + part[-1:] * (width - len(part))


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _when_posted(entry: Entry) -> tuple[int, str, str]:
    return entry.at_us, entry.post_id, entry.platform


def _when_deleted(entry: Entry) -> tuple[int, str, str]:
    return entry.deleted_us or 0, entry.post_id, entry.platform
