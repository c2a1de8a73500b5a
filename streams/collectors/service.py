"""The service of one source: reads it into a bounded queue, publishes what waits there, and connects again when a
connection ends. What goes wrong with Kafka stops the reading and loses nothing.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from random import Random
from typing import Final

from streams.collectors.backoff import Backoff
from streams.collectors.collector import CollectorContext
from streams.collectors.coverage import CoverageLog, CoverageSpan, SourceSeen
from streams.collectors.progress import SourceProgress
from streams.collectors.publisher import Publisher
from streams.collectors.queue import Began, ChunkQueue, Ended, Item
from streams.collectors.records import Outgoing, add_chunk, add_spans
from streams.collectors.source import Chunk, Source, SourceError
from streams.events import RAW_TOPICS
from streams.kafka.batch_writer import OutgoingRecord

__all__ = ["SourceService"]

_log: Final = logging.getLogger(__name__)
_SLOW_SECONDS: Final = 5.0  # a transaction takes a hundredth of a second
_KINDS: Final = {topic: kind for kind, topic in RAW_TOPICS.items()}


class SourceService:
    """Runs one source of a collector until it is told to stop. `instance` is the name of this process."""

    def __init__(self, collector: str, source: Source, context: CollectorContext, instance: str) -> None:
        collect = context.collect
        self.name: Final = f"{collector}/{source.name}"
        self._source = source
        self._collect = collect
        self._queue = ChunkQueue(most_bytes=collect.queue_bytes, most_events=collect.queue_events)
        self._series = context.metrics.of_source(collector, source.name)
        self.progress = SourceProgress(source=source.name)
        self._publisher = Publisher(
            collector,
            source.name,
            context.settings,
            context.metrics,
            instance=instance,
            away=self._note_kafka,
        )
        self._coverage = CoverageLog(SourceSeen(), 0)
        self._cursor: bytes | None = None
        self._lack: str | None = "it has only begun"
        self._kafka_lack: str | None = "it has only begun"
        self._publishing_since: float | None = None
        self._stopping = asyncio.Event()
        self._series.last_frame.set_to_current_time()
        self._series.follow_lag(self.progress.lag_seconds)
        self._series.queue_bytes.set_function(lambda: float(self._queue.bytes))

    def lacking(self) -> str | None:
        """Why the source is not collected now, `None` when it is. May be called from any thread."""
        since = self._publishing_since
        if self._kafka_lack is None and since is not None and time.monotonic() - since > _SLOW_SECONDS:
            return f"Kafka has not taken what it sent for {time.monotonic() - since:.0f} s"
        return self._kafka_lack or self._lack

    def stop(self) -> None:
        """Read no more; `run` ends when Kafka has everything that was read."""
        self._stopping.set()

    async def run(self) -> None:
        """Collect until stopped. Raises `FencedError` when another instance takes over, and what is a bug."""
        try:
            if not await self._begin():
                return
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(self._read())
                tasks.create_task(self._publish())
                await self._stopping_or(reading)
                reading.cancel()
                await asyncio.wait([reading])
                await self._queue.close()
            await self._publisher.publish(*self._last_words())
            _log.info("source stopped", extra={"source": self.name})
        finally:
            self._series.connected.set(0)
            await self._publisher.end()

    async def _stopping_or(self, task: "asyncio.Task[None]") -> None:
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait([stopping, task], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()

    async def _begin(self) -> bool:
        """Claim the source, and learn how far it was read; `False` where it was told to stop meanwhile."""
        beginning = asyncio.ensure_future(self._claim())
        await self._stopping_or(beginning)
        if not beginning.done():
            beginning.cancel()
            await asyncio.wait([beginning])
            return False
        await beginning
        return True

    async def _claim(self) -> None:
        left = await self._publisher.begin()
        interval_us = int(self._collect.coverage_interval_seconds * 1_000_000)
        self._coverage = CoverageLog(SourceSeen() if left is None else left.seen, interval_us)
        self._cursor = None if left is None else left.cursor_bytes
        await self._publisher.publish((), self._cursor, self._coverage.seen)
        extra = {"source": self.name, "after": None if left is None else left.instance}
        _log.info("source claimed", extra=extra)

    # Reading.

    async def _read(self) -> None:
        backoff = Backoff(self._collect.first_pause_seconds, self._collect.longest_pause_seconds, Random())  # noqa: S311
        while True:
            began = time.monotonic()
            await self._queue.put(Began(self._cursor is not None))
            error = await self._connection()
            self._lack = f"{error.kind}: {error.detail}"
            self._series.connected.set(0)
            self._series.count_reconnect(error.kind)
            self.progress.reconnects += 1
            self.progress.is_connected = False
            pause = backoff.after(error, time.monotonic() - began)
            extra = {"source": self.name, "reason": error.kind, "detail": error.detail, "pause_s": round(pause, 1)}
            _log.warning("source disconnected", extra=extra)
            await self._queue.put(Ended(error.kind))
            await asyncio.gather(asyncio.sleep(pause), self._queue.drained())

    async def _connection(self) -> SourceError:
        """One connection, to its end: what it ended with."""
        try:
            async with aclosing(self._source.chunks(self._cursor)) as chunks:
                while True:
                    try:
                        async with asyncio.timeout(self._collect.silent_seconds):
                            chunk = await anext(chunks)
                    except TimeoutError:
                        return SourceError("silent", f"nothing for {self._collect.silent_seconds:.0f} s")
                    self._note_chunk(chunk)
                    await self._queue.put(chunk)
        except SourceError as error:
            return error
        except OSError as error:
            return SourceError("closed", f"{type(error).__name__}: {error}")
        except StopAsyncIteration:
            return SourceError("closed", "the source ended")

    def _note_chunk(self, chunk: Chunk) -> None:
        if not self.progress.is_connected:
            self.progress.is_connected = True
            self._lack = None
            self._series.connected.set(1)
            _log.info("source connected", extra={"source": self.name})
        self._series.last_frame.set_to_current_time()
        self._series.frames.inc(chunk.received)
        for name, count in chunk.skipped.items():
            self._series.count_skipped(name, count)

    # Publishing.

    async def _publish(self) -> None:
        interval = self._collect.transaction_interval_seconds
        while items := await self._queue.take(self._collect.transaction_events):
            began = time.monotonic()
            chunks = [item for item in items if isinstance(item, Chunk)]
            cursor = next((each.cursor for each in reversed(chunks) if each.cursor is not None), self._cursor)
            outgoing = self._outgoing(items)
            self._publishing_since = began
            await self._publisher.publish(outgoing.records, cursor, self._coverage.seen)
            self._publishing_since = None
            self._cursor = cursor
            self._note_published(outgoing, chunks, time.monotonic() - began)
            await self._queue.finish(items)
            for chunk in chunks:
                if chunk.acknowledge is not None:
                    await self._acknowledge(chunk.acknowledge)
            if self._queue.events < self._collect.transaction_events:
                await self._pause(began + interval - time.monotonic())

    def _outgoing(self, items: Sequence[Item]) -> Outgoing:
        outgoing = Outgoing()
        for item in items:
            now_us = time.time_ns() // 1_000
            spans: list[CoverageSpan] = []
            match item:
                case Chunk():
                    add_chunk(outgoing, item, self.name)
                    spans = self._coverage.saw(item, now_us)
                case Began():
                    self._coverage.began(with_cursor=item.with_cursor, now_us=now_us)
                case Ended():
                    spans = self._coverage.ended(item.kind, now_us)
            add_spans(outgoing, spans, self._source, now_us)
        return outgoing

    def _last_words(self) -> tuple[Sequence[OutgoingRecord], bytes | None, SourceSeen]:
        outgoing = Outgoing()
        now_us = time.time_ns() // 1_000
        add_spans(outgoing, self._coverage.stopped(now_us), self._source, now_us)
        return outgoing.records, self._cursor, self._coverage.seen

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until told to stop."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _acknowledge(self, acknowledge: Callable[[], Awaitable[None]]) -> None:
        try:
            await acknowledge()
        except (OSError, SourceError) as error:  # the connection is gone: the source sends it again
            _log.info("acknowledgement not delivered", extra={"source": self.name, "error": repr(error)})

    def _note_published(self, outgoing: Outgoing, chunks: Sequence[Chunk], seconds: float) -> None:
        series, progress = self._series, self.progress
        series.transaction_seconds.observe(seconds)
        for topic, count in outgoing.kinds.items():
            series.count_events(_KINDS[topic], count)
            progress.events += count if topic != "coverage" else 0
        for reason, count in outgoing.letters.items():
            series.count_letters(reason, count)
            progress.letters += count
        for end, count in outgoing.gaps.items():
            series.count_gaps(end, count)
        progress.gaps += outgoing.gaps["none"]
        if outgoing.kinds.keys() - {"coverage"}:
            series.last_event.set_to_current_time()
        gap = self._coverage.seen.gap
        series.gap_since.set(0 if gap is None else gap.since_us / 1_000_000)
        progress.newest_us = max([progress.newest_us, *(chunk.newest_us for chunk in chunks)])
        progress.back_filled += (filled := sum(chunk.back_filled for chunk in chunks))
        series.back_filled.inc(filled)
        progress.frames += sum(chunk.received for chunk in chunks)

    def _note_kafka(self, why: str | None) -> None:
        self._kafka_lack = None if why is None else f"Kafka does not take what it sends: {why}"
