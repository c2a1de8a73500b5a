"""A topic is read to its end: all of what is committed, nothing of what is not, and without waiting for more."""

import asyncio
import time

import pytest

from streams.kafka.administration import create_topics
from streams.kafka.client import producer
from streams.kafka.failures import BrokerError
from streams.kafka.reading import read_topic
from streams.settings import Settings
from tools.kafka.running_broker import RunningBroker

_TOPIC = "amplifications"  # eight partitions, not compacted: keys are no matter


def _settings(broker: RunningBroker, prefix: str) -> Settings:
    return Settings(broker=broker.address, topic_prefix=prefix, transactions=broker.is_real_kafka)


async def _read(settings: Settings) -> list[tuple[int, bytes]]:
    return [(record.partition, record.value) async for record in read_topic(settings, _TOPIC)]


def test_every_record_of_every_partition_is_read_in_order(broker: RunningBroker, topic_prefix: str) -> None:
    """Written in batches of many records: of these the embedded broker answers a wrong end when asked."""
    settings = _settings(broker, topic_prefix)

    async def write_and_read() -> list[tuple[int, bytes]]:
        await create_topics(settings)
        client = producer(settings, linger_ms=20)
        await client.start()
        try:
            for begin in (0, 2_000):
                sent = [
                    await client.send(settings.topic(_TOPIC), b"%d" % n, partition=n % 3)
                    for n in range(begin, begin + 2_000)
                ]
                await asyncio.gather(*sent)
        finally:
            await client.stop()
        return await _read(settings)

    found = asyncio.run(write_and_read())
    for partition in range(3):
        values = [int(value) for at, value in found if at == partition]
        assert values == list(range(partition, 4_000, 3))
    assert len(found) == 4_000


def test_an_empty_topic_is_read_at_once(broker: RunningBroker, topic_prefix: str) -> None:
    settings = _settings(broker, topic_prefix)
    asyncio.run(create_topics(settings))
    began = time.monotonic()
    assert asyncio.run(_read(settings)) == []
    assert time.monotonic() - began < 10


def test_a_topic_that_is_not_there_is_an_error_and_is_not_created(broker: RunningBroker, topic_prefix: str) -> None:
    settings = _settings(broker, topic_prefix)
    for _ in range(2):
        with pytest.raises(BrokerError, match=f"has no topic {topic_prefix}{_TOPIC}"):
            asyncio.run(_read(settings))


def test_an_open_transaction_is_neither_read_nor_waited_for(kafka: RunningBroker, topic_prefix: str) -> None:
    settings = _settings(kafka, topic_prefix)
    topic = settings.topic(_TOPIC)

    async def write_and_read() -> tuple[list[tuple[int, bytes]], ...]:
        await create_topics(settings)
        client = producer(settings, transactional_id=f"{topic_prefix}reading")
        await client.start()
        try:
            async with client.transaction():
                await client.send_and_wait(topic, b"committed", partition=0)
            await client.begin_transaction()
            await client.send_and_wait(topic, b"aborted", partition=0)
            open_ = await asyncio.wait_for(_read(settings), 20)
            await client.abort_transaction()
            aborted = await asyncio.wait_for(_read(settings), 20)
            async with client.transaction():
                await client.send_and_wait(topic, b"and more", partition=0)
            return open_, aborted, await asyncio.wait_for(_read(settings), 20)
        finally:
            await client.stop()

    open_, aborted, at_last = asyncio.run(write_and_read())
    assert open_ == aborted == [(0, b"committed")]
    assert at_last == [(0, b"committed"), (0, b"and more")]
