"""Results as NDJSON files, one per enriched topic and one of the evidence, in an order that depends on nothing else."""

import errno
import os
import secrets
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from msgspec import json

from streams.core.backtest import Results
from streams.core.enriched_topics import ENRICHED_TOPICS
from streams.deadletters import DeadLetter
from streams.errors import InputError
from streams.sinks.evidence_file import EvidenceFile
from streams.topic_names import DEAD_LETTERS, EVIDENCE

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


def write_results(
    directory: Path, results: Results, letters: Iterable[DeadLetter], evidence: EvidenceFile | None = None
) -> None:
    """Write the records of each kind, the dead letters, and what was kept as evidence, to an `.ndjson` file of their
    own: all of them or none. Without `evidence` its file is empty.

    Raises `InputError` where the disk is full or the directory cannot be written to; then the files that were there
    before are as they were.
    """
    files: list[tuple[str, list[Any]]] = [
        (topic.name, sorted(results.records(topic.name), key=topic.order)) for topic in ENRICHED_TOPICS
    ]
    files.append((DEAD_LETTERS, sorted(letters, key=lambda letter: (letter.topic, letter.partition, letter.offset))))
    files.append((EVIDENCE, []))  # never that of an earlier run
    unfinished: list[tuple[Path, Path]] = []
    try:
        for name, records in files:
            # A name that nobody has: what stands there, a link for example, is neither followed nor overwritten.
            number, made = tempfile.mkstemp(prefix=f".{name}-", suffix=".unfinished", dir=directory)
            unfinished.append((Path(made), directory / f"{name}.ndjson"))
            _write(number, records)
        if evidence is not None:
            evidence.finish()
            if evidence.error is not None:
                raise evidence.error
            os.chmod(evidence.path, 0o666 & ~_mask())
            unfinished[-1][0].unlink()
            unfinished[-1] = evidence.path, unfinished[-1][1]
        _put_in_place(unfinished)
    except OSError as error:
        raise InputError(
            f"{directory}: the results cannot be written: {error.strerror}",
            remedy="make room or name another directory with --out, and run it again",
        ) from error
    finally:
        for path, _final in unfinished:
            path.unlink(missing_ok=True)


def _put_in_place(files: Sequence[tuple[Path, Path]]) -> None:
    """Give all files their names, or none. Those that had the names go first: who is killed meanwhile leaves names
    without a file and hidden files `.before`, and never old files beside new ones.
    """
    before: list[tuple[Path, Path]] = []
    placed: list[Path] = []
    try:
        for _path, final in files:
            if final.is_dir() and not final.is_symlink():
                raise IsADirectoryError(errno.EISDIR, f"{final.name} is a directory")
            if os.path.lexists(final):
                kept = final.with_name(f".{final.stem}-{secrets.token_hex(8)}.before")
                final.rename(kept)
                before.append((kept, final))
        for path, final in files:
            path.rename(final)
            placed.append(final)
    except OSError:
        for final in placed:
            final.unlink()
        for kept, final in before:
            kept.rename(final)
        raise
    for kept, _final in before:
        kept.unlink()


def _write(number: int, records: Iterable[object]) -> None:
    encoder = json.Encoder()
    with os.fdopen(number, "wb") as file:
        os.fchmod(number, 0o666 & ~_mask())
        for record in records:
            file.write(encoder.encode(record) + b"\n")


def _mask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
