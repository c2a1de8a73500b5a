"""Results as NDJSON files, one per enriched topic, in an order that depends on nothing but the records."""

import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import json

from streams.core.backtest import Results
from streams.deadletters import DeadLetter
from streams.errors import InputError

__all__ = ["prepare_directory", "write_results"]


def prepare_directory(directory: str) -> Path:
    """The directory, made if missing. Raises `InputError` when it cannot be written to: before a run, not after."""
    path = Path(directory)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{directory}: {error.strerror}", remedy="name a directory that can be made") from error
    if not os.access(path, os.W_OK):
        raise InputError(f"{directory} cannot be written to", remedy="name another directory with --out")
    return path


def write_results(directory: Path, results: Results, letters: Iterable[DeadLetter]) -> None:
    """Write the records of each kind, and the dead letters, to an `.ndjson` file of their own, whole or not at all."""
    amplifications = sorted(results.amplifications, key=lambda a: (a.at, a.platform, a.id, a.subject.id))
    dossiers = [dossier for _key, dossier in sorted(results.dossiers.items())]
    alerts = sorted(results.alerts.values(), key=lambda a: (a.fired_at, a.id))
    aftermaths = sorted(results.aftermaths.values(), key=lambda a: (a.opened_at, a.id))
    dead_letters = sorted(letters, key=lambda letter: (letter.topic, letter.partition, letter.offset))
    for name, records in (
        ("amplifications", amplifications),
        ("dossiers", dossiers),
        ("alerts", alerts),
        ("aftermaths", aftermaths),
        ("dead-letters", dead_letters),
    ):
        _write(directory / f"{name}.ndjson", records)


def _write(path: Path, records: Iterable[object]) -> None:
    encoder = json.Encoder()
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        for record in records:
            file.write(encoder.encode(record) + b"\n")
    unfinished.replace(path)
