"""What was read and dropped is read again: also of a partition of which nothing was ever committed."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.faust_driver.transport import left_in_log, seek_back
from tools.kafka.running_broker import RunningBroker

_RECORDS = 10


async def _read(consumer: AIOKafkaConsumer, places: Sequence[TopicPartition]) -> dict[int, list[int]]:
    """The offsets that come, up to the end of each partition."""
    found: dict[int, list[int]] = {tp.partition: [] for tp in places}
    while min([await consumer.position(tp) for tp in places]) < _RECORDS:
        for tp, records in (await consumer.getmany(timeout_ms=200)).items():
            found[tp.partition] += [record.offset for record in records]
    return found


def test_a_consumer_goes_back_to_what_is_committed_or_to_the_first_record(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    """aiokafka's own seek leaves a partition without a committed offset, or with 0, at the end of what it has read."""
    topic = f"{topic_prefix}posts"
    places = [TopicPartition(topic, partition) for partition in range(3)]

    async def check() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
        await admin.start()
        await admin.create_topics([NewTopic(topic, len(places), 1)])
        await admin.close()
        producer = AIOKafkaProducer(bootstrap_servers=kafka.address)
        await producer.start()
        for tp in places:
            for number in range(_RECORDS):
                await producer.send_and_wait(topic, b"%d" % number, partition=tp.partition)
        await producer.stop()
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=kafka.address,
            group_id=f"{topic_prefix}group",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        every = list(range(_RECORDS))
        assert await _read(consumer, places) == {0: every, 1: every, 2: every}
        assert [left_in_log(consumer, tp, 4) for tp in (*places, TopicPartition(topic, 3))] == [6, 6, 6, 0]
        assert left_in_log(consumer, places[0], _RECORDS) == 0
        await consumer.commit({places[0]: 4, places[1]: 0})
        assert await seek_back(consumer) == {places[0]: 4, places[1]: 0, places[2]: None}
        assert await _read(consumer, places) == {0: every[4:], 1: every, 2: every}
        await consumer.stop()

    asyncio.run(check())
