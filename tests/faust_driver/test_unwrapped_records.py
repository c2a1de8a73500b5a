"""Records as the parser makes them say what aiokafka's own records say, aborted transactions and gaps included."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import ConsumerRecord

from streams.faust_driver.handing_over import hand_over_as_parsed
from tests.faust_driver.record_fields import fields_of
from tools.kafka.running_broker import RunningBroker

_RECORDS = 300


async def _write(broker: RunningBroker, topic: str) -> None:
    """Plain records, a committed transaction, an aborted one, and plain records again; with and without key, value and
    headers."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    plain = AIOKafkaProducer(bootstrap_servers=broker.address)
    inside = AIOKafkaProducer(bootstrap_servers=broker.address, transactional_id=f"{topic}-writer")
    await plain.start()
    await inside.start()
    for number in range(_RECORDS):
        await plain.send(topic, b"%d" % number, key=b"k" if number % 2 else None, headers=[("h", b"%d" % number)])
    await plain.flush()
    async with inside.transaction():
        await inside.send(topic, b"committed")
    await inside.begin_transaction()
    await inside.send_and_wait(topic, b"aborted")
    await inside.abort_transaction()
    await plain.send_and_wait(topic, None, key=b"removed")
    await plain.send_and_wait(topic, b"last")
    await plain.stop()
    await inside.stop()


async def _read(broker: RunningBroker, topic: str, *, unwrapped: bool, at_once: int, begin: int = 0) -> list[Any]:
    tp = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.address, isolation_level="read_committed")
    await consumer.start()
    if unwrapped:
        hand_over_as_parsed(consumer._fetcher)
    consumer.assign([tp])
    consumer.seek(tp, begin)
    end = (await consumer.end_offsets([tp]))[tp]
    found: list[Any] = []
    while await consumer.position(tp) < end:
        taken = (await consumer.getmany(tp, timeout_ms=1_000, max_records=at_once)).get(tp, [])
        if len(taken) == at_once:  # else gaps may follow
            assert await consumer.position(tp) == taken[-1].offset + 1  # what is left would be fetched again from there
        found += taken
    await consumer.stop()
    return found


def test_an_unwrapped_record_says_what_a_wrapped_one_says(kafka: RunningBroker, topic_prefix: str) -> None:
    """And it is unwrapped: otherwise there would be nothing to compare."""

    async def both(topic: str) -> tuple[list[Any], list[Any]]:
        await _write(kafka, topic)
        stock = await _read(kafka, topic, unwrapped=False, at_once=1_000)
        return stock, await _read(kafka, topic, unwrapped=True, at_once=7)

    stock, ours = asyncio.run(both(f"{topic_prefix}records"))
    assert [fields_of(record) for record in ours] == [fields_of(record) for record in stock]
    values = [record.value for record in ours]
    assert values[_RECORDS:] == [b"committed", None, b"last"]
    assert ours[-1].offset > len(ours)  # the aborted record and the transactions' own marks left gaps
    assert all(isinstance(record, ConsumerRecord) for record in stock)
    assert not any(isinstance(record, ConsumerRecord) for record in ours)


def test_reading_begins_in_the_middle_of_a_batch(kafka: RunningBroker, topic_prefix: str) -> None:
    """A broker sends the whole batch that an offset stands in."""
    begin = _RECORDS // 2

    async def first(topic: str) -> list[int]:
        await _write(kafka, topic)
        return [each.offset for each in await _read(kafka, topic, unwrapped=True, at_once=7, begin=begin)]

    assert asyncio.run(first(f"{topic_prefix}middle"))[:20] == list(range(begin, begin + 20))
