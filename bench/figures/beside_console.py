"""The pipeline with and without a console that builds its store. Trials alternate: both see the same machine load.

A trial is a worker with all agents that catches up with the raw topics, and then another under steady traffic whose
alerts are waited for. The console runs with the priority that it gives itself, on any core; its store is built over and
over, from topics of its own on the same broker.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import Final

from msgspec import Struct

from bench.figures.environment import Environment, FigureFailed
from bench.figures.latency import latency_at
from bench.figures.running_console import running_console
from bench.implementations.antiphon import Antiphon
from bench.trial import cpu_seconds, run_trial
from bench.workload import Workload, write_workload
from bench.world import World
from streams.settings import Settings

__all__ = ["LEAST_SPEED", "BesideConsole", "BesideTrial", "measure_beside"]

LEAST_SPEED: Final = 0.95
"""How fast the pipeline is to be with a console, compared with without; its latency the other way round."""

_EVENTS: Final = 1_000_000
_QUICK_EVENTS: Final = 40_000
_ROUNDS: Final = 3
_RATE: Final = 5_000
_QUICK_RATE: Final = 500
_SAMPLES: Final = 100
_QUICK_SAMPLES: Final = 10
_SECONDS: Final = 10.0
_QUICK_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 60.0
_TICK_SECONDS: Final = 0.01  # finer processor time is not told


class BesideTrial(Struct, frozen=True, kw_only=True):
    """One trial. `console_share` is what the console had of one core while events were worked off, `builds` how many
    stores it had begun to build by the end of the trial. Latencies in seconds.
    """

    number: int
    with_console: bool
    events_per_second: float
    events_per_cpu_second: float
    p50: float
    p90: float
    console_share: float = 0.0
    builds: int = 0


class BesideConsole(Struct, frozen=True, kw_only=True):
    """All trials; of each round one with and one without. Quick, there is none without, and nothing to compare."""

    events: int
    rate: int
    trials: list[BesideTrial]

    @property
    def can_compare(self) -> bool:
        """Whether there are trials of both kinds."""
        return len({trial.with_console for trial in self.trials}) == 2

    def ratio(self, name: str) -> float | None:
        """With against without, within each round: the middle one. `None` where no round has anything without, as in
        runs too short for the clock.
        """
        with_it = {trial.number: float(getattr(trial, name)) for trial in self.trials if trial.with_console}
        without = {trial.number: float(getattr(trial, name)) for trial in self.trials if not trial.with_console}
        both = [number for number in with_it.keys() & without.keys() if without[number] > 0]
        return median(with_it[number] / without[number] for number in both) if both else None

    def noise(self, name: str) -> float | None:
        """By how much the trials without a console differ among themselves: the largest against the smallest, less 1.
        `None` where nothing was measured in one of them.
        """
        values = [float(getattr(trial, name)) for trial in self.trials if not trial.with_console]
        return max(values) / min(values) - 1 if values and min(values) > 0 else None

    @property
    def is_met(self) -> bool | None:
        """Whether the pipeline is as fast and its alerts as quick as without, but for the noise of either; `None` where
        one of them cannot be said.
        """
        faster, slower = self.ratio("events_per_second"), self.ratio("p50")
        of_speed, of_latency = self.noise("events_per_second"), self.noise("p50")
        if faster is None or slower is None or of_speed is None or of_latency is None:
            return None
        speed = min(LEAST_SPEED, 1 / (1 + of_speed))
        latency = max(1 / LEAST_SPEED, 1 + of_latency)
        return faster >= speed and slower <= latency


class _Rebuilding:
    """A console whose store is built again and again."""

    def __init__(self) -> None:
        self.stop, self.builds_first = Event(), Event()
        self.builds = 0
        self._before = 0.0  # processor seconds of those that ended
        self._pids: tuple[int, ...] = ()
        self.failure: BaseException | None = None

    @property
    def cpu_seconds(self) -> float:
        """Of all its processes so far."""
        return self._before + sum(map(cpu_seconds, self._pids))

    def run(self, settings: Settings) -> None:
        try:
            while not self.stop.is_set():
                self._build(settings)
        except BaseException as error:  # noqa: BLE001  # is raised where somebody waits
            self.failure = error
        finally:
            self.builds_first.set()

    def _build(self, settings: Settings) -> None:
        with (
            tempfile.TemporaryDirectory(prefix="antiphon-bench-") as folder,
            running_console(settings, Path(folder, "store")) as console,
        ):
            self.builds += 1
            self._pids = console.process.pid, console.feed
            self.builds_first.set()
            while not self.stop.wait(_LOOK_SECONDS) and not console.is_built():
                pass
            self._before, self._pids = self.cpu_seconds, ()


@contextmanager
def _rebuilding(settings: Settings) -> Iterator[_Rebuilding]:
    beside = _Rebuilding()
    thread = Thread(target=beside.run, args=(settings,), name="console")
    thread.start()
    try:
        beside.builds_first.wait(_PATIENCE_SECONDS)
        yield beside
    finally:
        beside.stop.set()
        thread.join(_PATIENCE_SECONDS)
    if beside.failure is not None:
        raise FigureFailed(f"the console beside the pipeline failed: {beside.failure!r}") from beside.failure


def measure_beside(environment: Environment, console: Settings) -> BesideConsole:
    """Trials by turns; `console` has the topics that the console reads. Raises `FigureFailed`, `TrialFailed`."""
    world = World(_QUICK_EVENTS if environment.quick else _EVENTS, 1)
    rate = _QUICK_RATE if environment.quick else _RATE
    trials = []
    with environment.topics_of_its_own() as settings, tempfile.TemporaryDirectory(prefix="antiphon-bench-") as scratch:
        environment.echo(f"writing {world.size:,} events")
        workload = asyncio.run(write_workload(settings, world, Path(scratch)))
        for number in range(1, 2 if environment.quick else _ROUNDS + 1):
            # Which of them is first changes from round to round.
            kinds = (False, True) if number % 2 else (True, False)
            for with_console in (True,) if environment.quick else kinds:
                environment.echo(f"round {number}, {'beside a console' if with_console else 'without a console'}")
                trials.append(_trial(environment, workload, number, rate, console if with_console else None))
    return BesideConsole(events=world.size, rate=rate, trials=trials)


def _trial(
    environment: Environment, workload: Workload, number: int, rate: int, console: Settings | None
) -> BesideTrial:
    with nullcontext() if console is None else _rebuilding(console) as beside:
        began, cpu = time.monotonic(), 0.0 if beside is None else beside.cpu_seconds
        # The topics of a trial are recreated, and a number is used once.
        trial = run_trial(Antiphon(with_watch=True), workload, 2 * number + (console is not None))
        share = 0.0 if beside is None else (beside.cpu_seconds - cpu) / (time.monotonic() - began)
        if trial.complaints:
            raise FigureFailed(f"round {number}: {trial.complaints[0]}")
        with environment.topics_of_its_own() as settings:
            samples, seconds = (_QUICK_SAMPLES, _QUICK_SECONDS) if environment.quick else (_SAMPLES, _SECONDS)
            latency = latency_at(environment, settings, rate, samples=samples, over_seconds=seconds)
        return BesideTrial(
            number=number,
            with_console=console is not None,
            events_per_second=trial.events_per_second,
            events_per_cpu_second=trial.events / max(trial.cpu_seconds, _TICK_SECONDS),
            p50=latency.p50,
            p90=latency.p90,
            console_share=share,
            builds=0 if beside is None else beside.builds,
        )
