"""The record of the last runs, kept beside RESULTS.md: each command replaces its own part."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from bench.figures.record import Figures
from bench.machine import Machine
from bench.memory import Memory
from bench.race import Race

__all__ = ["RECORD", "MemoryRun", "RaceRun", "Results", "load_results", "save_results", "today"]

RECORD: Final = Path(__file__).with_name("results.json")


class RaceRun(Struct, frozen=True, kw_only=True):
    """One race: when (a date), on what, and its trials."""

    date: str
    machine: Machine
    race: Race


class MemoryRun(Struct, frozen=True, kw_only=True):
    """One measurement of memory: when (a date), on what, and what came out."""

    date: str
    machine: Machine
    memory: Memory


class Results(Struct, frozen=True, kw_only=True):
    """The newest run of each kind; `None` where there was none."""

    race: RaceRun | None = None
    real_race: RaceRun | None = None
    memory: MemoryRun | None = None
    figures: Figures | None = None


def load_results(path: Path) -> Results:
    """The record in a file, an empty one where there is none."""
    return msgspec.json.decode(path.read_bytes(), type=Results) if path.exists() else Results()


def save_results(path: Path, results: Results) -> None:
    """Replace the record."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def today() -> str:
    """The date in UTC."""
    return datetime.now(UTC).date().isoformat()
