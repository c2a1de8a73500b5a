"""A source in a task of its own, and what it says: as Kafka would have it."""

import asyncio
from contextlib import aclosing

from streams.collectors.source import Chunk, Source
from streams.events import Deletion, Event, Post, Retweet

__all__ = ["Hearing"]


class Hearing:
    """The chunks of a source; `cursor` is that of the last one. `start` may follow an `end`, as a restart."""

    def __init__(self, source: Source, cursor: bytes | None = None) -> None:
        self._source = source
        self.cursor = cursor
        self.chunks: list[Chunk] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.ensure_future(self._hold())

    async def end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def events(self) -> list[Event]:
        return [event for chunk in self.chunks for event in chunk.events]

    @property
    def acts(self) -> list[Event]:
        """What officials did."""
        return [event for event in self.events if isinstance(event, Post | Retweet | Deletion)]

    async def _hold(self) -> None:
        """One connection; others may hold it again."""
        async with aclosing(self._source.chunks(self.cursor)) as chunks:
            async for chunk in chunks:
                await self._take(chunk)

    async def _take(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        self.cursor = chunk.cursor or self.cursor
