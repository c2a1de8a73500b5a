"""Whose turn it is to notify: one worker of a group at a time. Knows nothing of what is done in that turn.

The members of the group `<group>-notify` share a topic of one partition: who is given it has the turn.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import ProducerFenced

from streams.kafka.client import client_options
from streams.settings import Settings

__all__ = ["LeaderElection"]

_log: Final = logging.getLogger(__name__)
_POLL_MS: Final = 200
_AFTER_FENCED_SECONDS: Final = 1.0


class LeaderElection:
    """Does `work` for as long as it is this worker's turn: begins it anew each time, and cancels it at the end."""

    def __init__(self, settings: Settings, topic: str, work: Callable[[], Awaitable[None]]) -> None:
        self._settings = settings
        self._topic = settings.topic(topic)
        self._work = work

    async def run(self) -> None:
        """Until cancelled. Raises what the work raises, and aiokafka's errors.

        A worker that was frozen for longer than the session timeout may have lost its turn without knowing: it gives
        the turn up and asks again. So does one that another has shut out (`ProducerFenced`).
        """
        while True:
            try:
                await self._campaign()
            except ProducerFenced:
                _log.info("another worker notifies")
                await asyncio.sleep(_AFTER_FENCED_SECONDS)

    async def _campaign(self) -> None:
        settings = self._settings
        client = AIOKafkaConsumer(
            **client_options(settings),
            group_id=f"{settings.group}-notify",
            session_timeout_ms=int(settings.session_timeout_seconds * 1_000),
            heartbeat_interval_ms=int(settings.session_timeout_seconds * 250),
            # What the topic holds is read elsewhere: here it is only a seat.
            auto_offset_reset="latest",
            enable_auto_commit=False,
        )
        seat = _LeaderListener(self._work)
        await client.start()
        try:
            client.subscribe([self._topic], listener=seat)
            seen = time.monotonic()
            while True:
                await client.getmany(timeout_ms=_POLL_MS)
                seat.check()
                if time.monotonic() - seen > settings.session_timeout_seconds:
                    _log.warning("frozen for longer than the session timeout")
                    return
                seen = time.monotonic()
        finally:
            await seat.leave()
            await client.stop()


class _LeaderListener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """Works while the partition is ours. A rebalance waits until the work has ended."""

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = work
        self._task: asyncio.Task[None] | None = None

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        if assigned and self._task is None:
            self._task = asyncio.create_task(self._run())

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        # An error of the work is `check`'s to tell: here it would be lost in aiokafka's log.
        if self._task is not None and not self._task.done():
            await self.leave()

    async def _run(self) -> None:
        await self._work()

    def check(self) -> None:
        """Raises what the work raised. Work that ended without an error is begun anew with the next turn."""
        if self._task is not None and self._task.done():
            self._task.result()
            raise RuntimeError("the work of a turn ended by itself")

    async def leave(self) -> None:
        """Cancels the work and waits for its end."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task
