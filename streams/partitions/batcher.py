"""A batcher: what has come in since the last time, to be dealt with in one go.

Whoever takes it at once after a quiet time waits for nothing; after that, takes are at least a pause apart, unless
enough has come together.
"""

import asyncio
import time
from contextlib import suppress
from typing import Generic, TypeVar

from streams.partitions.pace import PACE_LOOK_SECONDS, Pace, process_pace

__all__ = ["Batcher"]

_T = TypeVar("_T")


class Batcher(Generic[_T]):
    """Things in the order in which they came, each with a weight of 0 or more.

    `pause_seconds` lie between two takes, more while the process is busy or late by its `pace`, fewer when `enough` of
    weight lies there. Nothing beyond `full` is wanted:
    whoever adds waits for `room` before, or sees to it that nothing more comes while it `is_full`.
    """

    def __init__(self, *, pause_seconds: float, enough: int, full: int, pace: Pace = process_pace) -> None:
        self._pause_seconds = pause_seconds
        self._pace = pace
        self._enough_weight = enough
        self._full_weight = full
        self._things: list[_T] = []
        self._weight = 0
        self._taken_at = float("-inf")
        self._news = asyncio.Event()
        self._enough = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def is_full(self) -> bool:
        """Whether there is no room for more."""
        return not self._room.is_set()

    async def room(self) -> None:
        """Return when there is room for more."""
        await self._room.wait()

    def add(self, thing: _T, weight: int) -> None:
        """Add one more, which may fill the batcher beyond its size."""
        self._things.append(thing)
        self._weight += weight
        self._news.set()
        if self._weight >= self._enough_weight:
            self._enough.set()
        if self._weight >= self._full_weight:
            self._room.clear()

    async def take(self) -> list[_T]:
        """All that is there, at least one, oldest first; waits for it. For one taker only."""
        await self._news.wait()
        while not self._enough.is_set():
            left = self._taken_at + self._pace.pause(self._pause_seconds) - time.monotonic()
            if left <= 0:
                break
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, PACE_LOOK_SECONDS)):
                    await self._enough.wait()
        self._taken_at = time.monotonic()
        things, self._things, self._weight = self._things, [], 0
        self._news.clear()
        self._enough.clear()
        self._room.set()
        return things
