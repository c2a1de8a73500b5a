"""A tenure: the right to write for one partition, held by whoever opened it last.

What a batch led to, the changelog and the position it follows from are one Kafka transaction. The transactional id
belongs to the partition: opening shuts out every earlier owner, also one that was only asleep (docs/architecture.md).
"""

import logging
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidProducerEpoch, KafkaError, ProducerFenced

from streams.brokers.client import producer, start_client
from streams.brokers.last_words import look_away
from streams.brokers.outbox import BATCH_BYTES, Outbox, OutgoingRecord
from streams.metrics import Metrics
from streams.settings import Settings

__all__ = ["Tenure"]

_TRANSACTION_TIMEOUT_MS: Final = 60_000

_log: Final = logging.getLogger(__name__)


class Tenure:
    """The right to write for `partition` as the agent `role`; without transactions no more than a producer."""

    _producer: AIOKafkaProducer | None = None

    def __init__(self, role: str, partition: int, settings: Settings, metrics: Metrics) -> None:
        self.partition = partition
        self._name = f"{settings.group}-{role}-{partition}"
        self._settings = settings
        self._metrics = metrics
        self._outbox: Outbox | None = None

    async def begin(self) -> None:
        """Shut out earlier owners. Raises `ProducerFenced` when another worker does so at the same moment."""
        settings = self._settings
        transactional_id = self._name if settings.transactions else None
        options = {"transaction_timeout_ms": _TRANSACTION_TIMEOUT_MS} if settings.transactions else {}
        self._producer = producer(settings, transactional_id=transactional_id, max_batch_size=BATCH_BYTES, **options)
        try:
            await start_client(self._producer)
        except InvalidProducerEpoch as error:
            raise ProducerFenced from error  # aiokafka translates it everywhere but here
        self._outbox = Outbox(self._producer, settings.topic_prefix, self._metrics)

    async def write(self, outputs: Sequence[OutgoingRecord], changelog: Sequence[OutgoingRecord]) -> int:
        """Write all of it; done when the broker has it for good. Returns the offset of the last record of `changelog`,
        of which all are for one partition and the last is the position; a negative one where the broker did not tell.

        Raises `ProducerFenced` when another worker has taken over, and aiokafka's errors. After any error the tenure is
        of no use and must be ended.
        """
        if self._producer is None or self._outbox is None:
            raise RuntimeError("the tenure has not begun")
        if self._settings.transactions:
            async with self._producer.transaction():
                written = await self._outbox.deliver([*outputs, *changelog])
        else:
            # Without transactions a crash in between repeats the outputs; the other way round it would lose them.
            await self._outbox.deliver(outputs)
            written = await self._outbox.deliver(changelog)
        return written[self._settings.topic(changelog[-1].topic), self.partition]

    async def end(self) -> None:
        """Stop. Whatever transaction is open is aborted by the next owner or by its timeout."""
        client, self._producer, self._outbox = self._producer, None, None
        if client is None:
            return
        look_away(client)
        try:
            await client.stop()
        except KafkaError as error:
            # Of a tenure that is given up nobody needs the last words: what counts is in the log, or was undone.
            _log.info("producer closed by force", extra={"transactional_id": self._name, "error": repr(error)})
