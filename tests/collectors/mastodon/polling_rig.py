"""A source beside Mastodon servers on loopback, and what it says; a roster by hand."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp

from streams.collectors.mastodon.mastodon_source import MastodonPolicy, MastodonSource
from streams.events import Coverage, Deletion, Event, Post, Retweet
from tools.servers.mastodon import Mastodon

if TYPE_CHECKING:
    from streams.collectors.source import Chunk

__all__ = ["Polling", "polling"]


class Polling:
    """The chunks of a source as Kafka has them; `cursor` is the last one. `start` may follow an `end`, as a restart."""

    def __init__(self, source: MastodonSource, cursor: bytes | None) -> None:
        self.source = source
        self.cursor = cursor
        self.chunks: list[Chunk] = []
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.ensure_future(self._listen())

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

    @property
    def gaps(self) -> list[Coverage]:
        return [event for event in self.events if isinstance(event, Coverage) and event.reason != "added"]

    async def until(self, met: Callable[[], Any]) -> None:
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(met), 30)

    async def rounds(self, servers: list[Mastodon], looks: int) -> None:
        """Returns when each of the servers was asked so often from now on."""
        before = {server.host: len(server.asked) for server in servers}
        for server in servers:
            await asyncio.wait_for(server.until_asked(before[server.host] + looks), 30)
        await asyncio.sleep(0.02)

    def count(self) -> Counter[str]:
        return Counter(event.id for event in self.acts)

    async def _listen(self) -> None:
        async with aclosing(self.source.chunks(self.cursor)) as chunks:
            async for chunk in chunks:
                async with self._news:
                    self.chunks.append(chunk)
                    self.cursor = chunk.cursor or self.cursor
                    self._news.notify_all()


@asynccontextmanager
async def polling(
    *servers: Mastodon, users: Mapping[str, tuple[str, ...]], cursor: bytes | None = None, **policy: Any
) -> AsyncIterator[Polling]:
    """A source that polls these for the block, quickly."""
    wanted = {"interval": 0.02, "spacing": 0.0, "first_pause": 0.05, "longest_pause": 0.1} | policy
    addresses = {server.host: server.url for server in servers}
    async with aiohttp.ClientSession() as session:
        source = MastodonSource(session, MastodonPolicy(addresses=addresses, **wanted))
        source.use(users)
        found = Polling(source, cursor)
        found.start()
        try:
            yield found
        finally:
            await found.end()
