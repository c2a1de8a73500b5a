"""The tables of a ledger: the records as they were written, and what is derived from them to find them by.

Knows which rows a record has in which table. Runs nothing: `streams.ledger.sqlite` does.
"""

from typing import Any, Final, TypeAlias

from streams.core.clock import DAY_US
from streams.core.watching.ledger import Record
from streams.core.watching.records import (
    AmplifiedAccount,
    Entry,
    OriginalGone,
    PostVersion,
    StandingRecord,
    SubjectText,
    Unattributed,
    UnmatchedDeletion,
)
from streams.core.watching.standing_marks import standing_marks

__all__ = ["INSERTS", "PRINTS", "REMOVALS", "SCHEMA", "SCHEMA_VERSION", "SEGMENTED", "SEGMENT_BITS", "Rows", "rows_of"]

Rows: TypeAlias = dict[str, list[tuple[Any, ...]]]
"""Rows by table, each in the order of the table's columns; `record` comes last in all of them."""

SCHEMA_VERSION: Final = 11
"""A file of another version is thrown away and rebuilt from the changelog."""

SEGMENT_BITS: Final = 16
"""So many records share a segment: 2^16. A fingerprint or a reference may stand anywhere in a tree that covers months,
and to put ten of them there for each entry means to write ten pages. A segment of 65,536 entries has some 13 MB of
fingerprints, which fit into the page cache; a question costs one descent a segment and fingerprint."""

SEGMENTED: Final = frozenset({"mentions", "entry_prints", "text_prints"})
"""The tables that have them; their rows begin with State and segment."""

PRINTS: Final = frozenset({"entry_prints", "text_prints"})
"""Those of fingerprints, whose rows are State, segment, fingerprint and record."""

# Every derived table is its own index (WITHOUT ROWID): the rows are the keys.
_DERIVED: Final[dict[str, str]] = {
    "ages": "country TEXT, at_us INTEGER, record INTEGER",
    "posts": "country TEXT, official TEXT, at_us INTEGER, record INTEGER",
    "deletions": "country TEXT, deleted_us INTEGER, record INTEGER",
    "retweets_gone": "original TEXT, record INTEGER",
    "unmatched_deletions": "country TEXT, at_us INTEGER, record INTEGER",
    "mentions": "country TEXT, segment INTEGER, account TEXT, at_us INTEGER, record INTEGER",
    "entry_prints": "country TEXT, segment INTEGER, fingerprint INTEGER, record INTEGER",
    "text_prints": "country TEXT, segment INTEGER, fingerprint INTEGER, record INTEGER",
    "texts": "country TEXT, subject TEXT, at_us INTEGER, post_id TEXT, record INTEGER",
    "standings": "country TEXT, mark TEXT, at_us INTEGER, subject TEXT, record INTEGER",
    "amplified_accounts": "country TEXT, first_us INTEGER, subject TEXT, record INTEGER",
    "amplified_days": "country TEXT, day INTEGER, record INTEGER",
}


def _columns(table: str) -> list[str]:
    return [column.split()[0] for column in _DERIVED[table].split(", ")]


SCHEMA: Final[tuple[str, ...]] = (
    # With a rowid: texts are long, and the other tables name a record by a small number.
    "CREATE TABLE records (record INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL)",
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE marks (taken_us INTEGER PRIMARY KEY, record INTEGER NOT NULL)",
    *(
        f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({', '.join(_columns(table))})) WITHOUT ROWID"
        for table, columns in _DERIVED.items()
    ),
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)

INSERTS: Final[dict[str, str]] = {
    table: f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(_columns(table)))})"  # noqa: S608  # own names
    for table in _DERIVED
}
REMOVALS: Final[dict[str, str]] = {
    table: f"DELETE FROM {table} WHERE {' AND '.join(f'{column} = ?' for column in _columns(table))}"  # noqa: S608
    for table in _DERIVED
}


def rows_of(record: Record, number: int) -> Rows:
    """Every derived row of a record that stands in `records` under `number`; a pure function of both."""
    segment = number >> SEGMENT_BITS
    match record:
        case Entry():
            country, at_us = record.country, record.at_us
            # What an official passed on long ago and was seen to be there may still be taken back.
            is_amplification = record.kind in ("retweet", "quote")
            age_us = max(at_us, record.observed_us or 0) if is_amplification else at_us
            rows: Rows = {"ages": [(country, age_us, number)], "posts": [(country, record.official, at_us, number)]}
            if record.deleted_us is not None:
                rows["deletions"] = [(country, record.deleted_us, number)]
                if record.kind == "retweet" and record.original is not None:
                    rows["retweets_gone"] = [(f"{record.platform}:{record.original}", number)]
            if record.references:
                rows["mentions"] = [(country, segment, account, at_us, number) for account in record.references]
            if record.fingerprints:
                rows["entry_prints"] = [(country, segment, print_, number) for print_ in record.fingerprints]
            return rows
        case Unattributed() | PostVersion():
            return {"ages": [(record.country, record.at_us, number)]}
        case UnmatchedDeletion():
            row = (record.country, record.at_us, number)
            return {"ages": [row], "unmatched_deletions": [row]}
        case OriginalGone():
            return {"ages": [(record.country, record.at_us, number)]}
        case SubjectText():
            country, at_us = record.country, record.at_us
            rows = {
                # A text that is posted again is in use again.
                "ages": [(country, max(at_us, record.last_us), number)],
                "texts": [(country, f"{record.platform}:{record.subject}", at_us, record.post_id, number)],
            }
            if record.fingerprints:
                rows["text_prints"] = [(country, segment, print_, number) for print_ in record.fingerprints]
            return rows
        case StandingRecord():
            subject = f"{record.platform}:{record.subject.id}"
            marks = [(record.country, mark, at_us, subject, number) for mark, at_us in standing_marks(record)]
            return {"standings": marks}
        case AmplifiedAccount():
            # By days: an account that is amplified all the time moves in the table once a day.
            rows = {"amplified_days": [(record.country, max(record.seen_us, record.kept_us) // DAY_US, number)]}
            if record.officials:
                subject = f"{record.platform}:{record.subject.id}"
                rows["amplified_accounts"] = [(record.country, record.first_us, subject, number)]
            return rows
        case _:
            return {}
