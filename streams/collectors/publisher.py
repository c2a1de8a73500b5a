"""The publisher: what a source sent and the cursor after it, in one transaction under an id of (collector, source).

Opening it shuts out the instance before. While Kafka is away it tries again for as long as it takes, and what was in
doubt is settled by the cursor that Kafka has.
"""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidProducerEpoch, KafkaError, ProducerFenced

from streams.collectors.coverage import Seen
from streams.collectors.cursors import CursorRecord, cursor_record, read_cursor
from streams.collectors.metrics import CollectorMetrics
from streams.errors import AntiphonError
from streams.kafka.batch_writer import BATCH_BYTES, BatchWriter, OutgoingRecord
from streams.kafka.client import producer, start_client, transaction_seconds
from streams.kafka.fenced_producer import ignore_late_errors
from streams.kafka.retrying import AWAY
from streams.settings import Settings

__all__ = ["FencedError", "Publisher", "instance_name"]

_log: Final = logging.getLogger(__name__)
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 5.0
# A successor claims the source with its first transaction, a moment after it has shut its predecessor out. The broker
# shuts out in the same way whoever left a transaction open for too long: then nobody claims.
_CLAIM_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.25


class FencedError(AntiphonError):
    """Another instance has taken the source over."""

    exit_code = 3


def instance_name() -> str:
    """A name for this process: host, process id and a random part, since ids come again in containers."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


class Publisher:
    """Writes for one source. `away` is told why Kafka does not take anything, and `None` when it does again."""

    _producer: AIOKafkaProducer | None = None
    _writer: BatchWriter | None = None

    def __init__(
        self,
        collector: str,
        source: str,
        settings: Settings,
        metrics: CollectorMetrics,
        *,
        instance: str,
        away: Callable[[str | None], None] = lambda _why: None,
    ) -> None:
        self.name: Final = f"{collector}/{source}"
        self._key = self.name.encode()
        self._transactional_id = f"{settings.group}-collector-{collector}-{source}"
        self._settings = settings
        self._metrics = metrics
        self._instance = instance
        self._away = away
        self._sequence = 0
        self._known: tuple[str, int] | None = None

    async def begin(self) -> CursorRecord | None:
        """Shut out earlier instances; returns what the last one left. Claims nothing yet: that is what the first
        transaction does.
        """
        found: CursorRecord | None = None

        async def open_and_look() -> None:
            nonlocal found
            found = await self._open()

        await self._until_taken(open_and_look)
        return found

    async def publish(self, records: Sequence[OutgoingRecord], cursor: bytes | None, seen: Seen) -> None:
        """Write the records and what follows from them; returns once Kafka has both for good.

        Raises `FencedError` when another instance has taken over: then nothing of this was written. Without
        transactions (a setting) the cursor is written after the records, and a crash in between repeats them.
        """
        self._sequence += 1
        record = CursorRecord(
            instance=self._instance,
            sequence=self._sequence,
            cursor=msgspec.Raw(b"null" if cursor is None else cursor),
            seen=seen,
        )
        last = cursor_record(self._key, record)

        async def write() -> None:
            if self._producer is None:
                found = await self._open()
                if found is not None and (found.instance, found.sequence) == (self._instance, self._sequence):
                    return  # the answer was lost, and not the transaction
            await self._write(records, last)

        await self._until_taken(write)
        self._known = (self._instance, self._sequence)

    async def end(self) -> None:
        """Stop. What is open is undone by the next instance, or by its timeout."""
        client, self._producer, self._writer = self._producer, None, None
        if client is None:
            return
        ignore_late_errors(client)
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await client.stop()

    async def _until_taken(self, work: Callable[[], Awaitable[None]]) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                await work()
                self._away(None)
                return
            except (ProducerFenced, InvalidProducerEpoch):
                await self.end()
                await self._require_unclaimed()
            except AWAY as error:
                await self._wait(error, pause)
            except asyncio.CancelledError as error:
                if (task := asyncio.current_task()) is None or task.cancelling():
                    raise
                # The client cancels what of its own still waits for a broker that has gone away.
                await self._wait(error, pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _wait(self, error: BaseException, seconds: float) -> None:
        _log.info("broker unavailable, retrying", extra={"source": self.name, "error": repr(error)})
        self._away(f"{type(error).__name__}: {error}")
        await self.end()
        await asyncio.sleep(seconds)

    async def _open(self) -> CursorRecord | None:
        """A new producer, and what Kafka has. An owner that somebody else has followed must not shut that one out."""
        await self.end()
        if self._known is not None or self._sequence:
            self._require_ours(await read_cursor(self._settings, self._key))
        settings = self._settings
        transactional_id = self._transactional_id if settings.transactions else None
        options = {"transaction_timeout_ms": int(transaction_seconds(settings) * 1_000)} if transactional_id else {}
        self._producer = producer(settings, transactional_id=transactional_id, max_batch_size=BATCH_BYTES, **options)
        await start_client(self._producer)
        found = await read_cursor(settings, self._key)
        self._require_ours(found)
        if not self._sequence:
            self._known = None if found is None else (found.instance, found.sequence)
        self._writer = BatchWriter(self._producer, settings.topic_prefix, self._metrics)
        return found

    async def _write(self, records: Sequence[OutgoingRecord], last: OutgoingRecord) -> None:
        if self._producer is None or self._writer is None:
            raise RuntimeError("the publisher has not begun")
        if self._settings.transactions:
            async with self._producer.transaction():
                await self._writer.deliver([*records, last])
        else:
            await self._writer.deliver(records)
            await self._writer.deliver([last])

    def _require_ours(self, found: CursorRecord | None) -> None:
        if not self._sequence or found is None or found.instance == self._instance:
            return
        if (found.instance, found.sequence) != self._known:
            raise FencedError(
                f"another instance has taken over {self.name}: {found.instance}",
                remedy="run one instance of a collector; whoever starts last goes on where the others were",
            )

    async def _require_unclaimed(self) -> None:
        """Raises `FencedError` if somebody claims the source now."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _CLAIM_SECONDS
        while loop.time() < deadline:
            with suppress(*AWAY):
                self._require_ours(await read_cursor(self._settings, self._key))
            await asyncio.sleep(_LOOK_SECONDS)
        _log.warning("transaction ended by the broker, going on", extra={"source": self.name})
