"""Read-only connections to a store, one a thread, each question with a deadline.

A store is a folder: the database in use is named in `current`, so that another one can take its place while pages are
answered from the old one.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.console.store.tables import FORMAT
from streams.errors import AntiphonError

__all__ = ["CURRENT", "Current", "NoStoreError", "StoreConnections", "TooLongError", "current_of", "database_path"]

CURRENT: Final = "current.json"
"""The file of a store's folder that names the database in use."""

_STEPS: Final = 2_000  # instructions of SQLite between two looks at the clock: some 20 µs
_CACHE_KIB: Final = 4_096  # of each connection


class NoStoreError(AntiphonError):
    """There is no store in the folder, or one of another version."""

    exit_code = 2


class TooLongError(Exception):
    """A question took longer than its deadline: it is to be asked more narrowly."""


class Current(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which database of the folder is in use."""

    generation: int
    format: int


def database_path(folder: Path, generation: int) -> Path:
    """The file of a generation."""
    return folder / f"store-{generation}.sqlite"


def current_of(folder: Path) -> Current | None:
    """What is in use, `None` where nothing is, or nothing that this version reads."""
    try:
        current = msgspec.json.decode((folder / CURRENT).read_bytes(), type=Current)
    except (OSError, msgspec.DecodeError):
        return None
    return current if current.format == FORMAT and database_path(folder, current.generation).exists() else None


class StoreConnections:
    """Asks the database that is in use. Any thread may ask; each has a connection of its own.

    Raises `NoStoreError` where there is none yet, and `TooLongError` beyond `deadline_seconds`.
    """

    def __init__(self, folder: str | Path, *, deadline_seconds: float = 2.0) -> None:
        self.folder = Path(folder)
        self.deadline_seconds = deadline_seconds
        self._local = threading.local()
        self._all: dict[threading.Thread, sqlite3.Connection] = {}
        self._lock = threading.Lock()

    def rows(self, question: str, values: Sequence[object] = ()) -> list[Any]:
        """Every row of the answer."""
        with self._asking() as db:
            found: list[Any] = db.execute(question, values).fetchall()
        return found

    def row(self, question: str, values: Sequence[object] = ()) -> Any:
        """The first row, or `None`."""
        with self._asking() as db:
            return db.execute(question, values).fetchone()

    def generation(self) -> int:
        """That of the database in use."""
        with self._asking():
            generation: int = self._local.generation
            return generation

    @contextmanager
    def consistent(self) -> Iterator[None]:
        """All answers within the block are of one moment."""
        with self._asking() as db:
            db.execute("BEGIN")
            self._local.held = True
            try:
                yield
            finally:
                self._local.held = False
                db.rollback()

    def close(self) -> None:
        """Close all connections. Nobody may ask any more."""
        with self._lock:
            for db in self._all.values():
                db.close()
            self._all.clear()

    @contextmanager
    def _asking(self) -> Iterator[sqlite3.Connection]:
        db = self._connection()
        self._local.until = time.monotonic() + self.deadline_seconds
        try:
            yield db
        except sqlite3.OperationalError as error:
            if "interrupted" in str(error):
                raise TooLongError(f"the answer took longer than {self.deadline_seconds:g} s") from error
            raise

    def _connection(self) -> sqlite3.Connection:
        local = self._local
        if getattr(local, "held", False):
            held: sqlite3.Connection = local.db
            return held
        current = current_of(self.folder)
        if current is None:
            raise NoStoreError(f"{self.folder} has no store yet", remedy="wait until one was built")
        if getattr(local, "generation", None) == current.generation:
            db: sqlite3.Connection = local.db
            return db
        db = sqlite3.connect(
            database_path(self.folder, current.generation), check_same_thread=False, isolation_level=None
        )
        db.execute("PRAGMA query_only = 1")
        db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        db.set_progress_handler(lambda: time.monotonic() > local.until, _STEPS)
        thread = threading.current_thread()
        with self._lock:
            gone = [each for each in self._all if not each.is_alive() or each is thread]
            for each in gone:
                self._all.pop(each).close()
            self._all[thread] = db
        local.db, local.generation, local.until = db, current.generation, time.monotonic() + self.deadline_seconds
        return db
