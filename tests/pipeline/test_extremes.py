"""Subjects at the bounds of the schema, through workers on a real broker: whole figures, and nothing stops."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from streams.core.rosters.roster import Roster, RosterEntry
from streams.events import Account, Post, Retweet, Suspension, encode_event
from streams.jobs.collection import collect
from streams.jobs.drain import wait_until_drained
from streams.jobs.workers import Workers
from streams.kafka.administration import create_topics
from streams.kafka.batch_writer import BATCH_BYTES, BatchWriter, OutgoingRecord
from streams.kafka.client import producer
from streams.kafka.reading import read_topic
from streams.kafka.roster_topic import publish_roster
from streams.metrics import Metrics
from streams.settings import Settings
from streams.topics import topic_named
from tests.core.tracking.extremes import longest_id
from tools.kafka.running_broker import RunningBroker

_OFFICIALS = 4_096
_RETWEETS = 1_200
_PLATFORM = "example"
_BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
_CROWDED, _PATRONISED = Account(id=longest_id(0)), Account(id=longest_id(99_999_999))


def _retweet(number: int, official: int, subject: Account) -> bytes:
    actor = Account(id=longest_id(official), handle="\U0001d538" * 70)
    at = _BEGIN + timedelta(minutes=number)
    event = Retweet(platform=_PLATFORM, id=longest_id(number), at=at, actor=actor, subject=subject)
    return encode_event(event)


def _events() -> Iterator[tuple[str, bytes]]:
    """Every official once, one of them many times, the suspension of both, and a post as large as any."""
    for number in range(1, _OFFICIALS + 1):
        yield "retweets", _retweet(number, number, _CROWDED)
    for number in range(1, _RETWEETS + 1):
        yield "retweets", _retweet(10_000 + number, 1, _PATRONISED)
    late = _BEGIN + timedelta(days=20)
    for name, subject in (("a", _CROWDED), ("b", _PATRONISED)):
        notice = Suspension(platform=_PLATFORM, id=name, at=late, actor=subject, status="suspended")
        yield "suspensions", encode_event(notice)
    post = Post(
        platform=_PLATFORM,
        id=longest_id(60_000_000),
        at=late,
        actor=Account(id=longest_id(1)),
        text="\U0001d538" * 100_000,
        mentions=tuple(Account(id=longest_id(70_000_000 + n)[-100:], handle="\x01" * 20) for n in range(1_000)),
    )
    yield "posts", encode_event(post)


def _roster() -> Roster:
    return Roster(
        RosterEntry(
            platform=_PLATFORM,
            account_id=longest_id(number),
            country="XK",
            category="state_media",
            source_url="https://example.org",
        )
        for number in range(1, _OFFICIALS + 1)
    )


async def _write(settings: Settings) -> dict[tuple[str, int], int]:
    client = producer(settings, max_batch_size=BATCH_BYTES)
    await client.start()
    try:
        batch_writer = BatchWriter(client, settings.topic_prefix, Metrics(CollectorRegistry()))
        records = [OutgoingRecord(topic, b"k", value, (), 0) for topic, value in _events()]
        last = await batch_writer.deliver(records)
    finally:
        await client.stop()
    return {
        (topic.removeprefix(settings.topic_prefix), number): mark.offset + 1 for (topic, number), mark in last.items()
    }


async def _largest(settings: Settings, topic: str) -> int:
    return max([len(record.value or b"") async for record in read_topic(settings, topic)])


def test_subjects_of_all_officials_and_of_the_longest_ids_are_counted_whole(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    """4,096 officials of one State that retweet one subject, 1,200 retweets by one of them, ids of 1,024 bytes."""
    settings = Settings(
        broker=kafka.address, topic_prefix=topic_prefix, session_timeout_seconds=4.0, canary_interval_seconds=0.0
    )
    asyncio.run(create_topics(settings))
    asyncio.run(publish_roster(settings, _roster()))
    written = asyncio.run(_write(settings))
    with Workers(settings, 1) as crew:
        asyncio.run(wait_until_drained(settings, written, lambda _remaining: crew.check()))
    results, letters = asyncio.run(collect(settings))
    assert letters == []
    crowded = results.dossiers[f"{_PLATFORM}:{_CROWDED.id}"]
    assert (crowded.totals.retweet, crowded.distinct_officials, crowded.dropped) == (_OFFICIALS, _OFFICIALS, 0)
    patronised = results.dossiers[f"{_PLATFORM}:{_PATRONISED.id}"]
    assert (patronised.totals.retweet, patronised.distinct_officials) == (_RETWEETS, 1)
    amplifying = {each.subject.id: each.amplifying_officials for each in results.aftermaths.values()}
    assert amplifying == {_CROWDED.id: _OFFICIALS, _PATRONISED.id: 1}
    written_whole = {each.id for each in results.amplifications}
    assert written_whole >= {longest_id(number) for number in range(1, _OFFICIALS + 1)}
    for topic in ("subject-states", "country-ledger"):
        assert 1_048_588 < asyncio.run(_largest(settings, topic)) < topic_named(topic).max_message_bytes
