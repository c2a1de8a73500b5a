"""A shard: the subjects of one `subject-events` partition, kept in memory and written down in the changelog.

Outputs, states and the position they follow from are one Kafka transaction: all of a batch or nothing of it. The
transactional id belongs to the partition, so that whoever opens the shard shuts out every earlier owner, also one that
was only asleep. Why this and not a Faust table: docs/architecture.md.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterable
from time import monotonic
from typing import Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalOperation, InvalidProducerEpoch, KafkaError, ProducerFenced

from streams.brokers.client import consumer, producer
from streams.brokers.outbox import Outbox, OutgoingRecord
from streams.core.subject import Subject, decode_subject, encode_subject
from streams.metrics import Metrics
from streams.settings import Settings

__all__ = ["CHANGELOG", "Shard"]

CHANGELOG: Final = "subject-states"
_POSITION_KEY: Final = b"\x00position"  # no subject's key begins with NUL
_LIVE_SUBJECTS: Final = 10_000
_TRANSACTION_TIMEOUT_MS: Final = 60_000

_log: Final = logging.getLogger(__name__)


class Shard:
    """One open partition. `position` is the `subject-events` offset from which nothing has been applied yet."""

    def __init__(self, partition: int, settings: Settings, metrics: Metrics) -> None:
        self.partition = partition
        self.position = 0
        self._settings = settings
        self._metrics = metrics
        self._states: dict[bytes, bytes] = {}
        self._live: OrderedDict[str, Subject] = OrderedDict()
        self._producer: AIOKafkaProducer | None = None
        self._outbox: Outbox | None = None

    def __len__(self) -> int:
        return len(self._states)

    async def open(self) -> None:
        """Shut out earlier owners, then read every state that was committed.

        Raises `ProducerFenced` when another worker opens it at the same moment, and aiokafka's errors.
        """
        began = monotonic()
        settings = self._settings
        transactional_id = f"{settings.group}-track-{self.partition}" if settings.transactions else None
        options = {"transaction_timeout_ms": _TRANSACTION_TIMEOUT_MS} if settings.transactions else {}
        self._producer = producer(settings, transactional_id=transactional_id, **options)
        try:
            await self._producer.start()
        except InvalidProducerEpoch as error:
            raise ProducerFenced from error  # aiokafka translates it everywhere but here
        self._outbox = Outbox(self._producer, settings.topic_prefix, self._metrics)
        await self._recover()
        self._metrics.recovery_seconds.set(monotonic() - began)
        _log.info(
            "shard open",
            extra={"partition": self.partition, "subjects": len(self), "seconds": round(monotonic() - began, 3)},
        )

    async def _recover(self) -> None:
        tp = TopicPartition(self._settings.topic(CHANGELOG), self.partition)
        # Stopping a consumer waits for the fetch under way: at the end of a log that is the whole of its waiting time.
        client = consumer(self._settings, max_partition_fetch_bytes=16_777_216, fetch_max_wait_ms=20)
        await client.start()
        try:
            client.assign([tp])
            await client.seek_to_beginning(tp)
            end = (await client.end_offsets([tp]))[tp]
            while await client.position(tp) < end:
                for record in (await client.getmany(tp, timeout_ms=1_000)).get(tp, ()):
                    self._restore(record.key, record.value)
        finally:
            await client.stop()

    def _restore(self, key: bytes | None, value: bytes | None) -> None:
        if key is None or (value is None and key == _POSITION_KEY):
            raise ValueError(f"changelog partition {self.partition} holds a record that no shard writes")
        if key == _POSITION_KEY and value is not None:
            self.position = int.from_bytes(value)
        elif value is None:
            self._states.pop(key, None)
        else:
            self._states[key] = value

    def load(self, key: str) -> Subject | None:
        """The subject of a key, `None` if it is new."""
        live = self._live.get(key)
        if live is not None:
            self._live.move_to_end(key)
            return live
        state = self._states.get(key.encode())
        return None if state is None else decode_subject(state)

    async def commit(self, outputs: Iterable[OutgoingRecord], changed: dict[str, Subject], position: int) -> None:
        """Write the outputs, the changed subjects and the new position; done when the broker has all of it for good.

        Raises `ProducerFenced` when another worker has opened the shard, and aiokafka's errors. After any error the
        shard is of no use and must be closed: what it holds in memory may be ahead of what is written.
        """
        if self._producer is None or self._outbox is None:
            raise RuntimeError("the shard is not open")
        states = {key.encode(): encode_subject(subject) for key, subject in changed.items()}
        records = [OutgoingRecord(CHANGELOG, key, state, (), self.partition) for key, state in states.items()]
        records.append(OutgoingRecord(CHANGELOG, _POSITION_KEY, position.to_bytes(8), (), self.partition))
        if self._settings.transactions:
            try:
                async with self._producer.transaction():
                    await (await self._outbox.post([*outputs, *records]))
            except IllegalOperation as error:
                # Shut out while records were still being handed over: aiokafka ends the transaction in the background,
                # and tells whoever hands it the next record only that there is none.
                raise ProducerFenced from error
        else:
            # Without transactions a crash in between repeats the outputs; the other way round it would lose them.
            await (await self._outbox.post(outputs))
            await (await self._outbox.post(records))
        self.position = position
        self._states.update(states)
        for key, subject in changed.items():
            self._live[key] = subject
            self._live.move_to_end(key)
        while len(self._live) > _LIVE_SUBJECTS:
            self._live.popitem(last=False)

    async def close(self) -> None:
        """Stop the producer. Whatever transaction is open is aborted by the next owner or by its timeout."""
        client, self._producer, self._outbox = self._producer, None, None
        self._states = {}
        self._live.clear()
        if client is None:
            return
        try:
            await client.stop()
        except KafkaError as error:
            # Of a shard that is given up nobody needs the last words: what counts is in the log, or was undone.
            _log.info("shard closed by force", extra={"partition": self.partition, "error": repr(error)})
