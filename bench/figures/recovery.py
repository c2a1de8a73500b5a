"""Recovery: how long a real worker takes from its start until it holds every state again, and how large that makes it.

A worker opens a subject store when the first event of its partition comes. So every partition has one waiting, and what
comes out must show that the state before it was there.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from bench.changelog import Layout, Written, amplifications_of, write_changelog
from bench.cores import IMPLEMENTATION_CORES
from bench.figures.environment import Environment, FigureFailed
from bench.figures.watched import WatchedWorker, wait_for
from bench.world import World
from bench.writing import write_all
from streams.core.enriched import Dossier
from streams.core.subject_event import Coordinates, encode_subject_event
from streams.kafka.administration import create_topics
from streams.kafka.reading import read_topic
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from streams.topics import topic_named

__all__ = ["MOST_BYTES", "MOST_SECONDS", "Recovery", "RecoveryOf", "measure_recovery"]

MOST_SECONDS: Final = 60.0
MOST_BYTES: Final = 2_500_000_000
"""What a worker with 1,000,000 subjects may take at most."""

_SUBJECTS: Final = (100_000, 1_000_000)
_QUICK_SUBJECTS: Final = (2_000,)
_PARTITIONS: Final = topic_named("subject-events").partitions
_TIMEOUT_SECONDS: Final = 300.0
_READY: Final = "worker ready"


class RecoveryOf(Struct, frozen=True, kw_only=True):
    """With so many subjects. `started_seconds` is until the worker had its partitions, `ready_seconds` until every
    subject store was open and its first event's transaction done; `resident_bytes` is then, `peak_bytes` until then."""

    written: Written
    started_seconds: float
    ready_seconds: float
    cpu_seconds: float
    resident_bytes: int
    peak_bytes: int


class Recovery(Struct, frozen=True, kw_only=True):
    """A fresh worker with default settings on a changelog of so many partitions."""

    partitions: int
    of: list[RecoveryOf]


def measure_recovery(environment: Environment) -> Recovery:
    """For each number of subjects: write their states, start a worker, wait. Raises `FigureFailed`."""
    found = []
    for subjects in _QUICK_SUBJECTS if environment.quick else _SUBJECTS:
        with environment.topics_of_its_own() as settings:
            found.append(_recover(environment, settings, subjects))
    return Recovery(partitions=_PARTITIONS, of=found)


def _recover(environment: Environment, settings: Settings, subjects: int) -> RecoveryOf:
    asyncio.run(create_topics(settings))
    asyncio.run(publish_roster(settings, World(0, 1).roster))
    environment.echo(f"making the states of {subjects:,} subjects")
    written = write_changelog(
        settings, subjects, lambda done: environment.echo(f"  {done:,}"), Layout(partitions=_PARTITIONS)
    )
    asyncio.run(write_all(settings, (_one_more(number) for number in range(_PARTITIONS))))
    environment.echo("starting a worker")
    with (
        tempfile.TemporaryDirectory(prefix="antiphon-bench-") as scratch,
        WatchedWorker(settings, IMPLEMENTATION_CORES, Path(scratch) / "worker.log") as worker,
    ):
        wait_for("the worker's start", lambda: _READY in worker.log, timeout_seconds=_TIMEOUT_SECONDS)
        started = time.monotonic() - worker.started_at

        def is_ready() -> bool:
            figures = worker.figures()
            published = figures.get(("outputs", "dossiers"), 0)
            return published >= _PARTITIONS and figures.get(("subjects", ""), 0) >= subjects

        wait_for("all stores", is_ready, timeout_seconds=_TIMEOUT_SECONDS, pause_seconds=0.25)
        ready = time.monotonic() - worker.started_at
        resident, peak = worker.memory()
        cpu = worker.cpu_seconds()
    wrong = asyncio.run(_wrong_dossiers(settings))
    if wrong:
        raise FigureFailed(f"states were not recovered: {'; '.join(wrong)}")
    return RecoveryOf(
        written=written,
        started_seconds=started,
        ready_seconds=ready,
        cpu_seconds=cpu,
        resident_bytes=resident,
        peak_bytes=peak,
    )


def _one_more(number: int) -> tuple[str, int, bytes, bytes]:
    """Subject `number`, whose state is in the partition of that number, is amplified once more."""
    last = list(amplifications_of(number))[-1]
    event = msgspec.structs.replace(
        last, event_id=f"{last.event_id}0", at_us=last.at_us + 1, source=Coordinates("retweets", number, 10**9)
    )
    return "subject-events", number, _key(number), encode_subject_event(event)


async def _wrong_dossiers(settings: Settings) -> list[str]:
    """One dossier a partition, each with one amplification more than the changelog had."""
    totals_by_subject = {}
    async for record in read_topic(settings, "dossiers"):
        totals_by_subject[record.key] = msgspec.json.decode(record.value, type=Dossier).totals
    wrong = []
    for number in range(_PARTITIONS):
        due = len(list(amplifications_of(number))) + 1
        totals = totals_by_subject.get(_key(number))
        if totals is None or totals.retweet + totals.quote != due:
            wrong.append(f"subject {number} has {totals}, not {due} amplifications")
    return wrong


def _key(number: int) -> bytes:
    first = next(amplifications_of(number))
    return f"{first.platform}:{first.subject.id}".encode()
