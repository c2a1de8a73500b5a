"""What the batch writer delivers is on the broker: each record once, on its key's partition, in order."""

import asyncio
import gc
from collections import defaultdict
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.partitioner import DefaultPartitioner
from prometheus_client import CollectorRegistry

from streams.kafka.administration import create_topics
from streams.kafka.batch_writer import BATCH_BYTES, BatchWriter, OutgoingRecord
from streams.kafka.client import producer, started_producer
from streams.kafka.reading import read_topic
from streams.metrics import Metrics
from streams.settings import Settings
from tools.kafka.running_broker import RunningBroker

_PARTITIONS = {"amplifications": 8, "dead-letters": 1}
_KEYS = tuple(b"twitter:%d" % number for number in range(20))


def _records(random: Random) -> list[OutgoingRecord]:
    """Of every shape there is; together several full batches for the busiest partition, and one that is larger."""
    made = []
    for number in range(1_500):
        headers = [("number", b"%d" % number), ("empty", b"")] if number % 3 == 0 else []
        size = BATCH_BYTES + 1 if number == 700 else random.choice((0, 10, 600, 5_000))
        value = None if number % 50 == 1 else b"%d " % number + bytes(size)
        key = None if number % 7 == 0 and value is not None else random.choice(_KEYS)
        topic = random.choice(("amplifications", "amplifications", "dead-letters"))
        partition = 5 if topic == "amplifications" and number % 11 == 0 else None
        made.append(OutgoingRecord(topic, key, value, headers, partition))
    return made


async def _delivered(settings: Settings, records: list[OutgoingRecord], metrics: Metrics) -> list[Any]:
    await create_topics(settings)
    options = {"transactional_id": f"{settings.group}-batch-writer"} if settings.transactions else {}
    client = producer(settings, max_batch_size=BATCH_BYTES, **options)
    await client.start()
    try:
        batch_writer = BatchWriter(client, settings.topic_prefix, metrics)
        if settings.transactions:
            async with batch_writer.transaction():
                await batch_writer.deliver(records)
                assert metrics.outputs.labels("amplifications")._value.get() == 0
        else:
            await batch_writer.deliver(records)
    finally:
        await client.stop()
    if settings.transactions:
        # A committed transaction is seen a moment later; by the time that its next owner may begin, at the latest.
        async with started_producer(settings, **options):
            pass
    return [record for topic in _PARTITIONS for record in [r async for r in read_topic(settings, topic)]]


def _check(found: list[Any], records: list[OutgoingRecord], settings: Settings) -> None:
    """Against the plain sequence and aiokafka's own partitioner; a record without a key may be anywhere."""
    due: dict[tuple[str, int | None], list[OutgoingRecord]] = defaultdict(list)
    for record in records:
        numbers = list(range(_PARTITIONS[record.topic]))
        at = record.partition
        if at is None and (record.key is not None or len(numbers) == 1):
            at = DefaultPartitioner()(record.key, numbers, numbers)
        due[(record.topic, at)].append(record)
    anywhere = {record.value for record in due.pop(("amplifications", None))}
    assert len(anywhere) > 50
    there = defaultdict(list)
    for record in found:
        topic = record.topic.removeprefix(settings.topic_prefix)
        made = OutgoingRecord(topic, record.key, record.value, list(record.headers))
        if topic == "amplifications" and record.key is None and record.value in anywhere:
            anywhere.remove(record.value)
        else:
            there[(topic, record.partition)].append(made)
    assert not anywhere
    plain = {
        place: [OutgoingRecord(r.topic, r.key, r.value, list(r.headers)) for r in expected]
        for place, expected in due.items()
    }
    assert there == plain
    assert sum(len(r.value or b"") for r in plain[("dead-letters", 0)]) > 2 * BATCH_BYTES


def test_every_record_arrives_once_on_its_keys_partition_and_in_order(broker: RunningBroker, topic_prefix: str) -> None:
    settings = Settings(broker=broker.address, topic_prefix=topic_prefix, transactions=False)
    records, metrics = _records(Random(1)), Metrics(CollectorRegistry())
    _check(asyncio.run(_delivered(settings, records, metrics)), records, settings)
    assert sum(metrics.outputs.labels(topic)._value.get() for topic in _PARTITIONS) == len(records)


def test_every_record_of_a_transaction_arrives_in_the_same_way(kafka: RunningBroker, topic_prefix: str) -> None:
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    records, metrics = _records(Random(2)), Metrics(CollectorRegistry())
    _check(asyncio.run(_delivered(settings, records, metrics)), records, settings)
    assert sum(metrics.outputs.labels(topic)._value.get() for topic in _PARTITIONS) == len(records)


def test_what_was_acknowledged_in_a_transaction_that_is_undone_does_not_count_as_written(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    """Whoever waits for a count, and then stops the worker, would stop it before the commit."""
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    metrics = Metrics(CollectorRegistry())

    async def run() -> None:
        await create_topics(settings)
        async with started_producer(settings, transactional_id="undone", max_batch_size=BATCH_BYTES) as client:
            batch_writer = BatchWriter(client, settings.topic_prefix, metrics)
            record = OutgoingRecord("amplifications", b"k", b"v")
            with suppress(InterruptedError):
                async with batch_writer.transaction():
                    await batch_writer.deliver([record])
                    raise InterruptedError
            assert metrics.outputs.labels("amplifications")._value.get() == 0
            async with batch_writer.transaction():
                await batch_writer.deliver([record])
            assert metrics.outputs.labels("amplifications")._value.get() == 1

    asyncio.run(run())


def test_a_record_that_the_broker_refuses_fails_the_delivery(kafka: RunningBroker, topic_prefix: str) -> None:
    """It is raised, the records do not count as written, and nothing is left for asyncio to complain about."""
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    metrics = Metrics(CollectorRegistry())
    unseen: list[dict[str, Any]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unseen.append(context))
        records = [
            OutgoingRecord("amplifications", b"k", b"x" * size, (), at) for at in range(8) for size in (9, 2**21)
        ]
        with pytest.raises(MessageSizeTooLargeError):
            await _delivered(settings, records, metrics)
        gc.collect()

    asyncio.run(run())
    assert unseen == []
    assert metrics.outputs.labels("amplifications")._value.get() == 0
