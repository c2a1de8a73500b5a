"""Events of files in the order of their times, to be gone through more than once: people's files are in any order.

Holds some in memory; of more it keeps sorted runs in a temporary directory and merges them.
"""

import heapq
import tempfile
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Final, Self

import msgspec
from msgspec import Struct

from streams.core.clock import to_us
from streams.events import Event

__all__ = ["EventSpool", "Spooled"]

_IN_MEMORY: Final = 100_000  # events, about 200 MB
_LENGTH_BYTES: Final = 4
_when: Final = attrgetter("at_us", "number")


class Spooled(Struct, frozen=True, array_like=True, gc=False):
    """An event and where it came from. `number` counts the events as they were added, `line` the lines of its file."""

    at_us: int
    number: int
    event: Event
    path: str
    line: int


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Spooled)


class EventSpool:
    """Add every event, then iterate, as often as needed: by time, equal times as they were added. A context manager.

    Raises `OSError` where the temporary directory has no room.
    """

    def __init__(self, in_memory: int = _IN_MEMORY) -> None:
        self._in_memory = in_memory
        self._waiting: list[Spooled] = []
        self._runs: list[Path] = []
        self._count = 0
        self._directory: tempfile.TemporaryDirectory[str] | None = None

    def __len__(self) -> int:
        return self._count

    @property
    def directory(self) -> str | None:
        """Where it keeps what does not fit into memory; `None` while everything does."""
        return None if self._directory is None else self._directory.name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what it keeps."""
        self._waiting = []
        if self._directory is not None:
            self._directory.cleanup()

    def add(self, event: Event, path: str, line: int) -> None:
        """Take in the next event."""
        self._waiting.append(Spooled(to_us(event.at), self._count, event, path, line))
        self._count += 1
        if len(self._waiting) >= self._in_memory:
            self._spill()

    def __iter__(self) -> Iterator[Spooled]:
        self._waiting.sort(key=_when)
        if not self._runs:
            return iter(self._waiting)
        return heapq.merge(*map(_read, self._runs), self._waiting, key=_when)

    def _spill(self) -> None:
        if self._directory is None:
            self._directory = tempfile.TemporaryDirectory(prefix="antiphon-events-")
        run = Path(self._directory.name, f"{len(self._runs):06}")
        self._waiting.sort(key=_when)
        with run.open("wb") as file:
            for spooled in self._waiting:
                payload = _encoder.encode(spooled)
                file.write(len(payload).to_bytes(_LENGTH_BYTES) + payload)
        self._runs.append(run)
        self._waiting = []


def _read(run: Path) -> Iterator[Spooled]:
    with run.open("rb") as file:
        while length := file.read(_LENGTH_BYTES):
            yield _decoder.decode(file.read(int.from_bytes(length)))
