"""A program that writes a file and rotates it in the ways of programs, and what a follower makes of it."""

import bz2
import gzip
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from streams.collectors.source import Chunk
from streams.collectors.tail.follower import FileFollower, TailPolicy
from streams.events import Account, Post, encode_event
from streams.formats.canonical import CanonicalReader

__all__ = ["Reading", "Writer", "line_of"]

_BEGIN: Final = datetime(2026, 11, 1, tzinfo=UTC)


def line_of(number: int) -> bytes:
    """A canonical event with this number as its id."""
    at = _BEGIN + timedelta(seconds=number)
    return encode_event(Post(platform="lines", id=str(number), at=at, actor=Account(id="1"), text="ä" * 40)) + b"\n"


class Writer:
    """Appends numbered lines. It reopens its file after `rename`, and appends where it was after `copy_truncate`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written = 0
        self._file = path.open("ab", buffering=0)
        self._rotations = 0
        self._clock_ns = 0

    def write(self, lines: int = 1) -> None:
        self._file.write(b"".join(line_of(self.written + each) for each in range(lines)))
        self.written += lines

    def write_bytes(self, data: bytes) -> None:
        self._file.write(data)

    def rename(self) -> Path:
        """As logrotate's `create`."""
        rotated = self._shift()
        self.path.rename(rotated)
        self._reopen()
        return rotated

    def rename_only(self) -> Path:
        """The new file is not there yet."""
        rotated = self._shift()
        self.path.rename(rotated)
        return rotated

    def copy_truncate(self, *, with_copy: bool = True) -> None:
        """As logrotate's `copytruncate`."""
        if with_copy:
            shutil.copyfile(self.path, self._shift())
        os.truncate(self.path, 0)

    def compress(self, rotated: Path, *, with_bz2: bool = False) -> None:
        """As gzip: with the time of the original, which is removed then."""
        status = rotated.stat()
        packed = rotated.with_name(rotated.name + (".bz2" if with_bz2 else ".gz"))
        packed.write_bytes((bz2.compress if with_bz2 else gzip.compress)(rotated.read_bytes()))
        os.utime(packed, ns=(status.st_atime_ns, status.st_mtime_ns))
        rotated.unlink()

    def delete(self) -> None:
        self.path.unlink()
        self._reopen()

    def close(self) -> None:
        self._file.close()

    def _reopen(self) -> None:
        self._file.close()
        self._file = self.path.open("ab", buffering=0)

    def _shift(self) -> Path:
        """Rotated files go up by one; the newest is `.1`. Two never have the same time."""
        for number in range(self._rotations, 0, -1):
            for packed in ("", ".gz", ".bz2"):
                name = self.path.with_name(f"{self.path.name}.{number}{packed}")
                if name.exists():
                    name.rename(self.path.with_name(f"{self.path.name}.{number + 1}{packed}"))
        self._rotations += 1
        return self.path.with_name(f"{self.path.name}.1")


class Reading:
    """A collector of the file that can be killed: what Kafka would have of it, and the cursor after it."""

    def __init__(self, path: Path, **policy: object) -> None:
        self._policy = TailPolicy(path=path, poll_seconds=0.05, quiet_seconds=0.0, **policy)  # type: ignore[arg-type]
        self.cursor: bytes | None = None
        self.ids: list[int] = []
        self.chunks: list[Chunk] = []
        self.resumed: list[bool | None] = []
        self._follower: FileFollower | None = None

    def read(self, *, until: Callable[[], bool] | None = None) -> None:
        """On to where nothing more comes, or until it holds."""
        deadline = time.monotonic() + 20
        if self._follower is None:
            self._follower = FileFollower(self._policy, CanonicalReader())
            chunk = self._follower.begin(self.cursor)
            self.resumed.append(chunk.resumed)
            self._take(chunk)
        while True:
            found = self._follower.step()
            if found is not None:
                self._take(found)
            if until is None and found is None:
                return
            if until is not None and until():
                return
            assert time.monotonic() < deadline, f"in vain; {len(self.ids)} lines"

    def kill(self) -> None:
        """Nothing of it is left but what Kafka has."""
        if self._follower is not None:
            self._follower.close()
        self._follower = None

    def _take(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        self.ids += [int(event.id) for event in chunk.events]
        self.cursor = chunk.cursor or self.cursor
