"""The batch writer: records on their way to the broker. Nothing counts as sent until the broker has acknowledged it.

Records travel in batches made here, one for each partition: handing them to aiokafka one by one costs ten times as much
(bench/README.md).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol, TypeAlias

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from prometheus_client import Counter as Series

from streams.kafka.log_marks import LogPlace, Mark, mark_written
from streams.kafka.outgoing_record import LARGEST_BATCH_BYTES, OutgoingRecord, encoded_bytes
from streams.kafka.partitioning import partition_of

__all__ = ["BATCH_BYTES", "LARGEST_BATCH_BYTES", "BatchWriter", "OutgoingRecord", "OutputMetrics", "encoded_bytes"]

BATCH_BYTES: Final = 262_144
"""Size of a full batch; a single record may be larger. A quarter of what a broker takes by default."""

_Place: TypeAlias = tuple[str, int]  # topic, with its prefix, and partition
_BatchBuilder: TypeAlias = Any  # aiokafka's, which it does not export


class OutputMetrics(Protocol):
    """The series that counts records by topic, once they are written for good."""

    outputs: Series


class BatchWriter:
    """Writes records through one producer, of whose `max_batch_size` its batches are. `prefix` goes before every topic
    name.
    """

    def __init__(self, producer: AIOKafkaProducer, prefix: str, metrics: OutputMetrics) -> None:
        self._producer = producer
        self._prefix = prefix
        self._metrics = metrics
        self._open: Counter[str] | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """One transaction of the producer. What is delivered in it is counted when it is committed: one that is undone
        wrote nothing, and its records come again in another.
        """
        topics = self._open = Counter()
        try:
            async with self._producer.transaction():
                yield
        finally:
            self._open = None
        self._count(topics)

    async def deliver(self, records: Iterable[OutgoingRecord]) -> dict[LogPlace, Mark]:
        """Hand the records to the producer and wait until the broker has acknowledged every one.

        Those of one partition keep their order. Returns the mark of the last record of each topic (plain name) and
        partition; with a negative offset where the broker did not tell it again after a repetition. Raises what
        aiokafka raises; after that nothing may be committed that these records followed from.
        """
        batches, topics, records_last = await self._pack(records)
        last: dict[_Place, int] = {}
        while batches:
            # A second batch of a partition goes when the first is written: aiokafka holds but one, and would make the
            # other partitions wait, too.
            last |= await self._write({place: waiting.pop(0) for place, waiting in batches.items()})
            batches = {place: waiting for place, waiting in batches.items() if waiting}
        if self._open is None:
            self._count(topics)
        else:
            self._open.update(topics)
        return {
            (record.topic, place[1]): mark_written(last[place], record.key, record.value)
            for place, record in records_last.items()
        }

    def _count(self, topics: Mapping[str, int]) -> None:
        for topic, count in topics.items():
            self._metrics.outputs.labels(topic).inc(count)

    async def _pack(
        self, records: Iterable[OutgoingRecord]
    ) -> tuple[dict[_Place, list[_BatchBuilder]], Counter[str], dict[_Place, OutgoingRecord]]:
        """The records as closed batches, those of each partition in order; how many there are of each topic; and the
        last one of each partition.
        """
        partitions: dict[str, int] = {}
        last: dict[_Place, OutgoingRecord] = {}
        batches: dict[_Place, list[_BatchBuilder]] = {}
        topics: Counter[str] = Counter()
        for record in records:
            count = partitions.get(record.topic)
            if count is None:
                count = len(await self._producer.partitions_for(self._prefix + record.topic))
                partitions[record.topic] = count
            number = record.partition if record.partition is not None else partition_of(record.key, count)
            place = (self._prefix + record.topic, number)
            last[place] = record
            waiting = batches.setdefault(place, [])
            if not waiting or not _append(waiting[-1], record):
                waiting.append(self._producer.create_batch())
                if not _append(waiting[-1], record):
                    raise MessageSizeTooLargeError(f"an empty batch does not take a record for {record.topic}")
            topics[record.topic] += 1
        for waiting in batches.values():
            for batch in waiting:
                batch.close()
        return batches, topics, last

    async def _write(self, batches: dict[_Place, _BatchBuilder]) -> dict[_Place, int]:
        """Done when the broker has all of them. Returns the offset of the last record of each."""
        pending: list[asyncio.Future[Any]] = []
        try:
            for (topic, partition), batch in batches.items():
                pending.append(await self._producer.send_batch(batch, topic, partition=partition))
            await asyncio.gather(*pending)
            return {
                place: -1 if (base := sent.result().offset) < 0 else base + batch.record_count() - 1
                for (place, batch), sent in zip(batches.items(), pending, strict=True)
            }
        finally:
            for sent in pending:
                sent.add_done_callback(_ignore_late_errors)


def _append(batch: _BatchBuilder, record: OutgoingRecord) -> bool:
    return batch.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers)) is not None


def _ignore_late_errors(sent: "asyncio.Future[Any]") -> None:
    """One batch's failure has been raised; that of its neighbours must not be reported as never seen."""
    if not sent.cancelled():
        sent.exception()
