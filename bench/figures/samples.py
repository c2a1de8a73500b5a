"""Samples of latency: subjects on the brink of an alert, the event that makes it fire, and who waits for the alert."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final
from zlib import crc32

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct, field

from bench.world import PLATFORM, World
from bench.writing import write_all
from streams.core.enriched import Alert
from streams.core.subject_event import decode_subject_event
from streams.events import Account, Retweet, encode_event
from streams.kafka.client import consumer, producer
from streams.kafka.reading import read_topic
from streams.settings import Settings
from streams.topics import topic_named

__all__ = ["BEFORE_EACH", "Sampled", "send_and_wait", "write_what_comes_before"]

BEFORE_EACH: Final = 2
"""Amplifications of each subject before the one that makes `new-account-burst` fire."""

_FIRST_SUBJECT: Final = 8 * 10**18
_FIRST_EVENT: Final = 7 * 10**18
_BEGIN: Final = datetime(2024, 3, 1, tzinfo=UTC)
_RETRY_SECONDS: Final = 60.0


class Sampled(Struct):
    """By subject: when its event was sent and its alert read, in seconds of the monotonic clock; and by the clock that
    stamps records, in milliseconds, when it was sent, its subject event written and its alert written."""

    sent: dict[str, float] = field(default_factory=dict)
    read: dict[str, float] = field(default_factory=dict)
    sent_ms: dict[str, float] = field(default_factory=dict)
    screened_ms: dict[str, float] = field(default_factory=dict)
    tracked_ms: dict[str, float] = field(default_factory=dict)


async def write_what_comes_before(settings: Settings, world: World, count: int) -> None:
    """Bring the first `count` subjects to the brink."""
    retweets = [_retweet(world, number, turn) for number in range(count) for turn in range(BEFORE_EACH)]
    await write_all(settings, [("retweets", _partition(r), _key(r), encode_event(r)) for r in retweets])


async def send_and_wait(
    settings: Settings, world: World, count: int, seconds: float, at_end: Callable[[], None], first: int = 0
) -> Sampled:
    """Send the events of `count` subjects from the `first` on at moments of chance, `at_end` after the last of them,
    and wait for every alert.

    Raises `TimeoutError` when one does not come, a group with a `ValueError` when one comes twice.
    """
    sampled = Sampled()
    tps = [TopicPartition(settings.topic("alerts"), p) for p in range(topic_named("alerts").partitions)]
    alerts = consumer(settings)
    sender = producer(settings)
    await alerts.start()
    await sender.start()
    try:
        alerts.assign(tps)
        await alerts.seek_to_end(*tps)
        for tp in tps:
            await alerts.position(tp)
        async with asyncio.timeout(seconds * 2 + _RETRY_SECONDS), asyncio.TaskGroup() as tasks:
            tasks.create_task(_read(alerts, sampled, count))
            sent = []
            random = Random(world.seed)
            due = time.monotonic()
            for number in range(first, first + count):
                retweet = _retweet(world, number, BEFORE_EACH)
                key, value = _key(retweet), encode_event(retweet)
                due += random.expovariate(count / seconds)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                sampled.sent_ms[retweet.subject.id] = time.time() * 1_000
                sampled.sent[retweet.subject.id] = time.monotonic()
                sent.append(
                    await sender.send(settings.topic("retweets"), value, key=key, partition=_partition(retweet))
                )
            await asyncio.gather(*sent)
            await asyncio.to_thread(at_end)
    finally:
        await sender.stop()
        await alerts.stop()
    await _look_up_screened(settings, sampled)
    return sampled


async def _read(alerts: AIOKafkaConsumer, sampled: Sampled, count: int) -> None:
    while len(sampled.read) < count:
        fetched = await alerts.getmany(timeout_ms=1_000)
        now = time.monotonic()
        for record in (record for records in fetched.values() for record in records):
            subject = msgspec.json.decode(record.value, type=Alert).subject.id
            if subject in sampled.read:
                raise ValueError(f"subject {subject} has two alerts")
            if subject in sampled.sent:
                sampled.read[subject] = now
                sampled.tracked_ms[subject] = record.timestamp


async def _look_up_screened(settings: Settings, sampled: Sampled) -> None:
    async for record in read_topic(settings, "subject-events"):
        event = decode_subject_event(record.value)
        if event.subject.id in sampled.sent:
            sampled.screened_ms[event.subject.id] = record.timestamp  # the last of them is the one that was sampled


def _retweet(world: World, number: int, turn: int) -> Retweet:
    """The amplification of a subject ten days old by one official more."""
    official = ((BEFORE_EACH + 1) * number + turn) % len(world.official_ids)
    at = _BEGIN + timedelta(hours=turn)
    return Retweet(
        platform=PLATFORM,
        id=str(_FIRST_EVENT + (BEFORE_EACH + 1) * number + turn),
        at=at,
        observed_at=at,
        actor=Account(id=world.official_ids[official], handle=f"official_{official}"),
        subject=Account(
            id=str(_FIRST_SUBJECT + number),
            handle=f"sample_{number}",
            created_at=_BEGIN - timedelta(days=10),
            created_at_source="reported",
            followers=1_000_000,  # many: no other rule fires
        ),
        post_id=str(number),
    )


def _key(retweet: Retweet) -> bytes:
    return f"{PLATFORM}:{retweet.subject.id}".encode()


def _partition(retweet: Retweet) -> int:
    return crc32(_key(retweet)) % topic_named("retweets").partitions
