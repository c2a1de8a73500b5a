"""What an earlier run told: the files of its `--out` folder, record by record, with the bytes of each."""

from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from streams.core.enriched import Alert, Amplification
from streams.core.enriched_topics import ENRICHED_TOPICS, EnrichedTopic
from streams.core.subject_event import Coordinates
from streams.errors import InputError
from streams.printable import printable
from streams.proofs.proof_target import RecordsByTopic
from streams.refusal import DECODE_ERRORS

__all__ = ["read_results"]

_FOLDERS: Final = ("/", "\\")


def read_results(folder: Path) -> RecordsByTopic:
    """The records of each enriched topic. Where a record stands in a file, the file's folders are left out of it.

    Raises `InputError` for a file that is missing or has a line that is no such record.
    """
    return {topic.name: _read(folder / f"{topic.name}.ndjson", topic) for topic in ENRICHED_TOPICS}


def _read(path: Path, topic: EnrichedTopic) -> list[tuple[Any, bytes]]:
    decode = msgspec.json.Decoder(topic.record).decode
    found: list[tuple[Any, bytes]] = []
    try:
        with path.open("rb") as file:
            for line in file:
                record = decode(line)
                found.append(_without_folders(record, line.removesuffix(b"\n")))
    except OSError as error:
        remedy = "name the --out folder of a `demo` or a `backtest`"
        raise InputError(f"{printable(str(path))}: {error.strerror}", remedy=remedy) from error
    except DECODE_ERRORS as error:
        what = f"{printable(str(path))}, line {len(found) + 1}: {printable(str(error), 200)}"
        raise InputError(what, remedy="write it again with --out") from error
    return found


def _without_folders(record: Any, line: bytes) -> tuple[Any, bytes]:
    """A backtest names files as they were given to it: whose folders they are in is nobody's business."""
    match record:
        case Alert():
            evidence = tuple(replace(each, source=_bare(each.source)) for each in record.evidence)
            bare: Any = replace(record, evidence=evidence)
        case Amplification():
            bare = replace(record, source=_bare(record.source))
        case _:
            return record, line
    return (record, line) if bare == record else (bare, msgspec.json.encode(bare))


def _bare(source: Coordinates) -> Coordinates:
    name = source.topic
    for folder in _FOLDERS:
        name = name.rpartition(folder)[2] or name
    return source if name == source.topic else replace(source, topic=name)
