"""The source: what a collector does, with patience. Writes records in order and again until the broker has them.

Knows which offsets were written, and nothing of what the records mean.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from msgspec.structs import replace

from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.client import producer
from streams.kafka.partitioning import partition_of
from streams.settings import Settings

__all__ = ["Source"]

_AT_ONCE: Final = 500
_RETRY_SECONDS: Final = 0.3

_Batch: TypeAlias = tuple[Sequence[OutgoingRecord], float]


class Source:
    """Writes batches one after the other; each is spread over some seconds. For one event loop."""

    def __init__(self, settings: Settings, *, remembers: bool = False) -> None:
        self._kept: dict[tuple[str, int], list[tuple[int, OutgoingRecord]]] | None = {} if remembers else None
        self._turn = asyncio.Lock()
        self._withheld: dict[tuple[str, int], list[OutgoingRecord]] = {}
        self.written: dict[tuple[str, int], int] = {}
        self.records = 0
        self._settings = settings
        self._waiting: deque[_Batch | Callable[[], object]] = deque()
        self._more = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._client: AIOKafkaProducer | None = None

    @property
    def backlog(self) -> int:
        """Batches not yet written."""
        return len(self._waiting) + (0 if self._idle.is_set() else 1)

    async def feed(self, records: Sequence[OutgoingRecord], seconds: float) -> None:
        """Write these after what was fed before, evenly over so many seconds."""
        self._put((records, seconds))

    async def hold(self) -> None:
        """Write nothing until `go_on`, and then with a new client: a broker may forget what the old one wrote."""
        await self._turn.acquire()
        await self._forget_client()

    async def go_on(self, ends: Mapping[tuple[str, int], int] | None = None) -> int:
        """Write again. `ends` are where the logs end of a broker that lost records: what stood behind is rewritten
        after what was fed before. Returns how many records that are.
        """
        lost: list[OutgoingRecord] = []
        for place, end in (ends or {}).items():
            kept = [] if self._kept is None else self._kept.get(place, [])
            lost += [record for offset, record in kept if offset >= end]
            kept[:] = [(offset, record) for offset, record in kept if offset < end]
            self.written[place] = min(end, self.written.get(place, 0))
        self._turn.release()
        if lost:
            await self.feed(lost, 0.5)
        return len(lost)

    async def withhold(self, topic: str, partition: int) -> None:
        """Of what is fed from now on keep the records of a raw partition back, as a collector whose part is stopped."""
        self._put(lambda: self._withheld.setdefault((topic, partition), []))

    def withheld(self, topic: str, partition: int) -> list[OutgoingRecord]:
        """What is kept back of a partition now."""
        return list(self._withheld.get((topic, partition), []))

    async def release(self, topic: str, partition: int) -> None:
        """Write what was kept back, in order, behind what was fed until now."""

        def go_on() -> None:
            kept_back = self._withheld.pop((topic, partition), [])
            self._waiting.appendleft((kept_back, 0.5))

        self._put(go_on)

    async def acknowledged(self) -> None:
        """Return when everything fed has been acknowledged."""
        await self._idle.wait()

    async def run(self) -> None:
        """Write until cancelled."""
        try:
            while True:
                await self._more.wait()
                while self._waiting:
                    waiting = self._waiting.popleft()
                    if callable(waiting):
                        waiting()
                        continue
                    records, seconds = waiting
                    pieces = [records[start : start + _AT_ONCE] for start in range(0, len(records), _AT_ONCE)]
                    for piece in pieces:
                        await self._write(piece)
                        await asyncio.sleep(seconds / len(pieces))
                self._more.clear()
                self._idle.set()
        finally:
            await self._forget_client()

    def _put(self, waiting: _Batch | Callable[[], object]) -> None:
        self._waiting.append(waiting)
        self._idle.clear()
        self._more.set()

    async def _write(self, records: Sequence[OutgoingRecord]) -> None:
        """All of them that are not kept back, acknowledged. After an error all again: what was written twice must count
        once.
        """
        due: list[OutgoingRecord] | None = None
        while True:
            try:
                if self._client is None:
                    self._client = producer(self._settings, linger_ms=5, max_batch_size=262_144)
                    await self._client.start()
                if due is None:
                    due = self._kept_apart(await self._placed(self._client, records))
                async with self._turn:
                    if self._client is None:
                        continue
                    await self._send(self._client, due)
            except (KafkaError, OSError):
                await self._forget_client()
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                self.records += len(due)
                return

    async def _placed(self, client: AIOKafkaProducer, records: Sequence[OutgoingRecord]) -> list[OutgoingRecord]:
        """Each with its partition."""
        topics = {record.topic for record in records}
        counts = {topic: len(await client.partitions_for(self._settings.topic(topic))) for topic in topics}
        return [
            record
            if record.partition is not None
            else replace(record, partition=partition_of(record.key, counts[record.topic]))
            for record in records
        ]

    def _kept_apart(self, placed: Sequence[OutgoingRecord]) -> list[OutgoingRecord]:
        """Those that are to be written now."""
        due: list[OutgoingRecord] = []
        for record in placed:
            self._withheld.get((record.topic, record.partition or 0), due).append(record)
        return due

    async def _send(self, client: AIOKafkaProducer, records: Sequence[OutgoingRecord]) -> None:
        sent: list[Any] = []
        try:
            for record in records:
                topic, headers = self._settings.topic(record.topic), list(record.headers)
                options = {"key": record.key, "headers": headers, "partition": record.partition}
                sent.append(await client.send(topic, record.value, **options))
        finally:
            written: list[Any] = await asyncio.gather(*sent, return_exceptions=True)
        for metadata in written:
            if isinstance(metadata, BaseException):
                raise metadata
            if metadata.offset < 0:
                # The broker had the batch already and no longer knows where. What stands nobody knows where cannot be
                # written again after a power cut.
                raise KafkaError("the batch is a repeat at an unknown offset")
        for record, metadata in zip(records, written, strict=True):
            place = (record.topic, metadata.partition)
            self.written[place] = max(metadata.offset + 1, self.written.get(place, 0))
            if self._kept is not None:
                self._kept.setdefault(place, []).append((metadata.offset, record))

    async def _forget_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(client.stop(), 2)
