"""The race: every contestant on the same broker over the same events, in turns, several rounds."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench.contestants import Contestant
from bench.cores import BROKER_CORES, confined_to
from bench.course import delete_topics_of, lay_out
from bench.lap import Lap, require_steady_phase, run_lap
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
    """What was run, and every lap in the order in which it was run. `about` says what the events were."""

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
    laps: list[Lap]


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
    entered: Sequence[Contestant],
    rounds: int,
    echo: Echo,
    *,
    all_must_run: bool = False,
) -> Race:
    """Lay the course and run all laps; nothing is left on the broker. Raises `LapFailed`.

    A contestant whose programs are missing is left out, or raises `Unavailable` if `all_must_run`.
    """
    running = list(entered)
    laps: list[Lap] = []
    with tempfile.TemporaryDirectory(prefix="antiphon-bench-") as scratch:
        try:
            echo(f"writing {world.size:,} events")
            course = asyncio.run(lay_out(settings, world, Path(scratch)))
            for number in range(1, rounds + 1):
                for contestant in tuple(running):
                    echo(f"round {number} of {rounds}: {contestant.name}")
                    try:
                        lap = run_lap(contestant, course, number)
                    except Unavailable as missing:
                        if all_must_run:
                            raise
                        echo(f"without {contestant.name}: {missing}")
                        running.remove(contestant)
                        continue
                    require_steady_phase(lap)
                    laps.append(lap)
        finally:
            asyncio.run(delete_topics_of(settings))
    tally = course.tally
    return Race(
        world=world.name,
        about=world.about,
        events=world.size,
        seed=world.seed,
        rounds=rounds,
        mean_event_bytes=tally.value_bytes / tally.events,
        amplifications=len(tally.amplified),
        amplified_subjects=len(tally.figures(tally.amplified)),
        descriptions={contestant.name: contestant.description for contestant in running},
        jobs={contestant.name: contestant.does_the_job for contestant in running},
        laps=laps,
    )
