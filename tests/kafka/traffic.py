"""The shortest way through a broker and back, for tests that are about the broker."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

__all__ = ["create_topic", "read_all", "send_all"]


def create_topic(address: str, topic: str, *, partitions: int = 1, configs: dict[str, str] | None = None) -> None:
    """Creates a topic, by default of one partition, with some settings of its own, and waits until clients see it."""

    async def create() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        await admin.start()
        try:
            new = NewTopic(topic, num_partitions=partitions, replication_factor=1, topic_configs=configs or {})
            answer = await admin.create_topics([new])
            assert [error for _, error, _ in answer.topic_errors] == [0], answer
            for _ in range(600):
                if topic in await admin.list_topics():
                    return
                await asyncio.sleep(0.05)
            raise TimeoutError(f"no client sees the new topic {topic}")
        finally:
            await admin.close()

    asyncio.run(create())


def send_all(address: str, topic: str, values: Sequence[bytes], *, transaction: str | None = None) -> None:
    """Sends the values in order and waits until all are acknowledged, in one transaction if one is named."""

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=address, transactional_id=transaction)
        await producer.start()
        try:
            if transaction is None:
                await asyncio.gather(*[await producer.send(topic, value) for value in values])
            else:
                async with producer.transaction():
                    await asyncio.gather(*[await producer.send(topic, value) for value in values])
        finally:
            await producer.stop()

    asyncio.run(send())


def read_all(address: str, topic: str, count: int) -> list[bytes]:
    """The first `count` committed values of the topic's only partition; fewer if no more come within 10 s."""

    async def read() -> list[bytes]:
        consumer = AIOKafkaConsumer(bootstrap_servers=address, isolation_level="read_committed")
        await consumer.start()
        values: list[bytes] = []
        try:
            partition = TopicPartition(topic, 0)
            consumer.assign([partition])
            await consumer.seek_to_beginning(partition)
            async with asyncio.timeout(10):
                while len(values) < count:
                    records = await consumer.getmany(partition, timeout_ms=200)
                    values.extend(record.value for record in records.get(partition, []))
        except TimeoutError:
            pass
        finally:
            await consumer.stop()
        return values

    return asyncio.run(read())
