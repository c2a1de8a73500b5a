"""A ledger file, locked by one process, and the ledger in it.

Owns names, locks and the decision that a file is of no use.
"""

import fcntl
import logging
import os
import sqlite3
from pathlib import Path
from typing import Final

from streams.errors import ConfigurationError
from streams.ledger.sqlite import SqliteLedger

__all__ = ["LedgerFile", "claim_ledger_file", "require_directory"]

_log: Final = logging.getLogger(__name__)
# Processes on one machine that may hold the same partition for a moment: the owner, and those that were asleep when
# they lost it. More than a few means that somebody starts workers that never end.
_MOST_LEDGER_FILES: Final = 64
_REMEDY: Final = "name a directory on a local disk that the worker may write to: data_dir (ANTIPHON_DATA_DIR)"


class LedgerFile:
    """A claimed file, until `release`. What cannot be read is thrown away, since it is only a cache."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock: int | None = lock
        self._ledger: SqliteLedger | None = None

    def ledger(self) -> SqliteLedger:
        """The ledger in the file; an empty one where the file is missing, broken or of another version.

        Raises `sqlite3.OperationalError` where there is no room for one.
        """
        if self._ledger is None:
            try:
                self._ledger = SqliteLedger(self.path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                _log.warning("ledger file unusable", extra={"path": str(self.path), "error": str(error)})
                self._ledger = self.wipe()
        return self._ledger

    def wipe(self) -> SqliteLedger:
        """Throw the file away and begin with an empty one."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None
        self._remove()
        self._ledger = SqliteLedger(self.path)
        return self._ledger

    def release(self, *, spoilt: bool = False) -> None:
        """Close the file and let others have it; `spoilt` says that it must not be used again."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None
        if self._lock is not None:
            if spoilt:
                self._remove()
            os.close(self._lock)
            self._lock = None

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)


def require_directory(directory: Path) -> None:
    """Make the directory, for its owner alone, if it is not there. Raises `ConfigurationError` where nothing can be
    written to it.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = os.open(directory / ".probe", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.close(probe)
    except OSError as error:
        raise ConfigurationError(
            f"data_dir: {directory} cannot be written to: {error.strerror}", remedy=_REMEDY
        ) from error


def claim_ledger_file(directory: Path, name: str, *, most: int = _MOST_LEDGER_FILES) -> LedgerFile | None:
    """The first free one of the files `NAME.sqlite`, `NAME.1.sqlite`, … in the directory; `None` if `most` are taken.

    Several because a process that is asleep keeps its file, and whoever has its partition now cannot wait for it. Each
    file is some earlier state of the same changelog, so it does not matter which one is taken. Raises
    `ConfigurationError`.
    """
    require_directory(directory)
    for number in range(most):
        stem = name if number == 0 else f"{name}.{number}"
        try:
            lock = os.open(directory / f"{stem}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            except OSError:
                os.close(lock)
                raise
        except OSError as error:
            raise ConfigurationError(
                f"data_dir: {directory} cannot be locked: {error.strerror}", remedy=_REMEDY
            ) from error
        return LedgerFile(directory / f"{stem}.sqlite", lock)
    return None
