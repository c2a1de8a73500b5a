"""Latency of everything else where one State has few suspended accounts under watch, and where it has very many.

One worker, one run: the same measurement twice with few, which shows the noise, then with many. All the while officials
of that State post and delete, which concerns every open watch.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Final
from zlib import crc32

import msgspec
from msgspec import Struct

from bench.cores import BROKER_CORES, IMPLEMENTATION_CORES, confined_to
from bench.figures.environment import Environment, FigureFailed
from bench.figures.samples import BEFORE_EACH, send_and_wait, write_what_comes_before
from bench.figures.watched import WatchedWorker, wait_for
from bench.world import PLATFORM, World
from bench.writing import write_all
from streams.events import (
    RAW_TOPICS,
    Account,
    AccountEvent,
    AccountEventKind,
    Deletion,
    Post,
    Retweet,
    Suspension,
    encode_event,
)
from streams.kafka.administration import create_topics
from streams.kafka.client import producer
from streams.kafka.reading import read_topic
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from streams.topics import topic_named

__all__ = ["Suspended", "SuspendedAt", "measure_suspended"]

_FEW: Final = 100
_MANY: Final = 20_000
_QUICK_FEW: Final = 20
_QUICK_MANY: Final = 400
_SAMPLES: Final = 400
_QUICK_SAMPLES: Final = 40
_SECONDS: Final = 40.0
_QUICK_SECONDS: Final = 2.0
_PAIRS_PER_SECOND: Final = 2  # posts, and deletions of those of the second before
_BEFORE: Final = datetime(2024, 2, 20, tzinfo=UTC)
_SUSPENDED: Final = datetime(2024, 2, 27, tzinfo=UTC)
_NOW: Final = datetime(2024, 3, 1, tzinfo=UTC)  # as that of the samples: all are watched still
_RETRY_SECONDS: Final = 900.0
_SEED: Final = 1


class SuspendedAt(Struct, frozen=True, kw_only=True):
    """With so many suspended accounts of the State under watch: latencies in seconds, from the sending of the retweet
    that makes a rule fire for another account until the alert is read; the worker's share of a core; how many
    deletions the State's officials made meanwhile."""

    suspended: int
    samples: int
    p50: float
    p90: float
    p99: float
    most: float
    worker_share: float
    deletions: int


class Suspended(Struct, frozen=True, kw_only=True):
    """With few, with few again, with many: one worker with default settings, one run."""

    at: list[SuspendedAt]


def measure_suspended(environment: Environment) -> Suspended:
    """Raises `FigureFailed` if an alert is missing or comes twice, or an aftermath does not come."""
    few, many = (_QUICK_FEW, _QUICK_MANY) if environment.quick else (_FEW, _MANY)
    count, seconds = (_QUICK_SAMPLES, _QUICK_SECONDS) if environment.quick else (_SAMPLES, _SECONDS)
    world = World(0, _SEED)
    found: list[SuspendedAt] = []
    with (
        environment.topics_of_its_own() as settings,
        tempfile.TemporaryDirectory(prefix="antiphon-bench-") as scratch,
    ):
        settings = msgspec.structs.replace(settings, data_dir=str(Path(scratch) / "data"))
        asyncio.run(create_topics(settings))
        asyncio.run(publish_roster(settings, world.roster))
        asyncio.run(write_what_comes_before(settings, world, 3 * count))
        with WatchedWorker(settings, IMPLEMENTATION_CORES, Path(scratch) / "worker.log") as worker:
            wait_for(
                "the worker to take what comes before the samples",
                lambda: worker.records("subject-events") >= 3 * count * BEFORE_EACH,
                timeout_seconds=_RETRY_SECONDS,
            )
            suspended = 0
            for turn, watched in enumerate((few, few, many)):
                environment.echo(f"{watched:,} suspended accounts of one State")
                events = _suspensions(world, suspended, watched)
                asyncio.run(write_all(settings, (_record(event) for event in events)))
                suspended = watched
                wait_for(
                    "an aftermath of each",
                    lambda watched=watched: asyncio.run(_aftermaths(settings)) >= watched,  # type: ignore[misc]  # bound now
                    timeout_seconds=_RETRY_SECONDS,
                    pause_seconds=2.0,
                )
                with confined_to(BROKER_CORES):
                    found.append(_measured(settings, worker, world, turn * count, count, seconds, watched))
    return Suspended(at=found)


