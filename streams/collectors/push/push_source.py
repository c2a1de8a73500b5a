"""The source `push`: batches that the HTTP server took in, each answered when Kafka has it."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final

from streams.collectors.push.batches import PushBatch
from streams.collectors.push.keys import RecentKeys
from streams.collectors.source import Chunk

__all__ = ["NoRoomError", "PushSource"]

_TELL_SECONDS: Final = 15.0


class NoRoomError(Exception):
    """As many batches as may wait for Kafka do so."""


class PushSource:
    """Whoever delivers a batch waits until Kafka has it. The cursor is the keys of the newest batches.

    At most `most_waiting` wait, however long Kafka is away. It covers nobody: what is not sent, nobody knows of.
    """

    name: Final = "push"
    platform: Final = "any"
    covers_officials: Final = False

    def __init__(self, most_waiting: int) -> None:
        self._most_waiting = most_waiting
        self._waiting: deque[Chunk] = deque()
        self._arrived = asyncio.Event()
        self._began = asyncio.Event()
        self._keys = RecentKeys()
        self._under_way: dict[str, asyncio.Future[None]] = {}
        self._turned_away: Counter[str] = Counter()

    def turn_away(self, why: str) -> None:
        """Count a request that was refused, under a name from a closed list."""
        self._turned_away[why] += 1

    async def deliver(self, batch: PushBatch, key: str | None, body: str) -> bool:
        """Returns when Kafka has it: whether it had come before under its key. Raises `KeyReusedError`, and
        `NoRoomError` before it takes anything.

        Who is cancelled meanwhile does not know; the batch goes its way.
        """
        await self._began.wait()
        if key is not None and self._keys.has(key, body):
            if (earlier := self._under_way.get(key)) is not None:
                await asyncio.shield(earlier)
            return True
        if len(self._waiting) >= self._most_waiting:
            raise NoRoomError
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        chunk = batch.chunk
        if key is not None:
            self._keys.add(key, body)
            self._under_way[key] = written
            chunk.cursor = self._keys.encoded()

        async def acknowledge() -> None:
            if key is not None:
                self._under_way.pop(key, None)
            if not written.done():
                written.set_result(None)

        chunk.acknowledge = acknowledge
        self._waiting.append(chunk)
        self._arrived.set()
        await asyncio.shield(written)
        return False

    async def chunks(self, cursor: bytes | None) -> AsyncGenerator[Chunk, None]:
        """See `Source`."""
        if not self._began.is_set():
            if cursor is not None:
                self._keys.restore(cursor)
            self._began.set()
        yield Chunk()
        while True:
            if not self._waiting:
                self._arrived.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_TELL_SECONDS):
                        await self._arrived.wait()
            chunk = self._waiting.popleft() if self._waiting else Chunk()
            chunk.skipped += self._turned_away
            self._turned_away.clear()
            yield chunk
