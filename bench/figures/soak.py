"""The soak: one worker under steady traffic for as long as one likes. Do memory, states, ledger and lag level off?

Event time passes faster than the clock, so that in an hour watches close, and states and standings grow old.
"""

import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean, median
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from bench.cores import BROKER_CORES, IMPLEMENTATION_CORES, confined_to
from bench.counter import SharedCounter
from bench.figures.environment import Environment, FigureFailed
from bench.figures.soak_traffic import SoakJob
from bench.figures.watched import WatchedWorker, wait_for
from bench.world import World
from streams.events import RAW_TOPICS
from streams.jobs.workers import environment_of
from streams.kafka.administration import create_topics
from streams.kafka.child_process import start_child, stop_child
from streams.kafka.roster_topic import publish_roster

__all__ = ["Soak", "SoakSample", "Verdict", "levels", "measure_soak"]

_ROOT: Final = Path(__file__).parents[2]
_RATE: Final = 400
_DAYS_PER_MINUTE: Final = 4.0
_SPEED: Final = _DAYS_PER_MINUTE * 1_440.0
_SAMPLE_SECONDS: Final = 15.0
_QUICK_SECONDS: Final = 10.0
_QUICK_SAMPLE_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 60.0
_SEED: Final = 1
# The last quarter against the one before it. What still grows for good does so by a third.
_LEVEL_RATIO: Final = 1.05
_LEVEL_LAG: Final = 5.0  # seconds of traffic
# Nothing leaves a ledger before seven days of the clock have passed. Until then it grows by what comes in, and what can
# be found out is whether it grows by more and more.
_STEADY: Final = ("ledger_entries", "ledger_bytes")
_STEADY_RATIO: Final = 1.15
_INTERNAL: Final = ("subject-events", "country-events")

Verdict: TypeAlias = Literal["level", "steady", "grows"]
"""It does not grow; it grows by as much as before, as a ledger must within its first seven days; it grows."""


class SoakSample(Struct, frozen=True, kw_only=True):
    """One look: seconds since the traffic began; the worker's resident bytes and its share of a core since the last
    look; raw events and internal records it is behind; records in the ledgers by the worker's own count, and bytes of
    their files with the write-ahead logs; TRACK's states."""

    seconds: float
    resident_bytes: int
    core_share: float
    behind: int
    ledger_entries: int
    ledger_bytes: int
    states: int
    alerts: int


class Soak(Struct, frozen=True, kw_only=True):
    """The samples of one run. `event_days` is how much event time passed."""

    rate: int
    minutes: float
    event_days: float
    written: int
    samples: list[SoakSample]


