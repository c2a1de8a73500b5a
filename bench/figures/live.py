"""How fast a core reads Jetstream: frames of officials from a server on another core, with and without Kafka behind it,
and the atproto SDK over the same frames.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Final

import msgspec
from msgspec import Struct

from bench.cores import BROKER_CORES, IMPLEMENTATION_CORES, confined_to
from bench.figures.environment import Environment, FigureFailed
from bench.figures.live_program import LiveRun
from bench.figures.webhook import WebhookLatency, measure_webhook
from streams.jobs.workers import environment_of
from streams.kafka.administration import create_topics
from streams.settings import Settings

__all__ = ["HOUR_FRAMES", "LiveFigure", "LiveRow", "measure_live"]

HOUR_FRAMES: Final = 1_700_000
"""An hour of the whole network, as of July 2026: 480 events a second."""

_FRAMES: Final = 200_000
_QUICK_FRAMES: Final = 10_000
_SECONDS: Final = 600
_ROUNDS: Final = 3


class LiveRow(Struct, frozen=True, kw_only=True):
    """The best of several runs. `target` is the least rate that there must be, a processor second unless `of_wall`."""

    who: str
    frames: int
    per_cpu_second: float
    per_second: float
    target: float | None = None
    of_wall: bool = False


class LiveFigure(Struct, frozen=True, kw_only=True):
    """All rows. `hour_seconds` is how long an hour of the whole network took, read once in one connection, and
    `hour_in_kafka_seconds` until Kafka had acknowledged it; `None` for the latter, and a projection for the former,
    where that was not run (`hour_frames` of 0). `webhook` is `None` where there is no Alertmanager.
    """

    rows: list[LiveRow]
    hour_seconds: float
    without_sdk: bool
    hour_frames: int = 0
    hour_in_kafka_seconds: float | None = None
    webhook: WebhookLatency | None = None


def measure_live(environment: Environment) -> LiveFigure:
    """Read, read packed, read the old wire, read into Kafka; and the SDK, where it is installed."""
    frames = _QUICK_FRAMES if environment.quick else _FRAMES
    rows: list[LiveRow] = []
    with _feed("v2", frames) as v2:
        rows.append(_row("v2", _best(environment, "antiphon", "v2", "plain", v2, frames), 60_000))
        hour = _hour(environment, v2, frames) if environment.quick else None
        rows.append(_row("v2, compressed", _best(environment, "antiphon", "v2", "packed", v2, frames)))
        with environment.topics_of_its_own() as settings:
            asyncio.run(create_topics(settings))
            run = _best(environment, "kafka", "v2", "plain", v2, frames, settings)
            rows.append(_row("v2, until Kafka has acknowledged it", run, 25_000, of_wall=True))
        if find_spec("atproto") is not None:
            rows.append(_row("atproto SDK, v2", _best(environment, "sdk", "v2", "plain", v2, frames)))
            rows.append(_row("atproto SDK, v2, compressed", _best(environment, "sdk", "v2", "packed", v2, frames)))
    with _feed("v1", frames) as v1:
        rows.append(_row("v1", _best(environment, "antiphon", "v1", "plain", v1, frames)))
    if hour is None:
        with _feed("v2", HOUR_FRAMES, "plain") as port:
            hour = _hour(environment, port, HOUR_FRAMES)
    read, in_kafka = hour
    return LiveFigure(
        rows=rows,
        hour_seconds=read.seconds,
        without_sdk=find_spec("atproto") is None,
        hour_frames=read.frames,
        hour_in_kafka_seconds=in_kafka.seconds,
        webhook=measure_webhook(environment),
    )


def _hour(environment: Environment, port: int, frames: int) -> tuple[LiveRun, LiveRun]:
    """An hour of the whole network in one connection, without Kafka behind it and with."""
    environment.echo(f"{frames:,} frames: an hour of the whole network")
    with environment.topics_of_its_own() as settings:
        asyncio.run(create_topics(settings))
        return _once("antiphon", "v2", "plain", port, frames), _once("kafka", "v2", "plain", port, frames, settings)


def _row(who: str, run: LiveRun, target: float | None = None, *, of_wall: bool = False) -> LiveRow:
    return LiveRow(
        who=who,
        frames=run.frames,
        per_cpu_second=run.frames / run.cpu_seconds,
        per_second=run.frames / run.seconds,
        target=target,
        of_wall=of_wall,
    )


@contextmanager
def _feed(wire: str, frames: int, *only: str) -> Iterator[int]:
    """A server on the broker's cores; its port."""
    command = [sys.executable, "-m", "bench.figures.jetstream_feed_program", wire, str(frames), *only]
    with confined_to(BROKER_CORES), subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise FigureFailed("the server of frames did not start")
            yield int(line)
        finally:
            process.kill()


def _best(
    environment: Environment, who: str, wire: str, how: str, port: int, frames: int, settings: Settings | None = None
) -> LiveRun:
    environment.echo(f"{frames:,} frames, {who} {wire} {how}")
    rounds = 1 if environment.quick or settings is not None else _ROUNDS
    runs = [_once(who, wire, how, port, frames, settings) for _ in range(rounds)]
    return min(runs, key=lambda run: run.cpu_seconds / run.frames)


def _once(who: str, wire: str, how: str, port: int, frames: int, settings: Settings | None = None) -> LiveRun:
    command = [sys.executable, "-m", "bench.figures.live_program", who, wire, how, str(port), str(frames)]
    environment = None if settings is None else environment_of(settings)
    with confined_to(IMPLEMENTATION_CORES):
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False, env=environment)
    if done.returncode or not done.stdout.strip():
        raise FigureFailed(f"{who} did not read the frames: {done.stderr.decode(errors='replace')[-2_000:]}")
    return msgspec.json.decode(done.stdout.splitlines()[0], type=LiveRun)
