"""SCREEN, the agent: screens batches of raw records and commits a batch once everything it led to is acknowledged.

When the dead-letter limit stops it, what was screened until then is still delivered and committed, and nothing more is
screened: the next worker goes on from there.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import chain
from typing import Final

from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from streams.agents.screen.batch import ScreenedBatch, screen_batch
from streams.agents.screen.dead_letter_limit import DeadLetterLimit
from streams.agents.screen.progress_reports import ProgressReporter, event_time_us, ticks
from streams.agents.screen.raw_log_checks import RawLogChecks
from streams.agents.screen.roster_feed import RosterFeed
from streams.agents.screen.tracked_feed import TrackedFeed
from streams.core.clock import SECOND_US
from streams.core.screening.screen import ScreenOutcome, ScreenPolicy
from streams.events import RAW_TOPICS
from streams.faust_driver.batches import Batch
from streams.faust_driver.connections import Disconnects, count_disconnects
from streams.kafka.batch_writer import BATCH_BYTES, BatchWriter, OutgoingRecord
from streams.kafka.client import METADATA_MAX_AGE_MS, producer
from streams.kafka.log_marks import LogPlace, Mark, newer
from streams.metrics import Metrics
from streams.partitions.batcher import Batcher
from streams.partitions.pace import process_pace
from streams.settings import Settings
from streams.topic_names import COUNTRY_EVENTS

__all__ = ["Screen"]

_log: Final = logging.getLogger(__name__)
# Outputs of many batches travel together: a request costs what twenty records do. At least so far apart, unless enough
# have come together; and no more may wait for the broker.
_PAUSE_SECONDS: Final = 0.02
_ENOUGH_RECORDS: Final = 1_000
_MOST_RECORDS: Final = 10_000
_BYTES_A_RECORD: Final = 4_096  # a dead letter may be as large as 250 ordinary records, and weighs as much
_LOOK_SECONDS: Final = 0.5  # how often it is asked whether WATCH is to be told how far the raw topics are read


class Screen:
    """Stateless but for whom it knows. `finish` is told each batch that is dealt with, in order, and what to note with
    it.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        feed: RosterFeed,
        tracked: TrackedFeed,
        finish: Callable[[Batch, Callable[[], str]], object],
        keeper: RawLogChecks,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._feed = feed
        self._tracked = tracked
        self._known = tracked.known
        self._handles = tracked.handles
        self._finish = finish
        self._keeper = keeper
        self._written: dict[LogPlace, Mark] = {}
        self._disconnects = Disconnects()
        self._breaks_seen = 0
        self._country_partitions = 1
        self._policy = ScreenPolicy(future_skew_us=int(settings.future_skew_seconds * SECOND_US))
        self._dead_letter_limit = DeadLetterLimit(run=settings.dead_letter_run, share=settings.dead_letter_share)
        self._progress_reporter = ProgressReporter(settings.idle_after_seconds)
        self._lags: Mapping[tuple[str, int], int] | None = None
        # Without a batch: ticks, from which nothing is to be committed.
        self._outgoing: Batcher[tuple[Batch | None, list[OutgoingRecord]]] = Batcher(
            pause_seconds=_PAUSE_SECONDS, enough=_ENOUGH_RECORDS, full=_MOST_RECORDS
        )

    async def run(self, batches: AsyncIterator[Batch]) -> None:
        """Screen until the stream ends. Any error is fatal: what was not acknowledged is not committed."""
        await self._feed.ready.wait()
        await self._tracked.ready.wait()
        client = producer(self._settings, max_batch_size=BATCH_BYTES, metadata_max_age_ms=METADATA_MAX_AGE_MS)
        self._disconnects = count_disconnects(client.client)
        await client.start()
        try:
            self._country_partitions = len(await client.partitions_for(self._settings.topic(COUNTRY_EVENTS)))
            batch_writer = BatchWriter(client, self._settings.topic_prefix, self._metrics)
            async with asyncio.TaskGroup() as tasks:
                helping = [tasks.create_task(self._deliver(batch_writer)), tasks.create_task(self._tick(client))]
                async for batch in batches:
                    if self.stopped is not None:
                        continue  # never finished: whoever screens next begins with it
                    process_pace.note_read(time.time() - batch.records[-1].timestamp / 1_000, batch.left)
                    records = self._screen(batch).records
                    await self._outgoing.room()
                    # Of what was read only the end is kept: it says what to commit.
                    last = batch.records[-1]
                    held_bytes = len(last.key or b"") + len(last.value or b"")
                    held_bytes += sum(len(record.value or b"") for record in records)
                    weight = len(records) + 1 + held_bytes // _BYTES_A_RECORD
                    self._outgoing.add((replace(batch, records=[last]), records), weight)
                for task in helping:
                    task.cancel()
        finally:
            await client.stop()

    @property
    def stopped(self) -> str | None:
        """Why nothing more is screened until somebody starts a worker again; `None` while all is well."""
        return self._dead_letter_limit.stopped

    def _log_stopped(self, batch: Batch) -> None:
        self._metrics.screening_stopped.set(1)
        _log.critical(
            "screening stopped by the dead-letter limit",
            extra={
                "reason": self.stopped,
                "last": f"{batch.topic}/{batch.partition}@{batch.next_offset - 1}",
                "remedy": "see `antiphon dead-letters list`; mend the source and start the worker again, "
                "with a higher limit where the garbage is still there",
            },
        )

    def assigned(self) -> None:
        """The group assigned partitions again."""
        self._progress_reporter.assigned()

    def looking(self) -> None:
        """The ends of the logs are about to be asked for."""
        self._lags = None
        self._progress_reporter.look(time.monotonic(), time.time_ns() // 1_000)

    def found(self, lags: Mapping[tuple[str, int], int]) -> None:
        """So much is left of each assigned partition up to those ends."""
        self._lags = lags

    def _screen(self, batch: Batch) -> ScreenedBatch:
        topic = batch.topic.removeprefix(self._settings.topic_prefix)
        now_us = time.time_ns() // 1_000
        if self._known.roster is not self._feed.roster:
            self._known.use(self._feed.roster)
            self._handles.use(self._feed.roster)
        screened = screen_batch(
            batch, topic, self._known, now_us, self._policy, self._country_partitions, self._handles
        )
        metrics = self._metrics
        without_canaries = len(batch.records) - screened.outcomes.get(ScreenOutcome.CANARY, 0)
        if without_canaries:  # else the world was silent
            self._note_arrival(batch, screened.newest_us, now_us)
            metrics.records.labels(topic).inc(without_canaries)
            metrics.last_record.labels(topic).set(now_us / SECOND_US)
        metrics.batch_records.labels(topic).observe(len(batch.records))
        for outcome, count in screened.outcomes.items():
            metrics.screened.labels(str(outcome)).inc(count)
        for reason, count in screened.refused.items():
            metrics.dead_letters.labels(str(reason)).inc(count)
        if screened.newest_us is not None:
            metrics.event_lag_seconds.labels(topic).observe(max(0, now_us - screened.newest_us) / SECOND_US)
        if without_canaries:
            self._dead_letter_limit.observe(without_canaries, sum(screened.refused.values()), screened.trailing)
            if self.stopped is not None:
                self._log_stopped(batch)
        return screened

    def _note_arrival(self, batch: Batch, passed_us: int | None, now_us: int) -> None:
        """Of what nobody takes one event a batch is asked for its time: it goes on while officials are silent."""
        last_us = event_time_us(batch.records[-1].value, now_us + self._policy.future_skew_us)
        topic = batch.topic.removeprefix(self._settings.topic_prefix)
        newest_us = max(filter(None, (last_us, passed_us)), default=None)
        self._progress_reporter.note_batch(topic, batch.partition, newest_us, time.monotonic())

    async def _tick(self, client: AIOKafkaProducer) -> None:
        """Tell every partition of `country-events` how far its raw partitions are read, behind all that came before."""
        settings = self._settings
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self._compare_logs()
            lags, self._lags = self._lags, None
            if lags is None or self.stopped is not None:  # who does not look cannot say that nothing happened
                continue
            topics = (COUNTRY_EVENTS, *RAW_TOPICS.values())
            partitions = {topic: len(await client.partitions_for(settings.topic(topic))) for topic in topics}
            progress = self._progress_reporter.found(lags, partitions, self._feed.roster.digest)
            if progress is not None:
                records = list(ticks(progress, partitions[COUNTRY_EVENTS]))
                await self._outgoing.room()
                self._outgoing.add((None, records), len(records))

    async def _deliver(self, batch_writer: BatchWriter) -> None:
        """Write what was screened; batches are finished, in order, when all that they led to is acknowledged."""
        while True:
            screened = await self._outgoing.take()
            written = await batch_writer.deliver(chain.from_iterable(records for _batch, records in screened))
            newer(self._written, {place: mark for place, mark in written.items() if mark.offset >= 0})
            await self._compare_logs()
            written = dict(self._written)
            for batch, _records in screened:
                if batch is None:
                    self._progress_reporter.reported()
                else:
                    self._finish(batch, self._keeper.note(batch.records[-1], written))

    async def _compare_logs(self) -> None:
        """After a connection broke: what was acknowledged before may be gone, and nothing that led to it is finished
        before that is known."""
        disconnects = self._disconnects.count
        if disconnects != self._breaks_seen and self._settings.transactions:
            await self._keeper.require({place: [mark] for place, mark in self._written.items()})
        self._breaks_seen = disconnects