def levels(soak: Soak) -> dict[str, tuple[float, float, Verdict]]:
    """By what was sampled: its mean in the third quarter and in the last, and whether it levels off.

    Lag is a median, and level where the worker is at most some seconds of traffic behind at the end.
    """
    quarter = max(1, len(soak.samples) // 4)
    third, last = soak.samples[-2 * quarter : -quarter] or soak.samples, soak.samples[-quarter:]
    found: dict[str, tuple[float, float, Verdict]] = {}
    for name in ("resident_bytes", "core_share", "ledger_entries", "ledger_bytes", "states"):
        before, after = (mean(getattr(sample, name) for sample in part) for part in (third, last))
        is_level = after <= before * _LEVEL_RATIO
        found[name] = (before, after, "level" if is_level else "steady" if _is_steady(soak, name) else "grows")
    before, after = (median(sample.behind for sample in part) for part in (third, last))
    found["behind"] = (before, after, "level" if after <= soak.rate * _LEVEL_LAG else "grows")
    return found


def _is_steady(soak: Soak, name: str) -> bool:
    """Whether a ledger grew by no more in the last quarter than in the one before."""
    quarter = max(1, len(soak.samples) // 4)
    begin, middle, end = (
        getattr(soak.samples[-at], name) for at in (min(2 * quarter + 1, len(soak.samples)), quarter + 1, 1)
    )
    return name in _STEADY and end - middle <= (middle - begin) * _STEADY_RATIO


def measure_soak(environment: Environment) -> Soak:
    """Run one worker for `environment.minutes`. Raises `FigureFailed` when it ends."""
    seconds, pause = (
        (_QUICK_SECONDS, _QUICK_SAMPLE_SECONDS) if environment.quick else (environment.minutes * 60, _SAMPLE_SECONDS)
    )
    environment.echo(f"a soak of {seconds / 60:.1f} minutes at {_RATE} events/s")
    with (
        environment.topics_of_its_own() as settings,
        tempfile.TemporaryDirectory(prefix="antiphon-bench-") as scratch,
    ):
        settings = msgspec.structs.replace(settings, data_dir=str(Path(scratch) / "data"))
        asyncio.run(create_topics(settings))
        asyncio.run(publish_roster(settings, World(0, _SEED).roster))
        counter = SharedCounter(Path(scratch) / "counter")
        # All of it is in the past: events from the future are refused.
        begin = datetime.now(UTC) - timedelta(seconds=(seconds + _RETRY_SECONDS) * _SPEED)
        job = SoakJob(rate=_RATE, begin=begin, speed=_SPEED, seed=_SEED, counter=str(Path(scratch) / "counter"))
        with WatchedWorker(settings, IMPLEMENTATION_CORES, Path(scratch) / "worker.log") as worker:
            wait_for("the worker", lambda: bool(worker.figures()), timeout_seconds=_RETRY_SECONDS)
            command = [sys.executable, "-m", "bench.figures.soak_traffic", msgspec.json.encode(job).decode()]
            with confined_to(BROKER_CORES):
                traffic = start_child(command, env=environment_of(settings), cwd=_ROOT)
            try:
                wait_for(
                    "the first suspensions to arrive",
                    lambda: worker.records("suspensions") > 0 and worker.records("country-events") > 0,
                    timeout_seconds=_RETRY_SECONDS,
                )
                samples = _watch(environment, worker, counter, Path(settings.data_dir or ""), seconds, pause)
                if traffic.poll() is not None:
                    raise FigureFailed("the traffic ended before the soak did")
            finally:
                stop_child(traffic, timeout_seconds=0.0)
    return Soak(
        rate=_RATE,
        minutes=seconds / 60,
        event_days=seconds * _SPEED / 86_400,
        written=counter.value,
        samples=samples,
    )


def _watch(
    environment: Environment, worker: WatchedWorker, counter: SharedCounter, data: Path, seconds: float, pause: float
) -> list[SoakSample]:
    began = looked = time.monotonic()
    cpu = worker.cpu_seconds()
    samples: list[SoakSample] = []
    while looked - began < seconds:
        time.sleep(pause)
        now, cpu_now = time.monotonic(), worker.cpu_seconds()
        written, figures = counter.value, worker.figures()
        if not figures:
            continue  # it is too busy to answer: the next sample tells how far it is behind
        handled = sum(figures.get(("records", topic), 0) for topic in RAW_TOPICS.values())
        internal = sum(figures.get(("lag_records", topic), 0) for topic in _INTERNAL)
        sample = SoakSample(
            seconds=now - began,
            resident_bytes=worker.memory()[0],
            core_share=(cpu_now - cpu) / (now - looked),
            behind=max(0, written - int(handled)) + int(internal),
            ledger_entries=int(figures.get(("ledger_entries", ""), 0)),
            ledger_bytes=sum(path.stat().st_size for path in data.rglob("*.sqlite*")),
            states=int(figures.get(("subjects", ""), 0)),
            alerts=int(figures.get(("outputs", "alerts"), 0)),
        )
        samples.append(sample)
        looked, cpu = now, cpu_now
        environment.echo(
            f"{sample.seconds / 60:5.1f} min  {sample.resident_bytes / 1e6:6.0f} MB  {sample.core_share:4.0%} of a core"
            f"  {sample.behind:,} behind  {sample.states:,} states  {sample.ledger_entries:,} entries in"
            f" {sample.ledger_bytes / 1e6:,.0f} MB"
        )
    if not samples:
        raise FigureFailed("the worker never told its figures")
    return samples
