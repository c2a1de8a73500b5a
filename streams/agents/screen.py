"""SCREEN, the agent: screens batches of raw records and commits a batch once everything it led to is acknowledged."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from streams.agents.brake import Brake
from streams.agents.roster_feed import RosterFeed
from streams.agents.screening import ScreenedBatch, screen_batch
from streams.brokers.client import producer
from streams.brokers.outbox import Outbox
from streams.core.clock import SECOND_US
from streams.core.screen import ScreenPolicy
from streams.metrics import Metrics
from streams.settings import Settings
from streams.transport.batches import Batch

__all__ = ["Screen"]

# Batches whose outputs are on their way while the next one is screened: hides the broker's round trip.
_IN_FLIGHT: Final = 4


class Screen:
    """Stateless but for the roster. `finish` is told each batch that is dealt with, in order."""

    def __init__(
        self, settings: Settings, metrics: Metrics, feed: RosterFeed, finish: Callable[[Batch], object]
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._feed = feed
        self._finish = finish
        self._policy = ScreenPolicy(future_skew_us=int(settings.future_skew_seconds * SECOND_US))
        self._brake = Brake(run=settings.dead_letter_run, share=settings.dead_letter_share)
        self._in_flight: asyncio.Queue[tuple[Batch, Awaitable[None]]] = asyncio.Queue(_IN_FLIGHT)

    async def run(self, batches: AsyncIterator[Batch]) -> None:
        """Screen until the stream ends. Any error is fatal: what was not acknowledged is not committed."""
        await self._feed.ready.wait()
        client = producer(self._settings, linger_ms=5)
        await client.start()
        try:
            outbox = Outbox(client, self._settings.topic_prefix, self._metrics)
            async with asyncio.TaskGroup() as tasks:
                settling = tasks.create_task(self._settle())
                async for batch in batches:
                    screened = self._screen(batch)
                    await self._in_flight.put((batch, await outbox.post(screened.records)))
                settling.cancel()
        finally:
            await client.stop()

    def _screen(self, batch: Batch) -> ScreenedBatch:
        topic = batch.topic.removeprefix(self._settings.topic_prefix)
        now_us = time.time_ns() // 1_000
        screened = screen_batch(batch, topic, self._feed.roster, now_us, self._policy)
        metrics = self._metrics
        metrics.records.labels(topic).inc(len(batch.records))
        metrics.batch_records.labels(topic).observe(len(batch.records))
        for outcome, count in screened.outcomes.items():
            metrics.screened.labels(str(outcome)).inc(count)
        for reason, count in screened.refused.items():
            metrics.dead_letters.labels(str(reason)).inc(count)
        if screened.newest_us is not None:
            metrics.event_lag_seconds.labels(topic).observe(max(0, now_us - screened.newest_us) / SECOND_US)
        self._brake.observe(len(batch.records), sum(screened.refused.values()), screened.trailing)
        return screened

    async def _settle(self) -> None:
        """Take batches in the order they were screened; each is finished when its outputs are acknowledged."""
        while True:
            batch, acknowledged = await self._in_flight.get()
            await acknowledged
            self._finish(batch)
