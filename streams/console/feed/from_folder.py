"""Fills a store from a folder that `antiphon demo --out` or `antiphon backtest --out` wrote."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.console.store.building import StoreBuilding
from streams.console.store.writing import TAKEN, PartitionPart
from streams.core.enriched_topics import ENRICHED_TOPICS, EnrichedTopic
from streams.errors import InputError
from streams.printable import printable
from streams.refusal import DECODE_ERRORS
from streams.sinks.evidence_file import decode_evidence_line
from streams.topic_names import EVIDENCE

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
    lines = [
        (topic.name, path, _record_reader(topic))
        for topic in ENRICHED_TOPICS
        if topic.name in TAKEN and (path := directory / f"{topic.name}.ndjson").exists()
    ]
    if not lines:
        raise InputError(
            f"{printable(folder)} has no file of an enriched topic, such as alerts.ndjson",
            remedy="name what `antiphon demo --out DIR` or `antiphon backtest --out DIR` wrote",
        )
    if (evidence := directory / f"{EVIDENCE}.ndjson").exists():
        lines.append((EVIDENCE, evidence, _evidence_line))
    with StoreBuilding(store, kind="folder", origin=str(directory)) as building:
        for topic, path, read in lines:
            for batch in _batches(path, read):
                building.writer.take(
                    [PartitionPart(topic=topic, partition=0, records=batch, next=batch[-1].offset + 1)]
                )
                progress(topic, batch[-1].offset)
        building.writer.put_newest_roster_in_force()
        building.put_in_place()


def _record_reader(topic: EnrichedTopic) -> Callable[[int, bytes], _Line]:
    decode = msgspec.json.Decoder(topic.record).decode

    def read(number: int, value: bytes) -> _Line:
        try:
            return _Line(number, topic.key(decode(value)).encode(), value)
        except DECODE_ERRORS:
            return _Line(number, None, value)  # whoever writes it says what is wrong, and counts it

    return read


def _evidence_line(number: int, line: bytes) -> _Line:
    try:
        record = decode_evidence_line(line)
    except DECODE_ERRORS:
        return _Line(number, None, line)
    return _Line(number, record.key, record.value, record.headers)


def _batches(path: Path, read: Callable[[int, bytes], _Line]) -> Iterator[tuple[_Line, ...]]:
    try:
        with path.open("rb") as file:
            found = (read(number, line.rstrip(b"\r\n")) for number, line in enumerate(file, 1))
            while batch := tuple(islice(found, _TOGETHER)):
                yield batch
    except OSError as error:
        raise InputError(f"{printable(str(path))}: {error.strerror}", remedy="make it readable") from error
