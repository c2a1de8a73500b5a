"""Fetched batches within a limit: the records are those that aiokafka gives, and what it cannot give is refused."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any

import google_crc32c
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.deadletters import Reason
from streams.faust_driver.handing_over import hand_over_as_parsed
from streams.faust_driver.unpacking import RefusedBatch, unfold_within
from tests.faust_driver.record_fields import fields_of
from tools.kafka.running_broker import RunningBroker

_LIMIT = 100_000
_CODECS = ("gzip", "snappy", "lz4", "zstd", None)
_CHECKSUM_AT, _CHECKED_FROM = 17, 21


@asynccontextmanager
async def _started(client: Any) -> AsyncIterator[Any]:
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def _create(broker: RunningBroker, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    async with _closed(admin):
        await admin.create_topics([NewTopic(topic, 1, 1)])


@asynccontextmanager
async def _closed(admin: AIOKafkaAdminClient) -> AsyncIterator[None]:
    await admin.start()
    try:
        yield
    finally:
        await admin.close()


def _producer(broker: RunningBroker, codec: str | None, **options: Any) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=broker.address,
        compression_type=codec,
        max_batch_size=2**24,
        max_request_size=2**30,
        **options,
    )


async def _send(client: AIOKafkaProducer, topic: str, values: Sequence[bytes]) -> None:
    """One batch."""
    batch = client.create_batch()
    for number, value in enumerate(values):
        batch.append(timestamp=None, key=b"%d" % number, value=value, headers=[("h", value[:3])])
    await (await client.send_batch(batch, topic, partition=0))


async def _read(broker: RunningBroker, topic: str, *, ours: bool, at_once: int | None = None) -> list[list[Any]]:
    """What each call gave."""
    tp = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.address, isolation_level="read_committed")
    async with _started(consumer):
        if ours:
            hand_over_as_parsed(consumer._fetcher)
            unfold_within(consumer._client, consumer._fetcher, _LIMIT)
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        end = (await consumer.end_offsets([tp]))[tp]
        calls: list[list[Any]] = []
        while await consumer.position(tp) < end:
            calls.append((await consumer.getmany(tp, timeout_ms=1_000, max_records=at_once)).get(tp, []))
        return calls


def test_what_fits_is_what_aiokafka_gives_whatever_the_codec_transactions_included(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    """Aborted ones are left out without a look at what they hold; and however few are taken at once."""
    topic = f"{topic_prefix}fits"

    async def run() -> None:
        await _create(kafka, topic)
        for number, codec in enumerate(_CODECS):
            async with _started(_producer(kafka, codec)) as client:
                await _send(client, topic, [b"%d" % number * each for each in range(1, 200)])
            name = f"{topic}-{codec}"
            async with _started(_producer(kafka, codec, transactional_id=name)) as client:
                async with client.transaction():
                    await _send(client, topic, [b"committed"])
                await client.begin_transaction()
                await _send(client, topic, [bytes(10 * _LIMIT), b"aborted"])
                await client.abort_transaction()
        stock = list(chain.from_iterable(await _read(kafka, topic, ours=False)))
        for at_once in (None, 7):
            records = list(chain.from_iterable(await _read(kafka, topic, ours=True, at_once=at_once)))
            assert [fields_of(record) for record in records] == [fields_of(record) for record in stock]
        assert len(stock) == 200 * len(_CODECS)

    asyncio.run(run())


def test_a_batch_beyond_the_limit_is_one_refused_record_and_reading_goes_on_behind_it(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    """It names the offsets of all its records; an uncompressed batch has been as large as it is all the time."""
    topic = f"{topic_prefix}beyond"
    large = [b"x" * 1_000] * (_LIMIT // 1_000 + 1)

    async def run() -> list[Any]:
        await _create(kafka, topic)
        for codec in _CODECS:
            async with _started(_producer(kafka, codec)) as client:
                await _send(client, topic, [b"before"])
                await _send(client, topic, large)
        return list(chain.from_iterable(await _read(kafka, topic, ours=True)))

    records = asyncio.run(run())
    *compressed, plain = _CODECS
    assert plain is None
    assert len(records) == 2 * len(compressed) + 1 + len(large)
    for number, codec in enumerate(compressed):
        before, refused = records[2 * number : 2 * number + 2]
        first = number * (len(large) + 1) + 1
        assert (before.offset, before.value) == (first - 1, b"before")
        assert isinstance(refused, RefusedBatch)
        assert (refused.first_offset, refused.offset) == (first, first + len(large) - 1)
        assert refused.refusal.reason is Reason.BAD_BATCH
        assert f"offsets {first} to {refused.offset}: {codec}: more than" in refused.refusal.detail
        assert len(refused.value) < _LIMIT


def test_a_call_unpacks_no_more_than_the_limit_and_a_batch(kafka: RunningBroker, topic_prefix: str) -> None:
    """Many batches of which each fits: all records come, in order and once, in as many calls as it takes."""
    topic = f"{topic_prefix}many"
    batches, size = 12, _LIMIT * 2 // 5

    async def run() -> list[list[Any]]:
        await _create(kafka, topic)
        async with _started(_producer(kafka, "zstd")) as client:
            for number in range(batches):
                await _send(client, topic, [b"%d" % number * size, b"small"])
        return await _read(kafka, topic, ours=True)

    calls = asyncio.run(run())
    assert [record.offset for call in calls for record in call] == list(range(2 * batches))
    assert all(sum(len(record.value) for record in call) < 2 * _LIMIT for call in calls)


def test_what_a_broker_takes_and_aiokafka_cannot_read_is_refused_with_what_follows_in_its_batch(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    """A header's name that is not UTF-8 stops aiokafka at this offset for ever. Records before it are handed over."""
    topic = f"{topic_prefix}unreadable"

    async def run() -> list[Any]:
        await _create(kafka, topic)
        async with _started(_producer(kafka, None)) as client:
            batch = client.create_batch()
            for name in ("good", "oddity", "good"):
                batch.append(timestamp=None, key=None, value=b"v", headers=[(name, b"")])
            batch.close()
            encoded = bytearray(batch._builder.build()).replace(b"oddity", b"\xffddity")
            encoded[_CHECKSUM_AT:_CHECKED_FROM] = google_crc32c.value(bytes(encoded[_CHECKED_FROM:])).to_bytes(4, "big")
            batch._build = lambda: encoded
            await (await client.send_batch(batch, topic, partition=0))
            await _send(client, topic, [b"after"])
        with pytest.raises(UnicodeDecodeError):
            await _read(kafka, topic, ours=False)
        return list(chain.from_iterable(await _read(kafka, topic, ours=True)))

    first, refused, after = asyncio.run(run())
    assert (first.offset, after.offset, after.value) == (0, 3, b"after")
    assert isinstance(refused, RefusedBatch)
    assert (refused.first_offset, refused.offset, refused.refusal.reason) == (1, 2, Reason.BAD_BATCH)
    assert b"\xffddity" in refused.value
