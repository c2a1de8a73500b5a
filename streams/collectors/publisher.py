"""The publisher: what a source sent and the cursor after it, in one transaction under an id of (collector, source).

Opening it shuts out the instance before. While Kafka is away it tries again for as long as it takes, and what was in
doubt is resolved by the cursor that Kafka has.
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
from aiokafka.errors import InvalidProducerEpoch, KafkaConnectionError, KafkaError, ProducerFenced

from streams.collectors.coverage import SourceSeen
from streams.collectors.cursors import CursorRecord, cursor_record, read_cursor
from streams.collectors.lost_records import (
    CURSOR_LOG,
    LostRecordsError,
    is_complete,
    newest_complete,
    places_of,
    undo_left_open,
)
from streams.collectors.metrics import CollectorMetrics
from streams.errors import AntiphonError
from streams.faust_driver.connections import Disconnects, count_disconnects
from streams.kafka.batch_writer import BATCH_BYTES, BatchWriter, OutgoingRecord
from streams.kafka.client import producer, start_client, transaction_seconds
from streams.kafka.fenced_producer import ignore_late_errors
from streams.kafka.log_marks import LogPlace, Mark, newer, open_transactions
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
    """Writes for one source. `away` is told why Kafka does not take anything, and `None` when it does again.

    What the broker lost since is found when the source is opened, at a start and after a connection to the broker
    broke; unless `compares` is false, for whoever sets the cursor himself.
    """

    _producer: AIOKafkaProducer | None = None
    _writer: BatchWriter | None = None
    _disconnects: Disconnects | None = None
    _breaks_at_begin = 0

    def __init__(
        self,
        collector: str,
        source: str,
        settings: Settings,
        metrics: CollectorMetrics,
        *,
        instance: str,
        away: Callable[[str | None], None] = lambda _why: None,
        compares: bool = True,
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
        self._compares = compares and settings.transactions
        self._marks: dict[LogPlace, Mark] = {}

    async def begin(self) -> CursorRecord | None:
        """Shut out earlier instances; returns what the last one left, or the newest cursor whose records the broker
        still has. Claims nothing yet: that is what the first transaction does. Raises `LostRecordsError` where no such
        cursor is left.
        """
        found: CursorRecord | None = None

        async def open_and_look() -> None:
            nonlocal found
            found = await self._open()

        await self._until_taken(open_and_look)
        return found

    async def publish(self, records: Sequence[OutgoingRecord], cursor: bytes | None, seen: SourceSeen) -> None:
        """Write the records and what follows from them; returns once Kafka has both for good.

        Raises `FencedError` when another instance has taken over: then nothing of this was written; and
        `LostRecordsError` when the broker lost what it had acknowledged: the next instance goes back. Without
        transactions (a setting) the cursor is written after the records, and a crash in between repeats them.
        """
        self._sequence += 1
        record = CursorRecord(
            instance=self._instance,
            sequence=self._sequence,
            cursor=msgspec.Raw(b"null" if cursor is None else cursor),
            seen=seen,
        )
        cursor_record(self._key, record)  # a cursor that is no JSON is refused before anything is written

        async def write() -> None:
            if self._producer is None or not self._is_connected():
                found = await self._open()
                if found is not None and (found.instance, found.sequence) == (self._instance, self._sequence):
                    return  # the answer was lost, and not the transaction
            await self._write(records, record)

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
        is_first = self._known is None and not self._sequence
        if not is_first:
            self._require_ours(await self._left())
        settings = self._settings
        transactional_id = self._transactional_id if settings.transactions else None
        options = {"transaction_timeout_ms": int(transaction_seconds(settings) * 1_000)} if transactional_id else {}
        self._producer = producer(settings, transactional_id=transactional_id, max_batch_size=BATCH_BYTES, **options)
        self._disconnects = count_disconnects(self._producer.client)
        await start_client(self._producer)
        self._breaks_at_begin = self._disconnects.count
        if is_first and settings.transactions:
            await undo_left_open(settings, self._producer, [CURSOR_LOG])
        newest = found = await self._left()
        self._require_ours(found)
        if self._compares:
            found = await self._whole(found, self._producer) if is_first else await self._require_whole(found)
            self._marks = {} if found is None else places_of(found)
        if not self._sequence:
            self._known = None if newest is None else (newest.instance, newest.sequence)
        self._writer = BatchWriter(self._producer, settings.topic_prefix, self._metrics)
        return found

    async def _left(self) -> CursorRecord | None:
        try:
            async with asyncio.timeout(2 * transaction_seconds(self._settings)):
                return await read_cursor(self._settings, self._key)
        except TimeoutError:
            if await open_transactions(self._settings, [CURSOR_LOG]):
                raise self._lost("a transaction in the log of cursors does not end") from None
            raise

    async def _whole(self, found: CursorRecord | None, client: AIOKafkaProducer) -> CursorRecord | None:
        """What was left, or the newest cursor before it whose records are there."""
        if found is None:
            return None
        await undo_left_open(self._settings, client, places_of(found))
        if await is_complete(self._settings, found):
            return found
        earlier = await newest_complete(self._settings, self._key)
        if earlier is None:
            raise LostRecordsError(
                f"the broker lost records that {self.name} had written, and all cursors from before are gone",
                remedy=f"`antiphon sources --move {self.name}` back to a time at which all was there, or --forget it",
            )
        extra = {"source": self.name, "transaction": found.sequence, "back_to": earlier.sequence}
        _log.warning("the broker lost records, going back", extra=extra)
        return earlier

    async def _require_whole(self, found: CursorRecord | None) -> CursorRecord | None:
        """What this instance wrote last is there: what its source said before is not asked for once more."""
        is_newest = (None if found is None else (found.instance, found.sequence)) in (
            self._known,
            (self._instance, self._sequence),
        )
        if not is_newest or (found is not None and not await is_complete(self._settings, found)):
            raise self._lost("it does not have any more what it had acknowledged")
        return found

    def _lost(self, what: str) -> LostRecordsError:
        return LostRecordsError(
            f"the broker lost records that {self.name} had written: {what}",
            remedy="start the collector again: it goes back to the newest cursor whose records are all there",
        )

    def _is_connected(self) -> bool:
        """Whether no connection broke since the source was opened: a broker that lost records had to end first."""
        return not self._compares or self._disconnects is None or self._disconnects.count == self._breaks_at_begin

    async def _write(self, records: Sequence[OutgoingRecord], record: CursorRecord) -> None:
        if self._producer is None or self._writer is None:
            raise RuntimeError("the publisher has not begun")
        marks = dict(self._marks)
        if self._settings.transactions:
            async with self._writer.transaction():
                written = await self._writer.deliver(records)
                newer(marks, {place: mark for place, mark in written.items() if mark.offset >= 0})
                named = {f"{topic}/{partition}": mark for (topic, partition), mark in marks.items()}
                marked = msgspec.structs.replace(record, marks=named)
                await self._writer.deliver([cursor_record(self._key, marked)])
                if not self._is_connected():
                    raise KafkaConnectionError("a connection broke")
            self._marks = marks
        else:
            await self._writer.deliver(records)
            await self._writer.deliver([cursor_record(self._key, record)])

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
