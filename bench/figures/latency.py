"""Latency: from the sending of the event that makes a rule fire until a consumer has the alert, under steady traffic.

Stages are told apart by the times at which producers stamped the records on the way.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import msgspec
from msgspec import Struct

from bench.cores import BROKER_CORES, IMPLEMENTATION_CORES, confined_to
from bench.counter import SharedCounter
from bench.figures.background_program import BackgroundJob
from bench.figures.environment import Environment, FigureFailed
from bench.figures.samples import BEFORE_EACH, Sampled, send_and_wait, write_what_comes_before
from bench.figures.watched import WatchedWorker, cpu_seconds, wait_for
from bench.world import RAW_NAMES, World
from streams.jobs.workers import environment_of
from streams.kafka.administration import create_topics
from streams.kafka.child_process import ChildProcess, start_child, stop_child
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings

__all__ = ["Latency", "LatencyAt", "latency_at", "measure_latency"]

_ROOT: Final = Path(__file__).parents[2]
_RATES: Final = (1_000, 20_000, 100_000)
_QUICK_RATES: Final = (500,)
_SAMPLES: Final = 300
_QUICK_SAMPLES: Final = 20
_SECONDS: Final = 25.0  # over which the samples are spread by chance
_QUICK_SECONDS: Final = 2.0
_WARM_UP_SECONDS: Final = 4.0  # of traffic before the first sample
_QUICK_WARM_UP_SECONDS: Final = 0.5
_RETRY_SECONDS: Final = 60.0
_SEED: Final = 1


class LatencyAt(Struct, frozen=True, kw_only=True):
    """Under one rate of traffic: what was handed to the broker a second, what the worker took, and how far it was
    behind at the end, in events.

    Latencies and stages are in seconds; of the stages the medians: until the subject event was stamped, from there
    until the alert was, from there until it was read. Shares are of one core; that of a broker not ours is 0.
    """

    rate: int
    reached_rate: float
    handled_rate: float
    behind: int
    samples: int
    p50: float
    p90: float
    p99: float
    most: float
    until_screened: float
    until_tracked: float
    until_read: float
    worker_share: float
    broker_share: float
    background_share: float


class Latency(Struct, frozen=True, kw_only=True):
    """A worker with default settings on one core; broker, traffic and onlooker on the others."""

    at: list[LatencyAt]


class _Marks(Struct, frozen=True):
    at: float
    written: int
    handled: int
    worker: float
    broker: float
    background: float


def measure_latency(environment: Environment) -> Latency:
    """At each rate with a fresh worker on fresh topics. Raises `FigureFailed` if an alert is missing or comes twice."""
    found = []
    for rate in _QUICK_RATES if environment.quick else _RATES:
        environment.echo(f"latency at {rate:,} events/s")
        with environment.topics_of_its_own() as settings:
            found.append(latency_at(environment, settings, rate))
    return Latency(at=found)


def latency_at(
    environment: Environment, settings: Settings, rate: int, *, samples: int = _SAMPLES, over_seconds: float = _SECONDS
) -> LatencyAt:
    """Under one rate, on topics that are not there yet. Raises `FigureFailed` if an alert is missing or comes twice."""
    count, seconds = (_QUICK_SAMPLES, _QUICK_SECONDS) if environment.quick else (samples, over_seconds)
    world = World(0, _SEED)
    asyncio.run(create_topics(settings))
    asyncio.run(publish_roster(settings, world.roster))
    asyncio.run(write_what_comes_before(settings, world, count))
    due = count * BEFORE_EACH
    marks: list[_Marks] = []
    with (
        tempfile.TemporaryDirectory(prefix="antiphon-bench-") as scratch,
        WatchedWorker(settings, IMPLEMENTATION_CORES, Path(scratch) / "worker.log") as worker,
    ):
        wait_for(
            "the worker to take what comes before the samples",
            lambda: worker.records("subject-events") >= due,
            timeout_seconds=_RETRY_SECONDS,
        )
        counter = SharedCounter(Path(scratch) / "counter")
        job = BackgroundJob(rate=rate, seed=_SEED, counter=str(Path(scratch) / "counter"))
        with _background(settings, job) as background:
            wait_for("the traffic", lambda: counter.value > 0, timeout_seconds=_RETRY_SECONDS)
            time.sleep(_QUICK_WARM_UP_SECONDS if environment.quick else _WARM_UP_SECONDS)

            def look() -> None:
                written, handled = counter.value, worker.records(*RAW_NAMES) - due
                cpu = worker.cpu_seconds(), cpu_seconds(environment.broker_pid), cpu_seconds(background.pid)
                marks.append(_Marks(time.monotonic(), written, handled, *cpu))

            look()
            try:
                with confined_to(BROKER_CORES):
                    sampled = asyncio.run(send_and_wait(settings, world, count, seconds, at_end=look))
            except (TimeoutError, ExceptionGroup) as error:
                raise FigureFailed(f"the alerts of the samples did not come as they should: {error!r}") from error
    begin, end = marks
    end = msgspec.structs.replace(end, handled=end.handled - count)
    return _measured(rate, begin, end, sampled)


@contextmanager
def _background(settings: Settings, job: BackgroundJob) -> Iterator[ChildProcess]:
    """Traffic for as long as the block runs."""
    command = [sys.executable, "-m", "bench.figures.background_program", msgspec.json.encode(job).decode()]
    with confined_to(BROKER_CORES):
        process = start_child(command, env=environment_of(settings), cwd=_ROOT)
    try:
        yield process
    finally:
        stop_child(process, timeout_seconds=0.0)


def _measured(rate: int, begin: _Marks, end: _Marks, sampled: Sampled) -> LatencyAt:
    seconds = end.at - begin.at
    latencies = [sampled.read[subject] - sent for subject, sent in sampled.sent.items()]
    hundredths = quantiles(latencies, n=100, method="inclusive")
    screened = _median_ms(sampled.sent_ms, sampled.screened_ms)
    tracked = _median_ms(sampled.screened_ms, sampled.tracked_ms)
    # Reading is timed by the other clock: what is left of the whole.
    read = median(latencies) - _median_ms(sampled.sent_ms, sampled.tracked_ms)
    return LatencyAt(
        rate=rate,
        reached_rate=(end.written - begin.written) / seconds,
        handled_rate=(end.handled - begin.handled) / seconds,
        behind=end.written - end.handled,
        samples=len(latencies),
        p50=hundredths[49],
        p90=hundredths[89],
        p99=hundredths[98],
        most=max(latencies),
        until_screened=screened,
        until_tracked=tracked,
        until_read=read,
        worker_share=(end.worker - begin.worker) / seconds,
        broker_share=(end.broker - begin.broker) / seconds,
        background_share=(end.background - begin.background) / seconds,
    )


def _median_ms(begin: Mapping[str, float], end: Mapping[str, float]) -> float:
    return median(end[subject] - at for subject, at in begin.items()) / 1_000
