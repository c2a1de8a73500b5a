"""Builds a store beside the one in use, and puts it in its place."""

import os
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from streams.console.store.connections import CURRENT, Current, current_of, database_path
from streams.console.store.tables import FORMAT
from streams.console.store.writing import StoreWriter

__all__ = ["StoreBuilding", "remove_database"]

_SUFFIXES: Final = ("", "-wal", "-shm", "-journal")


class StoreBuilding:
    """A context manager: what was not put in place is removed again. One process builds in a folder at a time.

    `writer` is what fills it. After `put_in_place` it goes on writing to the store that is in use now.
    """

    def __init__(self, folder: Path, *, kind: str, origin: str) -> None:
        self.folder = folder
        self.began_ms = time.time_ns() // 1_000_000
        before = current_of(folder)
        # Behind whatever is there: also what somebody left who was killed while building.
        numbers = [int(path.stem.partition("-")[2]) for path in folder.glob("store-[0-9]*.sqlite")]
        self.generation = max([0, *numbers]) + 1
        for number in numbers:
            if before is None or number != before.generation:
                remove_database(folder, number)
        self.writer = StoreWriter.create(database_path(folder, self.generation), kind=kind, origin=origin)
        self._placed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._placed:
            self.writer.close()
            remove_database(self.folder, self.generation)

    def put_in_place(self) -> None:
        """Finish it, and let everybody read it from now on. Whoever is reading the old one reads it to the end."""
        self.writer.finish()
        with database_path(self.folder, self.generation).open("rb") as file:
            os.fsync(file.fileno())
        before = current_of(self.folder)
        fresh = self.folder / f"{CURRENT}.fresh"
        fresh.write_bytes(msgspec.json.encode(Current(generation=self.generation, format=FORMAT)))
        os.replace(fresh, self.folder / CURRENT)
        self._placed = True
        if before is not None:
            remove_database(self.folder, before.generation)


def remove_database(folder: Path, generation: int) -> None:
    """Remove the files of a generation."""
    path = database_path(folder, generation)
    for suffix in _SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
