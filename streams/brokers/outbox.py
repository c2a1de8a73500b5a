"""The outbox: records on their way to the broker. Nothing counts as sent until the broker has acknowledged it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable, Sequence

from aiokafka import AIOKafkaProducer
from msgspec import Struct

from streams.metrics import Metrics

__all__ = ["Outbox", "OutgoingRecord"]


class OutgoingRecord(Struct, frozen=True):
    """One record to write. `topic` is the plain name, without the prefix; no `partition`: the key decides."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int | None = None


class Outbox:
    """Writes records through one producer. `prefix` goes before every topic name."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str, metrics: Metrics) -> None:
        self._producer = producer
        self._prefix = prefix
        self._metrics = metrics

    async def post(self, records: Iterable[OutgoingRecord]) -> Awaitable[None]:
        """Hand the records to the producer; what is returned is to be awaited for the broker's acknowledgement of all.

        Raises what aiokafka raises; after that nothing may be committed that these records followed from.
        """
        pending: list[asyncio.Future[object]] = []
        topics: Counter[str] = Counter()
        try:
            for record in records:
                topics[record.topic] += 1
                pending.append(
                    await self._producer.send(
                        self._prefix + record.topic,
                        record.value,
                        key=record.key,
                        partition=record.partition,
                        headers=list(record.headers) or None,
                    )
                )
        except BaseException:
            for sent in pending:
                sent.add_done_callback(_look_away)
            raise
        return self._acknowledged(pending, topics)

    async def _acknowledged(self, pending: Sequence[Awaitable[object]], topics: Counter[str]) -> None:
        await asyncio.gather(*pending)
        for topic, count in topics.items():
            self._metrics.outputs.labels(topic).inc(count)


def _look_away(sent: "asyncio.Future[object]") -> None:
    """One record's failure has been raised; that of its neighbours must not be reported as never seen."""
    if not sent.cancelled():
        sent.exception()
