"""Closes a gap from the officials' timelines: what each posted since, within the money that may go to the past."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Final

import msgspec
from msgspec import Raw

from streams.collectors.budget import Budget
from streams.collectors.source import Chunk, SourceError
from streams.collectors.x.messages import FIELDS, Posts
from streams.collectors.x.officials import Officials
from streams.collectors.x.pauses import Pauses
from streams.collectors.x.reconciling import failure_of
from streams.collectors.x.x_api import Page, XApi, XStatusError
from streams.core.clock import from_us

__all__ = ["NotWholeError", "Timelines"]

_log: Final = logging.getLogger(__name__)
_BY_ID: Final = "/2/users/:id/tweets"
_BY_HANDLE: Final = "/2/users/by/username/:id/tweets"
_LEAST: Final = 5  # posts of a page: X gives no smaller ones
_MOST: Final = 100
_MOST_PAGES: Final = 32  # X shows the newest 3,200 of an account


class NotWholeError(Exception):
    """What may go to the past is spent, or X does not show all of it."""


_page: Final = msgspec.json.Decoder(Page[Raw])


class Timelines:
    """Reads timelines one after the other. What fails for a time is waited for, as long as it takes."""

    def __init__(self, api: XApi, officials: Officials, posts: Posts, clock: Callable[[], int]) -> None:
        self._api = api
        self._officials = officials
        self._posts = posts
        self._clock = clock
        self._is_whole = True

    async def chunks(self, since_us: int, budget: Budget) -> AsyncGenerator[Chunk, None]:
        """What those did since then (Unix µs) who are asked for now: a chunk for each page.

        Raises `NotWholeError` where that would cost more than may go to the past, and at the end where somebody posted
        more than X shows.
        """
        self._is_whole = True
        pauses = Pauses()
        waiting = list(self._officials.asked)
        while waiting:
            try:
                async for chunk in self._of(waiting[0], since_us, budget):
                    yield chunk
            except SourceError as error:
                if not (isinstance(error, XStatusError) and error.is_final):
                    pause = pauses.after(failure_of(error), 0.0, error.retry_after_seconds or 0.0)
                    extra = {"official": waiting[0], "detail": error.detail, "pause_s": round(pause, 1)}
                    _log.warning("timeline put off", extra=extra)
                    await asyncio.sleep(pause)
                    continue
                # He is gone, or protected: that holds up nobody.
                _log.warning("timeline refused", extra={"official": waiting[0], "detail": error.detail})
            waiting.pop(0)
            pauses = Pauses()
        if not self._is_whole:
            raise NotWholeError

    async def _of(self, official: str, since_us: int, budget: Budget) -> AsyncGenerator[Chunk, None]:
        route = _BY_HANDLE if official.startswith("@") else _BY_ID
        query = dict(FIELDS) | {"start_time": f"{from_us(since_us):%Y-%m-%dT%H:%M:%SZ}"}
        for number in range(1, _MOST_PAGES + 1):
            price = self._posts.prices.post
            affordable = budget.left(self._clock(), of_the_past=True) // price if price else _MOST
            if affordable < _LEAST:
                raise NotWholeError
            query["max_results"] = str(min(_MOST, affordable))
            raw = bytes(await self._api.json(Raw, "GET", route, query=query, name=official.removeprefix("@")))
            budget.spend(self._posts.cost(raw), self._clock(), of_the_past=True)
            chunk = Chunk(size=len(raw))
            self._posts.add(chunk, raw, number)
            chunk.back_filled = len(chunk.events)
            page = _page.decode(raw)
            yield chunk
            if page.meta.next_token is None or not page.data:
                return
            query["pagination_token"] = page.meta.next_token
        self._is_whole = False
        _log.warning("timeline is longer than X shows", extra={"official": official})
