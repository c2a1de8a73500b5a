"""A store of the bundled case that lacks its last alert, until a test writes it as the feed does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.console.feed.from_folder import fill_from_folder
from streams.console.store.connections import current_of, database_path
from streams.console.store.reading import Store
from streams.console.store.writing import PartitionPart, StoreWriter

__all__ = ["GrowingStore", "growing_store"]


class _Record(Struct, frozen=True):
    """A record as Kafka's client gives it."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp: int = 1_611_000_000_000


class GrowingStore:
    """`store` is for reading; `last_alert` is what it lacks, as JSON."""

    def __init__(self, store: Store, writer: StoreWriter, last_alert: bytes) -> None:
        self.store: Final = store
        self.last_alert: Final = last_alert
        self._writer = writer

    def write_last_alert(self) -> None:
        """From now on the store has it."""
        key = msgspec.json.decode(self.last_alert)["id"].encode()
        records = [_Record(1_000, key, self.last_alert)]
        self._writer.take([PartitionPart(topic="alerts", partition=0, records=records, next=1_001)])


@contextmanager
def growing_store(case_folder: Path, scratch: Path) -> Iterator[GrowingStore]:
    """A store of its own in the folder `scratch`, of what a backtest of the case wrote."""
    folder, place = scratch / "results", scratch / "store"
    folder.mkdir()
    place.mkdir()
    *most, last = (case_folder / "alerts.ndjson").read_bytes().splitlines(keepends=True)
    (folder / "alerts.ndjson").write_bytes(b"".join(most))
    fill_from_folder(str(folder), place)
    current = current_of(place)
    assert current is not None
    store, writer = Store(place), StoreWriter.open(database_path(place, current.generation))
    yield GrowingStore(store, writer, last.strip())
    store.close()
    writer.close()
