"""The enriched topics as a reader of answers sees them: the records of one key, of a whole topic, and what comes after.

Reads committed records outside any group, and writes nothing.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct

from streams.kafka.administration import topic_states
from streams.kafka.client import consumer, start_client
from streams.kafka.failures import broker_errors
from streams.kafka.partitioning import partition_of
from streams.kafka.reading import missing_topic, read_assigned
from streams.settings import Settings

__all__ = ["EnrichedLog", "StoredRecord", "open_log"]

_FETCH_BYTES: Final = 4_194_304
_FOLLOW_MS: Final = 500


class StoredRecord(Struct, frozen=True, gc=False):
    """One record as it stands on a topic (plain name). `value` is `None` where the key was deleted. `written_ms` is the
    record's timestamp, 0 where nobody knows it; partition and offset are 0 and the line in a file.
    """

    topic: str
    key: bytes
    value: bytes | None
    partition: int
    offset: int
    written_ms: int = 0


class EnrichedLog:
    """One consumer for several topics, one after the other, and for what is written to them from then on."""

    def __init__(
        self,
        settings: Settings,
        client: AIOKafkaConsumer,
        partitions: Mapping[str, int],
        progress: Callable[[int], None],
    ) -> None:
        self._settings = settings
        self._client = client
        self._partitions = partitions
        self._progress = progress
        self._names: dict[str, str] = {}
        self._read_to: dict[TopicPartition, int] = {}
        self.looked_at = 0

    def has(self, topic: str) -> bool:
        """Whether the broker has the topic (plain name)."""
        return self._partitions.get(topic, 0) > 0

    async def read(self, topic: str, key: str | None = None) -> AsyncGenerator[StoredRecord, None]:
        """Every record of a topic (plain name) that is there now, each partition in order: with `key` those of that key
        alone, for which one partition is read. Raises `BrokerError`, and aiokafka's errors.
        """
        tps = self._of(topic)
        wanted = None if key is None else key.encode()
        if wanted is not None:
            tps = [tps[partition_of(wanted, len(tps))]]
        self._client.assign(tps)
        await self._client.seek_to_beginning(*tps)
        async with aclosing(read_assigned(self._client, tps, self._settings)) as fetched:
            async for records in fetched:
                self.looked_at += len(records)
                self._progress(self.looked_at)
                for record in records:
                    if wanted is None or record.key == wanted:
                        yield self._stored(record)
        for tp in tps:
            self._read_to[tp] = await self._client.position(tp)

    async def follow(self, topics: Collection[str]) -> AsyncGenerator[StoredRecord, None]:
        """What is written behind what was read of these topics, without end. Partitions that were not read are followed
        from their end.
        """
        tps = [tp for topic in topics for tp in self._of(topic)]
        self._client.assign(tps)
        ends = await self._client.end_offsets(tps)
        for tp in tps:
            self._client.seek(tp, self._read_to.get(tp, ends[tp]))
        while True:
            for records in (await self._client.getmany(timeout_ms=_FOLLOW_MS)).values():
                for record in records:
                    yield self._stored(record)

    def _of(self, topic: str) -> list[TopicPartition]:
        name = self._settings.topic(topic)
        if not (partitions := self._partitions.get(topic, 0)):
            raise missing_topic(self._settings, topic)
        self._names[name] = topic
        return [TopicPartition(name, partition) for partition in range(partitions)]

    def _stored(self, record: Any) -> StoredRecord:
        return StoredRecord(
            self._names[record.topic],
            record.key or b"",
            record.value,
            record.partition,
            record.offset,
            record.timestamp,
        )


@asynccontextmanager
async def open_log(
    settings: Settings, progress: Callable[[int], None] = lambda _looked_at: None
) -> AsyncIterator[EnrichedLog]:
    """A reader for the block; `progress` is told how many records were looked at so far. Raises `BrokerError`."""
    with broker_errors(settings):
        client = consumer(settings, max_partition_fetch_bytes=_FETCH_BYTES, fetch_max_wait_ms=50)
        try:
            await start_client(client)
            partitions = {state.topic.name: state.partitions for state in await topic_states(settings)}
            yield EnrichedLog(settings, client, partitions, progress)
        finally:
            await client.stop()
