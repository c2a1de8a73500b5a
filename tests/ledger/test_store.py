"""The store: bounded, whole after a crash, and forgetful only of what is old by both clocks."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from streams.core.watching.ledger import encode_record, record_key
from streams.core.watching.records import CountryTime, SubjectText
from streams.ledger.sqlite import SqliteLedger
from streams.ledger.store import GRACE_US
from tests.ledger.records import an_entry

_DAY_US = 86_400_000_000
_ROOT = Path(__file__).parents[2]


def _gone(ledger: SqliteLedger, *numbers: int) -> list[bool]:
    return [ledger.get(f"e/twitter:{number}".encode()) is None for number in numbers]


def test_a_record_put_again_as_it_is_is_no_change() -> None:
    ledger = SqliteLedger()
    ledger.put(an_entry("1", 5))
    assert list(ledger.flush()) == [b"e/twitter:1"]
    ledger.put(an_entry("1", 5))
    assert ledger.flush() == {}


def test_only_what_is_old_by_event_time_and_by_the_clock_is_forgotten() -> None:
    """An old file that is read today stays until all that belongs to it has been read, too."""
    ledger = SqliteLedger()
    now_us = 1_700_000_000_000_000
    ledger.put(an_entry("1", 10))
    assert ledger.past_grace(now_us) == 0
    ledger.put(an_entry("2", 11))
    ledger.put(an_entry("3", 99))
    ledger.put(an_entry("4", 12, country="RU"))
    ledger.put(CountryTime("IR", 200))
    assert ledger.forget("IR", 50, ledger.past_grace(now_us + GRACE_US - 1), 100) == 0
    assert ledger.forget("IR", 50, ledger.past_grace(now_us + GRACE_US), 100) == 1
    assert [ledger.get(f"e/twitter:{number}".encode()) is None for number in (1, 2, 3, 4)] == [
        True,
        False,
        False,
        False,
    ]
    later_us = now_us + 2 * GRACE_US + 2 * _DAY_US
    assert ledger.forget("IR", 50, ledger.past_grace(later_us), 100) == 1
    assert ledger.forget("IR", 50, ledger.past_grace(later_us), 100) == 0
    assert _gone(ledger, 1, 2, 3, 4) == [True, True, False, False]
    assert ledger.flush()[b"e/twitter:1"] is None, "the changelog must forget it, too"
    assert len(ledger) == 2


def test_forgetting_takes_no_more_than_its_step() -> None:
    """However much is too old: a batch is never held up by more than its share."""
    ledger = SqliteLedger()
    for number in range(100):
        ledger.put(an_entry(str(number), number))
    assert ledger.forget("IR", 1_000, 10**9, 30) == 30
    assert len(ledger) == 70
    assert _gone(ledger, 29, 30) == [True, False]


def test_what_came_late_does_not_keep_what_has_been_there_for_long() -> None:
    """Older by event time, but new here: it waits for its grace, and the others go before it."""
    ledger = SqliteLedger()
    for number in range(100, 200):
        ledger.put(an_entry(str(number), number))
    past_grace = 100
    for number in range(100):
        ledger.put(an_entry(str(number), number))
    assert ledger.forget("IR", 150, past_grace, 60) == 50
    assert _gone(ledger, 0, 99, 100, 149, 150) == [False, False, True, True, False]


def test_a_text_that_was_posted_again_is_as_old_as_its_last_time() -> None:
    """An official passes on an old post, years later: it may still be matched with what follows."""
    ledger = SqliteLedger()
    old = SubjectText("twitter", "1", "IR", "7", 10, "text", (1,), last_us=10)
    ledger.put(old)
    ledger.put(msgspec.structs.replace(old, post_id="2"))
    ledger.put(msgspec.structs.replace(old, last_us=99))
    assert ledger.forget("IR", 50, 10**9, 100) == 1
    assert (ledger.get(b"t/IR/twitter:1") is None, ledger.get(b"t/IR/twitter:2") is None) == (False, True)
    assert ledger.texts_sharing("IR", (1,)) == {"twitter:1": 1}
    assert ledger.forget("IR", 100, 10**9, 100) == 1


def test_rows_that_wait_are_in_the_file_with_the_batch_and_gone_without_it(tmp_path: Path) -> None:
    """Another connection sees what was committed, and nothing of what was undone."""
    path = tmp_path / "x.sqlite"
    entry = msgspec.structs.replace(an_entry("1", 5, prints=(1, 2)), references=("i:7",), deleted_us=9)
    tables = ("ages", "posts", "deletions", "mentions", "entry_prints")
    for undone in (True, False):
        ledger = SqliteLedger(path)
        ledger.begin()
        ledger.put(entry)
        if undone:
            ledger.rollback()
            ledger.begin()
        ledger.commit()
        ledger.close()
        with sqlite3.connect(path) as db:
            counts = [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]  # noqa: S608  # own names
        db.close()
        assert counts == ([0] * 5 if undone else [1, 1, 1, 1, 2])


def test_what_is_looked_up_over_and_over_stays_what_the_tables_have() -> None:
    """More keys than are remembered, each found, changed, missed and found again."""
    ledger = SqliteLedger()
    numbers = range(0, 3_000, 2)
    ledger.begin()
    for number in numbers:
        assert ledger.get(f"e/twitter:{number}".encode()) is None
        ledger.put(an_entry(str(number), number))
    ledger.commit()
    ledger.begin()
    for number in range(3_000):
        found = ledger.get(f"e/twitter:{number}".encode())
        assert found == (an_entry(str(number), number) if number % 2 == 0 else None)
        ledger.put(an_entry(str(number), number, text="another"))
    ledger.rollback()
    assert [ledger.get(f"e/twitter:{number}".encode()) for number in (0, 1, 2_998, 2_999)] == [
        an_entry("0", 0),
        None,
        an_entry("2998", 2_998),
        None,
    ]


def test_a_forgotten_record_leaves_no_row_behind(tmp_path: Path) -> None:
    """Neither in an index nor in the list of any question."""
    path = tmp_path / "x.sqlite"
    ledger = SqliteLedger(path)
    entry = msgspec.structs.replace(an_entry("1", 5, prints=(1, 2)), references=("i:7",), deleted_us=9)
    ledger.put(entry)
    ledger.discard(record_key(entry))
    ledger.close()
    with sqlite3.connect(path) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        assert "mentions" in tables
        full = {table for table in tables if db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]}  # noqa: S608  # from the schema
    db.close()
    assert full <= {"facts"}


@pytest.mark.slow
def test_a_process_killed_in_the_middle_leaves_what_it_had_committed(tmp_path: Path) -> None:
    """`kill -9` inside a transaction, after a thousand that were committed."""
    path = tmp_path / "x.sqlite"
    program = f"""
