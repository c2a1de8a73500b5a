"""What NOTIFY wrote down: the topic `notifications`, read in whole and written in transactions.

Whoever opens it shuts out every earlier owner, also one that was only asleep. Knows nothing of what is decided and why.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidProducerEpoch, KafkaError, ProducerFenced

from streams.core.noticing.notification import Notification, decode_notification, encode_notification
from streams.kafka.batch_writer import BATCH_BYTES, BatchWriter, OutgoingRecord
from streams.kafka.client import producer
from streams.kafka.fenced_producer import ignore_late_errors
from streams.kafka.reading import read_topic
from streams.metrics import Metrics
from streams.printable import printable
from streams.refusal import DECODE_ERRORS
from streams.settings import Settings

__all__ = ["NOTIFICATIONS", "DecisionLog"]

NOTIFICATIONS: Final = "notifications"
_AT_ONCE: Final = 5_000  # records in one transaction
_TRANSACTION_TIMEOUT_MS: Final = 60_000

_log: Final = logging.getLogger(__name__)


class DecisionLog:
    """Open it before anything is read: what an earlier owner wrote later would be missed."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._producer: AIOKafkaProducer | None = None

    async def open(self) -> None:
        """Shut out earlier owners. Raises `ProducerFenced` when another opens it at the same moment."""
        settings = self._settings
        options = {"transaction_timeout_ms": _TRANSACTION_TIMEOUT_MS} if settings.transactions else {}
        transactional_id = f"{settings.group}-notify" if settings.transactions else None
        self._producer = producer(settings, transactional_id=transactional_id, max_batch_size=BATCH_BYTES, **options)
        try:
            await self._producer.start()
        except InvalidProducerEpoch as error:
            raise ProducerFenced from error  # aiokafka translates it everywhere but here

    async def read(self) -> AsyncIterator[tuple[str, Notification | None]]:
        """Everything that was written, in order; `None` where it was taken back.

        What NOTIFY did not write is set aside and counted: without a decision an alert may be told twice, and that is
        better than nobody being told of any.
        """
        async for record in read_topic(self._settings, NOTIFICATIONS):
            try:
                key = (record.key or b"").decode("ascii", "strict")
                notification = None if record.value is None else decode_notification(record.value)
            except DECODE_ERRORS as error:
                self._metrics.notifications.labels("rejected").inc()
                _log.error(
                    "record of notifications set aside",
                    extra={"partition": record.partition, "offset": record.offset, "error": printable(str(error), 200)},
                )
                continue
            yield key, notification

    async def write(self, notifications: Sequence[Notification], gone: Sequence[str]) -> None:
        """Done when the broker has them for good. Raises `ProducerFenced`, and aiokafka's errors."""
        client = self._opened()
        batch_writer = BatchWriter(client, self._settings.topic_prefix, self._metrics)
        records = [_record(each.dedup_key, encode_notification(each)) for each in notifications]
        records += [_record(key, None) for key in gone]
        for begin in range(0, len(records), _AT_ONCE):
            part = records[begin : begin + _AT_ONCE]
            if self._settings.transactions:
                async with client.transaction():
                    await batch_writer.deliver(part)
            else:
                await batch_writer.deliver(part)

    def _opened(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise RuntimeError("the log is not open")
        return self._producer

    async def close(self) -> None:
        """Stop the producer. A transaction left open is undone by the next owner."""
        client, self._producer = self._producer, None
        if client is None:
            return
        ignore_late_errors(client)
        try:
            await client.stop()
        except KafkaError as error:
            _log.info("the log of notifications was closed by force", extra={"error": repr(error)})


def _record(key: str, value: bytes | None) -> OutgoingRecord:
    return OutgoingRecord(NOTIFICATIONS, key.encode(), value, (), 0)
