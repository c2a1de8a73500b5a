"""The tables of a store: narrow ones that lists are made from, and the records as they were, packed, beside them.

A store is a cache of topics or files. One of another format is thrown away and rebuilt, never migrated.
"""

import sqlite3
from typing import Final

import zstandard

__all__ = ["FORMAT", "NEVER_US", "create_tables", "finish_tables", "pack", "unpack"]

FORMAT: Final = 3
"""Of the tables: a store of another one is rebuilt."""

NEVER_US: Final = -(2**62)
"""Stands for no time, behind all others in a list."""

_MOST_UNPACKED: Final = 16_777_216  # far above what any topic takes

# Bodies are in tables of their own, by rowid: in a table WITHOUT ROWID they cost five times the room, and every list
# would read past them.
_TABLES: Final = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE places (
  topic TEXT NOT NULL, partition INTEGER NOT NULL, first INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL,
  newest_ms INTEGER NOT NULL DEFAULT 0, records INTEGER NOT NULL DEFAULT 0, marks BLOB NOT NULL DEFAULT X'',
  PRIMARY KEY (topic, partition)) WITHOUT ROWID;
CREATE TABLE broken (
  topic TEXT PRIMARY KEY, records INTEGER NOT NULL, last_place TEXT NOT NULL, last_error TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE subjects (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, platform TEXT NOT NULL, account TEXT NOT NULL, handle TEXT,
  name TEXT, followers INTEGER, countries TEXT NOT NULL, score INTEGER NOT NULL, amplifications INTEGER NOT NULL,
  officials INTEGER NOT NULL, first_us INTEGER, last_us INTEGER NOT NULL, suspension TEXT, is_official INTEGER NOT NULL,
  folded TEXT NOT NULL);
CREATE TABLE subject_bodies (id INTEGER PRIMARY KEY, body BLOB NOT NULL, place TEXT NOT NULL);
CREATE TABLE subject_countries (
  subject INTEGER NOT NULL, country TEXT NOT NULL, score INTEGER NOT NULL, amplifications INTEGER NOT NULL,
  last_us INTEGER NOT NULL, PRIMARY KEY (subject, country)) WITHOUT ROWID;
CREATE TABLE country_subjects (country TEXT PRIMARY KEY, subjects INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE officials (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, handle TEXT, country TEXT NOT NULL, category TEXT NOT NULL);
CREATE TABLE pairs (
  subject INTEGER NOT NULL, official INTEGER NOT NULL, amplifications INTEGER NOT NULL, first_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL, PRIMARY KEY (subject, official)) WITHOUT ROWID;

CREATE TABLE amplifications (
  id INTEGER PRIMARY KEY, subject TEXT NOT NULL, event TEXT NOT NULL, official INTEGER NOT NULL, at_us INTEGER NOT NULL,
  partition INTEGER NOT NULL, place INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (subject, event));

CREATE TABLE alert_kinds (
  id INTEGER PRIMARY KEY, rule TEXT NOT NULL, severity TEXT NOT NULL, mode TEXT NOT NULL, status TEXT NOT NULL,
  superseded INTEGER NOT NULL, platform TEXT NOT NULL, countries TEXT NOT NULL,
  UNIQUE (rule, severity, mode, status, superseded, platform, countries));
CREATE TABLE alerts (
  id INTEGER PRIMARY KEY, alert TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL, rank INTEGER NOT NULL,
  subject TEXT NOT NULL, account TEXT NOT NULL, handle TEXT, name TEXT, fired_us INTEGER NOT NULL,
  as_of_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, summary TEXT NOT NULL, rule_digest TEXT NOT NULL,
  written_ms INTEGER NOT NULL, folded TEXT NOT NULL);
CREATE TABLE alert_bodies (id INTEGER PRIMARY KEY, body BLOB NOT NULL, place TEXT NOT NULL);
CREATE TABLE alert_versions (
  id INTEGER PRIMARY KEY, alert TEXT NOT NULL, sha256 TEXT NOT NULL, written_ms INTEGER NOT NULL,
  place INTEGER NOT NULL, body BLOB, withheld TEXT NOT NULL, UNIQUE (alert, sha256));

CREATE TABLE aftermaths (
  id INTEGER PRIMARY KEY, aftermath TEXT NOT NULL UNIQUE, platform TEXT NOT NULL, subject TEXT NOT NULL,
  country TEXT NOT NULL, status TEXT NOT NULL, opened_us INTEGER NOT NULL, written_ms INTEGER NOT NULL);
CREATE TABLE aftermath_bodies (id INTEGER PRIMARY KEY, body BLOB NOT NULL, place TEXT NOT NULL);
CREATE TABLE successors (
  subject TEXT NOT NULL, aftermath INTEGER NOT NULL, PRIMARY KEY (subject, aftermath)) WITHOUT ROWID;

CREATE TABLE events (
  id INTEGER PRIMARY KEY, platform TEXT NOT NULL, kind TEXT NOT NULL, event TEXT NOT NULL, sha256 TEXT NOT NULL,
  at_us INTEGER, topic TEXT, partition INTEGER, place INTEGER, observed_us INTEGER, received_us INTEGER,
  withheld TEXT NOT NULL, body BLOB, UNIQUE (sha256, platform, kind, event));
CREATE TABLE event_accounts (
  account TEXT NOT NULL, at_us INTEGER NOT NULL, event INTEGER NOT NULL, PRIMARY KEY (account, at_us, event)
  ) WITHOUT ROWID;
CREATE TABLE withheld (key TEXT PRIMARY KEY, sha256 TEXT NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE roster_chunks (
  digest TEXT NOT NULL, chunk INTEGER NOT NULL, chunks INTEGER NOT NULL, sha256 TEXT NOT NULL,
  written_ms INTEGER NOT NULL, reason TEXT NOT NULL, correction INTEGER NOT NULL, withheld TEXT NOT NULL, body BLOB,
  UNIQUE (digest, chunk));
CREATE TABLE roster_in_force (
  id INTEGER PRIMARY KEY CHECK (id = 1), digest TEXT NOT NULL, reason TEXT NOT NULL, correction INTEGER NOT NULL,
  written_ms INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE rule_files (
  digest TEXT PRIMARY KEY, rules TEXT NOT NULL, written_ms INTEGER NOT NULL, sha256 TEXT NOT NULL,
  withheld TEXT NOT NULL, body BLOB);
CREATE TABLE rules_of_files (
  rule TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (rule, digest)) WITHOUT ROWID;

CREATE TABLE corrections (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, correction TEXT NOT NULL, about TEXT NOT NULL, subject TEXT,
  alert TEXT, at_us INTEGER NOT NULL, place INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE notifications (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, states INTEGER NOT NULL, place INTEGER NOT NULL,
  body BLOB NOT NULL);
CREATE TABLE coverage (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, platform TEXT NOT NULL, source TEXT NOT NULL,
  at_us INTEGER NOT NULL, place INTEGER NOT NULL, body BLOB NOT NULL);

CREATE VIRTUAL TABLE subject_words USING fts5(
  folded, content='subjects', content_rowid='id', tokenize='trigram', columnsize=0);
CREATE VIRTUAL TABLE alert_words USING fts5(
  folded, content='alerts', content_rowid='id', tokenize='trigram', columnsize=0);
CREATE VIRTUAL TABLE event_words USING fts5(text, content='', columnsize=0, prefix='2 3');
"""

# What is made once everything is read: an index that is there from the first row costs twice the time.
_INDEXES: Final = """
CREATE INDEX IF NOT EXISTS subjects_by_score ON subjects (score, id);
CREATE INDEX IF NOT EXISTS subjects_by_last ON subjects (last_us, id);
CREATE INDEX IF NOT EXISTS subjects_by_amplifications ON subjects (amplifications, id);
CREATE INDEX IF NOT EXISTS subjects_by_folded ON subjects (folded);
CREATE INDEX IF NOT EXISTS countries_by_score ON subject_countries (country, score, subject);
CREATE INDEX IF NOT EXISTS countries_by_last ON subject_countries (country, last_us, subject);
CREATE INDEX IF NOT EXISTS countries_by_amplifications ON subject_countries (country, amplifications, subject);
CREATE INDEX IF NOT EXISTS pairs_by_official ON pairs (official, amplifications, subject);
CREATE INDEX IF NOT EXISTS amplifications_of_subject ON amplifications (subject, at_us, id);
CREATE INDEX IF NOT EXISTS amplifications_by_official ON amplifications (official, at_us, id);
CREATE INDEX IF NOT EXISTS alerts_by_time ON alerts (fired_us, id, kind);
CREATE INDEX IF NOT EXISTS alerts_by_rank ON alerts (rank, id, kind);
CREATE INDEX IF NOT EXISTS alerts_by_kind ON alerts (kind, fired_us, expires_us);
CREATE INDEX IF NOT EXISTS alerts_of_subject ON alerts (subject, fired_us, id);
CREATE INDEX IF NOT EXISTS alerts_by_folded ON alerts (folded);
CREATE INDEX IF NOT EXISTS alerts_of_rule ON alerts (rule_digest, kind);
CREATE INDEX IF NOT EXISTS aftermaths_by_time ON aftermaths (opened_us, id);
CREATE INDEX IF NOT EXISTS aftermaths_of_subject ON aftermaths (subject, opened_us);
CREATE INDEX IF NOT EXISTS successors_of ON successors (aftermath);
CREATE INDEX IF NOT EXISTS events_by_name ON events (platform, event);
CREATE INDEX IF NOT EXISTS events_by_place ON events (place, partition, topic);
CREATE INDEX IF NOT EXISTS accounts_of_event ON event_accounts (event);
CREATE INDEX IF NOT EXISTS corrections_of_alert ON corrections (alert);
CREATE INDEX IF NOT EXISTS corrections_of_subject ON corrections (subject);
CREATE INDEX IF NOT EXISTS corrections_by_time ON corrections (at_us, id);
CREATE INDEX IF NOT EXISTS coverage_of_platform ON coverage (platform, at_us);
"""

_compressor: Final = zstandard.ZstdCompressor(level=1, write_content_size=True, write_checksum=False)


def create_tables(db: sqlite3.Connection) -> None:
    """Make the tables in an empty file, without the indexes."""
    db.executescript(_TABLES)


def finish_tables(db: sqlite3.Connection) -> None:
    """Make the indexes over what was read, if they are not there, and the words of subjects and alerts."""
    db.executescript(_INDEXES)
    for words in ("subject_words", "alert_words"):
        db.execute(f"INSERT INTO {words}({words}) VALUES ('rebuild')")  # noqa: S608  # own names
    db.execute("ANALYZE")
    db.commit()


def pack(value: bytes) -> bytes:
    """The bytes of a record, smaller."""
    return _compressor.compress(value)


def unpack(body: bytes) -> bytes:
    """What was packed. May be called by several threads at once, which a decompressor that is kept may not."""
    return zstandard.decompress(body, max_output_size=_MOST_UNPACKED)