import os, signal
from streams.ledger.sqlite import SqliteLedger
from tests.ledger.records import an_entry
ledger = SqliteLedger({str(path)!r})
for number in range(1_000):
    ledger.begin()
    ledger.put(an_entry(str(number), number, prints=(number, 7)))
    ledger.note("offset", number)
    ledger.commit()
ledger.begin()
ledger.note("offset", 5_000)
for number in range(1_000, 3_000):
    ledger.put(an_entry(str(number), number, prints=(number, 7)))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=_ROOT, env=os.environ | {"PYTHONPATH": "."}, check=False)
    assert done.returncode == -signal.SIGKILL
    ledger = SqliteLedger(path)
    assert (len(ledger), ledger.fact("offset")) == (1_000, 999)
    assert len(ledger.entries_sharing("IR", [7])) == 1_000
    assert ledger.get(b"e/twitter:1000") is None
    ledger.close()


@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\x00" + bytes(4_000), bytes(range(256)) * 40]
)
def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.sqlite"
    path.write_bytes(content)
    with pytest.raises(sqlite3.DatabaseError):
        SqliteLedger(path)


def test_a_ledger_of_another_version_is_refused(tmp_path: Path) -> None:
    """Its tables may mean something else."""
    path = tmp_path / "x.sqlite"
    SqliteLedger(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(sqlite3.DatabaseError, match="version 99"):
        SqliteLedger(path)


def test_a_record_under_another_key_is_not_restored() -> None:
    """A changelog that was mixed up is broken internal state."""
    with pytest.raises(ValueError, match="another key"):
        SqliteLedger().restore([(b"e/twitter:2", encode_record(an_entry("1", 5)))])


@pytest.mark.slow
def test_a_ledger_larger_than_its_cache_stays_within_it(tmp_path: Path) -> None:
    """Memory does not grow with the file: most of it is on disk."""
    program = f"""
import resource
from streams.ledger.sqlite import SqliteLedger
from tests.ledger.records import an_entry
ledger = SqliteLedger({str(tmp_path / "x.sqlite")!r})
text = "x" * 4_000
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for begin in range(0, 30_000, 1_000):
    ledger.begin()
    for number in range(begin, begin + 1_000):
        ledger.put(an_entry(str(number), number, text=text))
    ledger.flush()
    ledger.commit()
grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1_024
assert ledger.size_bytes > 120_000_000, ledger.size_bytes
assert grown_mb < 60, grown_mb
"""
    subprocess.run([sys.executable, "-c", program], cwd=_ROOT, env=os.environ | {"PYTHONPATH": "."}, check=True)
