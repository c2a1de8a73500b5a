"""The queue between a source and Kafka: bounded by bytes and events, in order, never anything dropped.

What was taken and is not in Kafka yet still counts: a full queue is what keeps the socket unread.
"""

import asyncio
from collections import deque
from typing import TypeAlias

from msgspec import Struct

from streams.collectors.source import Chunk, SourceErrorKind

__all__ = ["Began", "ChunkQueue", "Ended", "Item"]


class Began(Struct, frozen=True):
    """A connection is being made, with a cursor or without one."""

    with_cursor: bool


class Ended(Struct, frozen=True):
    """A connection is over, for this reason."""

    kind: SourceErrorKind


Item: TypeAlias = Chunk | Began | Ended


class ChunkQueue:
    """Holds what one source sent until Kafka has it. One puts, one takes."""

    def __init__(self, *, most_bytes: int, most_events: int) -> None:
        self._most_bytes = most_bytes
        self._most_events = most_events
        self._waiting: deque[Item] = deque()
        self._changed = asyncio.Condition()
        self._is_closed = False
        self.bytes = 0
        self.events = 0
        self._unfinished = 0

    @property
    def is_full(self) -> bool:
        """Whether the source is not to be asked for more."""
        return self.bytes >= self._most_bytes or self.events >= self._most_events

    async def put(self, item: Item) -> None:
        """Add one; returns once there is room for another."""
        async with self._changed:
            self._waiting.append(item)
            self._unfinished += 1
            if isinstance(item, Chunk):
                self.bytes += item.size
                self.events += len(item.events) + len(item.letters)
            self._changed.notify_all()
            await self._changed.wait_for(lambda: not self.is_full or self._is_closed)

    async def take(self, most_events: int) -> list[Item]:
        """What waits, up to so many events but at least one item; nothing once the queue is closed and empty."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._waiting or self._is_closed)
        taken: list[Item] = []
        events = 0
        while self._waiting:
            item = self._waiting[0]
            weight = len(item.events) + len(item.letters) if isinstance(item, Chunk) else 0
            if taken and events + weight > most_events:
                break
            events += weight
            taken.append(self._waiting.popleft())
        return taken

    async def finish(self, taken: list[Item]) -> None:
        """Kafka has them: they count no longer."""
        async with self._changed:
            for item in taken:
                if isinstance(item, Chunk):
                    self.bytes -= item.size
                    self.events -= len(item.events) + len(item.letters)
            self._unfinished -= len(taken)
            self._changed.notify_all()

    async def drained(self) -> None:
        """Wait until Kafka has everything that was put."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._unfinished)

    async def close(self) -> None:
        """Nothing more comes."""
        async with self._changed:
            self._is_closed = True
            self._changed.notify_all()
