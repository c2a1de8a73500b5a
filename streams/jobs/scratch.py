"""The folder of one run in the temporary directory: gone with the run, or at the next one's start if it was killed."""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

__all__ = ["scratch_folder"]

_PREFIX: Final = "antiphon-demo-"
_UNCLAIMED: Final = "antiphon-new-"
_LOCK: Final = "owner.lock"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder for the block, after the folders of runs that were killed are removed.

    A lock in it, which ends with its process, says that the run lives.
    """
    _remove_abandoned()
    made = Path(tempfile.mkdtemp(prefix=_UNCLAIMED))
    with (made / _LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = made.with_name(_PREFIX + made.name.removeprefix(_UNCLAIMED))
        made.rename(folder)  # nobody looks for it under that name before it is locked
        try:
            (folder / "data").mkdir()
            yield folder / "data"
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # somebody else's, or gone meanwhile
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
                continue
            number = os.open(folder / _LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(number)
