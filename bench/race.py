"""The race: every implementation on the same broker over the same events, in turns, several rounds."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench.cores import BROKER_CORES, confined_to
from bench.implementations import Implementation
from bench.trial import Trial, require_steady_phase, run_trial
from bench.workload import delete_topics_of, write_workload
from bench.world import AnyWorld, World
from streams.settings import Settings
from tools.kafka.jars import Unavailable
from tools.kafka.node import Kafka

__all__ = ["Echo", "Race", "broker_at", "run_race"]

_HEAP_MB: Final = 1_024
# Kafka's own default. The runner's three seconds are for tests that kill the broker; on a busy machine it loses itself.
_PATIENT: Final = {"broker.session.timeout.ms": "9000"}

Echo = Callable[[str], None]
"""Gets, in a line, what happens."""


class Race(Struct, frozen=True, kw_only=True):
    """What was run, and every trial in the order in which it was run. `about` says what the events were."""

    world: str = World.name
    about: str = World.about
    events: int
    seed: int
    rounds: int
    mean_event_bytes: float
    amplifications: int
    amplified_subjects: int
    descriptions: dict[str, str]
    jobs: dict[str, bool]
    trials: list[Trial]


@contextmanager
def broker_at(address: str | None) -> Iterator[tuple[str, str]]:
    """The address and the kind of a broker: of the one at that address, or of a Kafka started for this run."""
    if address is not None:
        yield address, "a broker that was running"
        return
    kafka = Kafka(heap_mb=_HEAP_MB, jvm=(), properties=_PATIENT)
    with confined_to(BROKER_CORES):
        kafka.start()
    try:
        yield kafka.address, f"Apache Kafka {kafka.version}, heap {_HEAP_MB} MB"
    finally:
        kafka.close()


def run_race(
    settings: Settings,
    world: AnyWorld,
    entered: Sequence[Implementation],
    rounds: int,
    echo: Echo,
    *,
    all_must_run: bool = False,
) -> Race:
    """Write the workload and run all trials; nothing is left on the broker. Raises `TrialFailed`.

    An implementation whose programs are missing is left out, or raises `Unavailable` if `all_must_run`.
    """
    running = list(entered)
    trials: list[Trial] = []
    with tempfile.TemporaryDirectory(prefix="antiphon-bench-") as scratch:
        try:
            echo(f"writing {world.size:,} events")
            workload = asyncio.run(write_workload(settings, world, Path(scratch)))
            for number in range(1, rounds + 1):
                for implementation in tuple(running):
                    echo(f"round {number} of {rounds}: {implementation.name}")
                    try:
                        trial = run_trial(implementation, workload, number)
                    except Unavailable as missing:
                        if all_must_run:
                            raise
                        echo(f"without {implementation.name}: {missing}")
                        running.remove(implementation)
                        continue
                    require_steady_phase(trial)
                    trials.append(trial)
        finally:
            asyncio.run(delete_topics_of(settings))
    tally = workload.tally
    return Race(
        world=world.name,
        about=world.about,
        events=world.size,
        seed=world.seed,
        rounds=rounds,
        mean_event_bytes=tally.value_bytes / tally.events,
        amplifications=len(tally.amplified),
        amplified_subjects=len(tally.figures(tally.amplified)),
        descriptions={implementation.name: implementation.description for implementation in running},
        jobs={implementation.name: implementation.does_the_job for implementation in running},
        trials=trials,
    )
