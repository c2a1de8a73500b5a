"""Fills a store from a folder that `antiphon demo --out` or `antiphon backtest --out` wrote."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.console.store.building import StoreBuilding
from streams.console.store.writing import Part
from streams.core.enriched_topics import ENRICHED_TOPICS, EnrichedTopic
from streams.errors import InputError
from streams.printable import printable
from streams.refusal import DECODE_ERRORS

__all__ = ["fill_from_folder"]

_TOGETHER: Final = 5_000  # lines a transaction


class _Line(Struct, frozen=True):
    """A line of a file, as a record of a topic: the number of the line is its offset."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
    timestamp: int = 0


def fill_from_folder(
    folder: str, store: Path, progress: Callable[[str, int], None] = lambda _name, _lines: None
) -> None:
    """Build a store in the folder `store` from the files of `folder`; `progress` is told the lines read of each.

    Raises `InputError` where the folder is none that Antiphon wrote, or cannot be read.
    """
    directory = Path(folder)
    if not directory.is_dir():
        raise InputError(
            f"{printable(folder)} is no folder", remedy="name what `antiphon demo --out DIR` or `backtest` wrote"
        )
    present = [topic for topic in ENRICHED_TOPICS if (directory / f"{topic.name}.ndjson").exists()]
    if not present:
        raise InputError(
            f"{printable(folder)} has no file of an enriched topic, such as alerts.ndjson",
            remedy="name what `antiphon demo --out DIR` or `antiphon backtest --out DIR` wrote",
        )
    with StoreBuilding(store, kind="folder", origin=str(directory)) as building:
        for topic in present:
            lines = 0
            for batch in _batches(directory / f"{topic.name}.ndjson", topic):
                lines = batch[-1].offset
                building.writer.take([Part(topic=topic.name, partition=0, records=batch, next=lines + 1)])
                progress(topic.name, lines)
        building.put_in_place()


def _batches(path: Path, topic: EnrichedTopic) -> Iterator[list[_Line]]:
    batch: list[_Line] = []
    decode = msgspec.json.Decoder(topic.record).decode
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                value = line.rstrip(b"\r\n")
                try:
                    key = topic.key(decode(value)).encode()
                except DECODE_ERRORS:
                    key = None  # whoever writes it says what is wrong, and counts it
                batch.append(_Line(number, key, value))
                if len(batch) >= _TOGETHER:
                    yield batch
                    batch = []
    except OSError as error:
        raise InputError(f"{printable(str(path))}: {error.strerror}", remedy="make it readable") from error
    if batch:
        yield batch
