"""TRACK, the agent: one shard and one lane a partition, one transaction a batch.

Lanes run side by side, since most of a transaction is waiting for the broker; within a lane batches keep their order.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from aiokafka.errors import ProducerFenced

from streams.agents.shard import Shard
from streams.agents.tracking import TrackedBatch, track_batch
from streams.core.clock import SECOND_US
from streams.core.rules import RuleSet
from streams.core.subject import TrackPolicy
from streams.core.tracker import Tracker
from streams.metrics import Metrics
from streams.settings import Settings
from streams.transport.batches import Batch

__all__ = ["Track"]

_log: Final = logging.getLogger(__name__)
# Two workers that both believe they own a partition would shut each other out by turns until the group tells one of
# them otherwise. It does so with the answer to the next heartbeat, of which there are four a session: whoever was shut
# out waits for that before it opens the shard again, and gives up only when several sessions have not settled it.
_HEARTBEATS: Final = 4
_PATIENCE_SESSIONS: Final = 5.0
_LOOK_SECONDS: Final = 0.05
_WAITING_BATCHES: Final = 2


class Track:
    """Holds the shards of the partitions this worker was given. `finish` is told each batch that is dealt with."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        rules: RuleSet,
        finish: Callable[[Batch], object],
        generation: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._rules = rules
        self._policy = TrackPolicy()
        self._finish = finish
        self._generation = generation
        self._shards: dict[int, Shard] = {}
        self._lanes: dict[int, asyncio.Queue[Batch | None]] = {}

    async def run(self, batches: AsyncIterator[Batch]) -> None:
        """Track until the stream ends. Any error is fatal: what is not committed is read again by the next owner."""
        lanes: list[asyncio.Task[None]] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                async for batch in batches:
                    lane = self._lanes.get(batch.partition)
                    if lane is None:
                        lane = self._lanes[batch.partition] = asyncio.Queue(_WAITING_BATCHES)
                        lanes.append(tasks.create_task(self._run_lane(batch.partition, lane)))
                    await lane.put(batch)
                for task in lanes:
                    task.cancel()
        finally:
            for partition in list(self._shards):
                await self._close(partition)

    async def keep(self, partitions: set[int]) -> None:
        """Close the shards of partitions that are no longer ours: their states are somebody else's now."""
        for partition in self._lanes.keys() - partitions:
            await self._lanes[partition].put(None)

    async def _run_lane(self, partition: int, lane: asyncio.Queue[Batch | None]) -> None:
        """A lane outlives its partition's stay: one that comes back finds everything that was before in order."""
        while True:
            batch = await lane.get()
            if batch is None:
                await self._close(partition)
            else:
                await self._track(batch)

    async def _track(self, batch: Batch) -> None:
        shut_out_since: float | None = None
        while batch.generation == self._generation():  # else no longer ours, or read again from the committed offset
            try:
                shard = await self._open(batch.partition)
                tracked = await self._apply(shard, batch)
            except ProducerFenced as error:
                _log.warning("another worker took over the shard", extra={"partition": batch.partition})
                self._metrics.fenced.inc()
                await self._close(batch.partition)
                shut_out_since = shut_out_since or time.monotonic()
                patience_seconds = _PATIENCE_SESSIONS * self._settings.session_timeout_seconds
                if time.monotonic() - shut_out_since > patience_seconds:
                    raise RuntimeError(
                        f"partition {batch.partition} of subject-events is taken away for {patience_seconds:.0f} s"
                    ) from error
                await self._wait_for_news(batch.generation)
                continue
            self._count(batch, tracked)
            self._finish(batch)
            return

    async def _wait_for_news(self, generation: int) -> None:
        """Until the group says that the partition is somebody else's, or a heartbeat has passed in which it did not."""
        until = time.monotonic() + self._settings.session_timeout_seconds / _HEARTBEATS
        while generation == self._generation() and time.monotonic() < until:  # noqa: ASYNC110  # Faust's, sets no event
            await asyncio.sleep(_LOOK_SECONDS)

    async def _apply(self, shard: Shard, batch: Batch) -> TrackedBatch:
        tracker = Tracker(self._rules, self._policy, shard.load)
        tracked = track_batch(batch, shard.position, tracker)
        if tracked.changed:
            await shard.commit(tracked.outputs, tracked.changed, tracked.position)
        for outcome, count in tracker.outcomes.items():
            self._metrics.tracked.labels(str(outcome)).inc(count)
        return tracked

    async def _open(self, partition: int) -> Shard:
        shard = self._shards.get(partition)
        if shard is None:
            shard = Shard(partition, self._settings, self._metrics)
            self._shards[partition] = shard
            await shard.open()
        return shard

    async def _close(self, partition: int) -> None:
        shard = self._shards.pop(partition, None)
        if shard is not None:
            await shard.close()

    def _count(self, batch: Batch, tracked: TrackedBatch) -> None:
        metrics = self._metrics
        metrics.records.labels("subject-events").inc(len(batch.records))
        metrics.batch_records.labels("subject-events").observe(len(batch.records))
        for alert in tracked.alerts:
            metrics.alerts.labels(alert.rule, alert.severity).inc()
        if tracked.newest_us is not None:
            lag_us = max(0, time.time_ns() // 1_000 - tracked.newest_us)
            metrics.event_lag_seconds.labels("subject-events").observe(lag_us / SECOND_US)
        metrics.subjects.set(sum(len(shard) for shard in self._shards.values()))
