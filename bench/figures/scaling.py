"""Two workers against one: the same events, with cores allotted so that it can be seen what is due to whom.

Events are on the broker before a trial begins. All workers are in the group and have their partitions before the
roster is published; none begins without it, so its publication starts the trial.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Final

import msgspec
from aiokafka.errors import GroupCoordinatorNotAvailableError
from msgspec import Struct

from bench.cores import BROKER_CORES, IMPLEMENTATION_CORES, confined_to
from bench.figures.environment import Environment, FigureFailed
from bench.figures.watched import WatchedWorker, cpu_seconds, wait_for
from bench.implementations.antiphon import Antiphon
from bench.implementations.implementation import Progress
from bench.workload import Workload, committed, write_workload
from bench.world import RAW_NAMES, World
from streams.kafka.child_process import start_child, stop_child
from streams.kafka.client import admin
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings

__all__ = ["LEAST_RATIO", "Scaling", "ScalingTrial", "measure_scaling", "median_ratio", "median_trial"]

LEAST_RATIO: Final = 1.7
"""How many times as much two workers are to do as one, where the cores allow it."""

_EVENTS: Final = 1_000_000
_ROUNDS: Final = 3
_QUICK_EVENTS: Final = 40_000
_WARM_UP_SHARE: Final = 0.1
_UNTIL_SHARE: Final = 0.9  # at the very end one of two may be through before the other
_LOOK_SECONDS: Final = 0.2
_TIMEOUT_SECONDS: Final = 180.0
_STEADY_LOOKS: Final = 5  # that the group must be seen complete in a row before the gun


class _Plan(Struct, frozen=True):
    """Who runs where: the cores of each worker, those of the broker, and whether a ballast takes half a core away."""

    workers: tuple[frozenset[int], ...]
    broker: frozenset[int]
    ballast: bool = False


_EVERYWHERE: Final = BROKER_CORES | IMPLEMENTATION_CORES
_PLANS: Final = {
    "one": _Plan((IMPLEMENTATION_CORES,), BROKER_CORES),
    "one-half": _Plan((IMPLEMENTATION_CORES,), BROKER_CORES, ballast=True),
    "two-halves": _Plan((IMPLEMENTATION_CORES, IMPLEMENTATION_CORES), BROKER_CORES),
    "two": _Plan((IMPLEMENTATION_CORES, BROKER_CORES), _EVERYWHERE),
}
_QUICK_PLANS: Final = ("two-halves",)


class ScalingTrial(Struct, frozen=True, kw_only=True):
    """One trial between a tenth and nine tenths of the events. `worker_cpu_seconds` is of each worker."""

    plan: str
    number: int
    events: int
    seconds: float
    worker_cpu_seconds: list[float]
    broker_cpu_seconds: float

    @property
    def events_per_second(self) -> float:
        """By the clock on the wall."""
        return self.events / self.seconds

    @property
    def worker_cpu_us(self) -> float:
        """Processor time of all workers for one event, in µs."""
        return sum(self.worker_cpu_seconds) / self.events * 1e6

    @property
    def broker_cpu_us(self) -> float:
        """Processor time of the broker for one event, in µs; 0 where it is not ours."""
        return self.broker_cpu_seconds / self.events * 1e6


class Scaling(Struct, frozen=True, kw_only=True):
    """All trials. Plans: `one` worker with a core for itself; `one-half`, which shares it with a ballast; `two-halves`,
    two that share it; in all of these the broker has the other cores. `two`: a core each, shared with the broker.
    """

    events: int
    partitions: int
    trials: list[ScalingTrial]


def median_trial(trials: Sequence[ScalingTrial], plan: str) -> ScalingTrial | None:
    """The trial of a plan with the middle speed, `None` where there is none."""
    of_plan = sorted((trial for trial in trials if trial.plan == plan), key=lambda trial: trial.events_per_second)
    return of_plan[len(of_plan) // 2] if of_plan else None


def median_ratio(trials: Sequence[ScalingTrial], plan: str, against: str) -> float | None:
    """How many times as fast a plan was as another, taken within each round: the middle one; `None` without trials."""
    speeds = {(trial.plan, trial.number): trial.events_per_second for trial in trials}
    rounds = {number for name, number in speeds if name == plan} & {
        number for name, number in speeds if name == against
    }
    found = [speeds[(plan, number)] / speeds[(against, number)] for number in rounds]
    return median(found) if found else None


def measure_scaling(environment: Environment) -> Scaling:
    """Every plan in turns, several rounds. Raises `FigureFailed` where results are wrong or there is but one core."""
    if len(_EVERYWHERE) < 2:
        raise FigureFailed("two workers against one: this needs two cores")
    world = World(_QUICK_EVENTS if environment.quick else _EVENTS, 1)
    trials = []
    with environment.topics_of_its_own() as settings, tempfile.TemporaryDirectory(prefix="antiphon-bench-") as scratch:
        environment.echo(f"writing {world.size:,} events")
        workload = asyncio.run(write_workload(settings, world, Path(scratch)))
        for number in range(1, 2 if environment.quick else _ROUNDS + 1):
            for name in _QUICK_PLANS if environment.quick else _PLANS:
                environment.echo(f"round {number}: {name}")
                trials.append(_trial(environment, workload, name, number))
    return Scaling(events=world.size, partitions=len(workload.tally.ends), trials=trials)


def _trial(environment: Environment, workload: Workload, name: str, number: int) -> ScalingTrial:
    plan = _PLANS[name]
    trial = f"{name}-{number}"
    entered = Antiphon()
    settings = msgspec.structs.replace(workload.settings, app_id=trial)
    asyncio.run(_delete_roster(settings))
    entered.prepare(workload, trial)
    with ExitStack() as until_the_end:
        until_the_end.enter_context(environment.broker_on(plan.broker))
        workers = [
            until_the_end.enter_context(WatchedWorker(settings, cores, workload.scratch / f"{trial}-{n}.log"))
            for n, cores in enumerate(plan.workers)
        ]
        asyncio.run(_wait_for_group(settings, len(workers)))
        if plan.ballast:
            until_the_end.enter_context(_ballast(IMPLEMENTATION_CORES))
        at_the_gun = _look(environment, workers)
        asyncio.run(publish_roster(settings, workload.world.roster))
        measured = _watch(environment, workload, workers, at_the_gun, name, number)
        due = len(workload.tally.amplified)
        wait_for(
            "the last transactions",
            lambda: sum(worker.records("subject-events") for worker in workers) >= due,
            timeout_seconds=_TIMEOUT_SECONDS,
        )
        # Not at the end of the workers: the first one to go makes the other give its partitions up, uncommitted.
        wait_for(
            "the last offsets",
            lambda: asyncio.run(committed(settings, settings.group, workload.tally.ends)) == workload.tally.ends,
            timeout_seconds=_TIMEOUT_SECONDS,
            pause_seconds=0.5,
        )
    wrong = entered.complaints(workload, trial, Progress(workload.tally.events))
    if wrong:
        raise FigureFailed(f"{trial}: {'; '.join(wrong)}")
    return measured


class _Sample(Struct, frozen=True):
    at: float
    events: int
    workers: list[float]
    broker: float


def _look(environment: Environment, workers: Sequence[WatchedWorker]) -> _Sample:
    events = sum(worker.records(*RAW_NAMES) for worker in workers)
    shares = [worker.cpu_seconds() for worker in workers]
    return _Sample(time.monotonic(), events, shares, cpu_seconds(environment.broker_pid))


def _watch(
    environment: Environment,
    workload: Workload,
    workers: Sequence[WatchedWorker],
    at_the_gun: _Sample,
    name: str,
    number: int,
) -> ScalingTrial:
    total = workload.tally.events
    began = time.monotonic()
    begin, now = at_the_gun, _look(environment, workers)  # by when all may be done, if the machine is busy
    while now.events < total * _UNTIL_SHARE:
        if begin.events < total * _WARM_UP_SHARE:
            begin = now
        if now.at - began > _TIMEOUT_SECONDS:
            raise FigureFailed(f"{name}: {now.events} of {total} events in {_TIMEOUT_SECONDS:.0f} s")
        time.sleep(_LOOK_SECONDS)
        now = _look(environment, workers)
    return ScalingTrial(
        plan=name,
        number=number,
        events=now.events - begin.events,
        seconds=now.at - begin.at,
        worker_cpu_seconds=[after - before for before, after in zip(begin.workers, now.workers, strict=True)],
        broker_cpu_seconds=now.broker - begin.broker,
    )


@contextmanager
def _ballast(cores: frozenset[int]) -> Iterator[None]:
    """Something that never rests runs on these cores for as long as the block does."""
    with confined_to(cores):
        process = start_child([sys.executable, Path(__file__).with_name("ballast_program.py")])
    try:
        yield
    finally:
        stop_child(process, timeout_seconds=1.0)


async def _delete_roster(settings: Settings) -> None:
    name = settings.topic("officials")
    async with admin(settings) as client:
        if name in await client.list_topics():
            await client.delete_topics([name])


async def _wait_for_group(settings: Settings, members: int) -> None:
    """Until the group has been complete and at rest for a second: everybody knows its partitions."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    steady = 0
    async with admin(settings) as client:
        while steady < _STEADY_LOOKS:
            state, found = "unknown", 0
            with suppress(GroupCoordinatorNotAvailableError):  # on a new broker there is none at first
                [answer] = await client.describe_consumer_groups([settings.group])
                _code, _group, state, _type, _protocol, described, *_ = answer.groups[0]
                found = len(described)
            steady = steady + 1 if (state, found) == ("Stable", members) else 0
            if time.monotonic() > deadline:
                raise FigureFailed(f"the group of {members} workers is not complete: {state}, {found} members")
            await asyncio.sleep(_LOOK_SECONDS)
