"""A transactional writer: the right to write for one partition, held by whoever opened it last.

What a batch led to, the changelog and the position it follows from are one Kafka transaction. The transactional id
belongs to the partition: opening shuts out every earlier owner, also one that was only asleep (docs/architecture.md).
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidProducerEpoch, KafkaError, ProducerFenced

from streams.faust_driver.connections import Disconnects, count_disconnects
from streams.kafka.batch_writer import BATCH_BYTES, BatchWriter, OutgoingRecord
from streams.kafka.client import producer, start_client, transaction_seconds
from streams.kafka.fenced_producer import ignore_late_errors
from streams.kafka.log_marks import LogPlace, Mark, open_transactions
from streams.kafka.readiness import RECOUNT, LogsDisagreeError
from streams.metrics import Metrics
from streams.settings import Settings

__all__ = ["StateInDoubtError", "TransactionalWriter"]

_log: Final = logging.getLogger(__name__)


class StateInDoubtError(Exception):
    """A connection to the broker broke, which may have lost what it had acknowledged, or the changelog is not where it
    was. Nothing was committed; the state is to be opened again, which compares all logs.
    """


class TransactionalWriter:
    """The right to write for `partition` as the agent `role`; without transactions no more than a producer."""

    _producer: AIOKafkaProducer | None = None
    _disconnects: Disconnects | None = None
    _breaks_at_begin = 0
    _next_offset: int | None = None

    def __init__(self, role: str, partition: int, settings: Settings, metrics: Metrics) -> None:
        self.partition = partition
        self._name = f"{settings.group}-{role}-{partition}"
        self._settings = settings
        self._metrics = metrics
        self._batch_writer: BatchWriter | None = None

    async def begin(self) -> None:
        """Shut out earlier owners. Raises `ProducerFenced` when another worker does so at the same moment."""
        settings = self._settings
        transactional_id = self._name if settings.transactions else None
        options = {"transaction_timeout_ms": int(transaction_seconds(settings) * 1_000)} if transactional_id else {}
        self._producer = producer(settings, transactional_id=transactional_id, max_batch_size=BATCH_BYTES, **options)
        self._disconnects = count_disconnects(self._producer.client)
        self._next_offset = None
        try:
            await start_client(self._producer)
        except InvalidProducerEpoch as error:
            raise ProducerFenced from error  # aiokafka translates it everywhere but here
        self._breaks_at_begin = self._disconnects.count
        self._batch_writer = BatchWriter(self._producer, settings.topic_prefix, self._metrics)

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic (plain name) has, as far as the producer knows."""
        if self._producer is None:
            raise RuntimeError("the transactional writer has not begun")
        return len(await self._producer.partitions_for(self._settings.topic(topic)))

    @property
    def next_offset(self) -> int | None:
        """The offset of the changelog's next record, as far as it is known."""
        return self._next_offset

    def continue_at(self, offset: int) -> None:
        """The changelog ends at this offset: the next record must get it, for nobody else writes to the changelog."""
        self._next_offset = offset

    async def undo_left_open(self, changelog: str) -> None:
        """Undo what stands at the end of a changelog (plain name) as a transaction that never ends: a broker that lost
        its newest records may have lost the mark of its end alone.

        Raises `LogsDisagreeError` where it is not one of ours, and aiokafka's errors.
        """
        place = (changelog, self.partition)
        if self._producer is None or not self._settings.transactions:
            return
        if not await open_transactions(self._settings, [place]):
            return
        await self._producer.begin_transaction()
        await self._producer.send_and_wait(self._settings.topic(changelog), b"", partition=self.partition)
        await self._producer.abort_transaction()
        if await open_transactions(self._settings, [place]):
            raise LogsDisagreeError(
                f"{self._settings.topic(changelog)}, partition {self.partition}, has a transaction that does not end",
                remedy=RECOUNT,
            )

    async def write(
        self,
        outputs: Sequence[OutgoingRecord],
        changelog: Sequence[OutgoingRecord],
        checkpoint: Callable[[Mapping[LogPlace, Mark]], OutgoingRecord],
    ) -> int:
        """Write all of it; done when the broker has it for good. `checkpoint` makes the last record of the changelog,
        of which all records are for one partition, from the marks of everything else. Returns its offset; a negative
        one where the broker did not tell.

        Raises `ProducerFenced` when another worker has taken over, `StateInDoubtError` when the state is to be compared
        with its logs first, and aiokafka's errors. After any error the transactional writer is of no use and must be
        ended.
        """
        if self._producer is None or self._batch_writer is None:
            raise RuntimeError("the transactional writer has not begun")
        self._require_connections()
        if self._settings.transactions:
            async with self._batch_writer.transaction():
                written = await self._batch_writer.deliver([*outputs, *changelog])
                last = checkpoint(written)
                place = (last.topic, self.partition)
                offset = (await self._batch_writer.deliver([last]))[place].offset
                self._require_in_place(place, offset, len(changelog) + 1)
                self._require_connections()
            self._next_offset = offset + 2 if offset >= 0 else None  # behind the mark of the transaction's end
        else:
            # Without transactions a crash in between repeats the outputs; the other way round it would lose them.
            written = await self._batch_writer.deliver(outputs)
            await self._batch_writer.deliver(changelog)
            last = checkpoint(written)
            offset = (await self._batch_writer.deliver([last]))[last.topic, self.partition].offset
        return offset

    def _require_connections(self) -> None:
        if self._disconnects is not None and self._disconnects.count != self._breaks_at_begin:
            raise StateInDoubtError(self._name)

    def _require_in_place(self, place: LogPlace, offset: int, records: int) -> None:
        if self._next_offset is None or offset < 0 or offset == self._next_offset + records - 1:
            return
        # Cut back, or written to by somebody else; or a coordinator that was away has written an end twice.
        raise StateInDoubtError(f"{self._name}: {place[0]} did not continue at offset {self._next_offset}")

    async def end(self) -> None:
        """Stop. Whatever transaction is open is aborted by the next owner or by its timeout."""
        client, self._producer, self._batch_writer = self._producer, None, None
        if client is None:
            return
        ignore_late_errors(client)
        try:
            await client.stop()
        except KafkaError as error:
            # Of a transactional writer that is given up nobody needs the last words: what counts is in the log, or was
            # undone.
            _log.info("producer closed by force", extra={"transactional_id": self._name, "error": repr(error)})
