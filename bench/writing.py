"""Writes many records fast: whole record batches, built here, instead of one send a record."""

from collections.abc import Awaitable, Iterable, Sequence
from types import TracebackType
from typing import Any, Final, Self

from streams.kafka.client import producer
from streams.settings import Settings

__all__ = ["BulkWriter", "write_all"]

# As large as `antiphon ingest` makes them; what a consumer does once a record batch is then little.
_BATCH_BYTES: Final = 131_072
_ON_THE_WAY: Final = 64  # batches


class BulkWriter:
    """Fills one record batch a partition and sends it when it is full; offsets follow the order of `write`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = producer(settings, max_batch_size=_BATCH_BYTES)
        self._open: dict[tuple[str, int], Any] = {}
        self._sent: list[Awaitable[object]] = []
        self._kept: list[tuple[tuple[str, int], Any]] = []

    async def __aenter__(self) -> Self:
        await self._client.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                await self.flush()
                await self._await_acknowledgements()
        finally:
            await self._client.stop()

    async def write(
        self, topic: str, partition: int, key: bytes, value: bytes, headers: Sequence[tuple[str, bytes | None]] = ()
    ) -> None:
        """Add one record to a topic (plain name); it is on the broker for sure once the block is left."""
        place = (topic, partition)
        batch = self._open.get(place)
        if batch is None:
            batch = self._open[place] = self._client.create_batch()
        if batch.append(timestamp=None, key=key, value=value, headers=list(headers)) is None:
            await self._send(place)
            await self.write(topic, partition, key, value, headers)

    def keep(self, topic: str, partition: int, key: bytes, value: bytes) -> None:
        """Add one record to the batches that `send_kept` sends."""
        place = (topic, partition)
        batch = next((batch for other, batch in reversed(self._kept) if other == place), None)
        if batch is None or batch.append(timestamp=None, key=key, value=value) is None:
            batch = self._client.create_batch()
            batch.append(timestamp=None, key=key, value=value)
            self._kept.append((place, batch))

    @property
    def kept(self) -> int:
        """How many batches there are to be sent again and again."""
        return len(self._kept)

    async def send_kept(self, number: int) -> int:
        """Send one of the kept batches, also once more; returns how many records it has."""
        place, batch = self._kept[number]
        count: int = batch.record_count()
        await self._send_batch(place, batch)
        return count

    async def flush(self) -> None:
        """Send what is there, full or not."""
        for place in list(self._open):
            await self._send(place)

    async def _send(self, place: tuple[str, int]) -> None:
        await self._send_batch(place, self._open.pop(place))

    async def _send_batch(self, place: tuple[str, int], batch: Any) -> None:
        topic, partition = place
        self._sent.append(await self._client.send_batch(batch, self._settings.topic(topic), partition=partition))
        if len(self._sent) >= _ON_THE_WAY:
            await self._await_acknowledgements()

    async def _await_acknowledgements(self) -> None:
        sent, self._sent = self._sent, []
        for acknowledged in sent:
            await acknowledged


async def write_all(settings: Settings, records: Iterable[tuple[str, int, bytes, bytes]]) -> None:
    """Write (topic, partition, key, value) records; returns when the broker has acknowledged every one."""
    async with BulkWriter(settings) as writer:
        for topic, partition, key, value in records:
            await writer.write(topic, partition, key, value)