def _suspensions(world: World, first: int, end: int) -> Iterator[AccountEvent]:
    """Accounts that an official of the State amplified, and that are suspended a week later."""
    officials = world.official_ids[:: len({entry.country for entry in world.roster.entries})]
    accounts = [Account(id=str(55 * 10**17 + number), handle=f"amplified_{number}") for number in range(first, end)]
    for number, account in enumerate(accounts, first):
        actor, own = Account(id=officials[number % len(officials)]), str(50 * 10**17 + number)
        at = _BEFORE + timedelta(seconds=number)
        yield Retweet(platform=PLATFORM, id=own, at=at, actor=actor, subject=account, post_id=own)
    for number, account in enumerate(accounts, first):
        at = _SUSPENDED + timedelta(seconds=number)
        yield Suspension(platform=PLATFORM, id=str(53 * 10**17 + number), at=at, actor=account, status="suspended")


async def _aftermaths(settings: Settings) -> int:
    """How many aftermaths there are."""
    ids = {record.key async for record in read_topic(settings, "aftermaths")}
    return len(ids)


def _measured(
    settings: Settings, worker: WatchedWorker, world: World, first: int, count: int, seconds: float, watched: int
) -> SuspendedAt:
    began, cpu = time.monotonic(), worker.cpu_seconds()
    ended: list[tuple[float, float]] = []

    async def run() -> tuple[list[float], int]:
        pruning = asyncio.create_task(_prune(settings, world, first))
        try:
            sampled = await send_and_wait(
                settings,
                world,
                count,
                seconds,
                lambda: ended.append((time.monotonic(), worker.cpu_seconds())),
                first,
            )
        except (TimeoutError, ExceptionGroup) as error:
            raise FigureFailed(f"the alerts of the samples did not come as they should: {error!r}") from error
        finally:
            pruning.cancel()
        deletions = 0
        with suppress(asyncio.CancelledError):
            deletions = await pruning
        return [sampled.read[subject] - sent for subject, sent in sampled.sent.items()], deletions

    latencies, deletions = asyncio.run(run())
    [(end, end_cpu)] = ended
    hundredths = quantiles(latencies, n=100, method="inclusive")
    return SuspendedAt(
        suspended=watched,
        samples=len(latencies),
        p50=hundredths[49],
        p90=hundredths[89],
        p99=hundredths[98],
        most=max(latencies),
        worker_share=(end_cpu - cpu) / (end - began),
        deletions=deletions,
    )


async def _prune(settings: Settings, world: World, first: int) -> int:
    """Let officials of the State post, and delete what they posted a second before, until cancelled; returns how many
    deletions there were."""
    officials = world.official_ids[:: len({entry.country for entry in world.roster.entries})]
    sender = producer(settings)
    await sender.start()
    deletions = 0
    try:
        for number in range(1_000_000):
            own = 1_000_000 * first + number
            at = _NOW + timedelta(seconds=number / _PAIRS_PER_SECOND)
            actor = Account(id=officials[number % len(officials)])
            post_id = str(52 * 10**17 + own)
            post = Post(platform=PLATFORM, id=post_id, at=at, actor=actor, text="nothing of note", lang="en")
            events: list[AccountEvent] = [post]
            before = number - _PAIRS_PER_SECOND
            if before >= 0:
                author = Account(id=officials[before % len(officials)])
                post_id = str(52 * 10**17 + own - _PAIRS_PER_SECOND)
                events.append(
                    Deletion(platform=PLATFORM, id=str(54 * 10**17 + own), at=at, actor=author, post_id=post_id)
                )
                deletions += 1
            for event in events:
                topic, partition, key, value = _record(event)
                await sender.send_and_wait(settings.topic(topic), value, key=key, partition=partition)
            await asyncio.sleep(1 / _PAIRS_PER_SECOND)
    except asyncio.CancelledError:
        return deletions
    finally:
        await sender.stop()
    return deletions


def _record(event: AccountEvent) -> tuple[str, int, bytes, bytes]:
    """Where it goes: topic, partition, key and value."""
    kind: AccountEventKind = event.__struct_config__.tag  # type: ignore[assignment]  # the kind's name
    topic = RAW_TOPICS[kind]
    account = event.subject if isinstance(event, Retweet) else event.actor
    key = f"{PLATFORM}:{account.id if account else ''}".encode()
    return topic, crc32(key) % topic_named(topic).partitions, key, encode_event(event)
