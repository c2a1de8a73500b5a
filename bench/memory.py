"""Memory per tracked subject: a changelog of states that the real core made, recovered by a real subject store."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from bench.changelog import Written, write_changelog
from bench.cores import IMPLEMENTATION_CORES, confined_to
from bench.store_program import Recovered
from bench.workload import delete_topics_of
from streams.jobs.workers import environment_of
from streams.kafka.administration import create_topics
from streams.settings import Settings

__all__ = ["Memory", "measure_memory"]

_ROOT: Final = Path(__file__).parents[1]
_TIMEOUT_SECONDS: Final = 600.0


class Memory(Struct, frozen=True, kw_only=True):
    """What was written and what it took to hold it."""

    written: Written
    recovered: Recovered

    @property
    def rss_bytes_per_subject(self) -> float:
        """Resident memory that the states added, by their number."""
        return (self.recovered.after_bytes - self.recovered.before_bytes) / self.recovered.subjects

    @property
    def changelog_bytes_per_subject(self) -> float:
        """Keys and values in the changelog, without Kafka's own framing."""
        return (self.written.value_bytes + self.written.key_bytes) / self.written.subjects


def measure_memory(settings: Settings, subjects: int, echo: Callable[[str], None]) -> Memory:
    """Write a changelog of one partition and open it in a fresh process; nothing is left on the broker."""
    try:
        asyncio.run(create_topics(settings, partitions={"subject-events": 1, "subject-states": 1}))
        echo(f"making the states of {subjects:,} subjects")
        written = write_changelog(settings, subjects, lambda done: echo(f"  {done:,}"))
        echo("opening the store")
        with confined_to(IMPLEMENTATION_CORES):
            run = subprocess.run(
                [sys.executable, "-m", "bench.store_program"],
                cwd=_ROOT,
                env=environment_of(settings),
                stdout=subprocess.PIPE,
                check=True,
                timeout=_TIMEOUT_SECONDS,
            )
    finally:
        asyncio.run(delete_topics_of(settings))
    recovered = msgspec.json.decode(run.stdout, type=Recovered)
    assert recovered.subjects == subjects, f"recovered {recovered.subjects} of {subjects} subjects"
    return Memory(written=written, recovered=recovered)
