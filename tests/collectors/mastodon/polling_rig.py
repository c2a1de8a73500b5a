"""A source beside Mastodon servers on loopback, and what it says; a roster by hand."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from streams.collectors.mastodon.mastodon_source import MastodonPolicy, MastodonSource
from streams.collectors.source import Chunk
from streams.events import Coverage
from tests.collectors.hearing import Hearing
from tools.servers.mastodon import Mastodon

__all__ = ["Polling", "polling"]


class Polling(Hearing):
    """A source that polls, and when it has said something."""

    def __init__(self, source: MastodonSource, cursor: bytes | None) -> None:
        super().__init__(source, cursor)
        self.source = source
        self._news = asyncio.Condition()

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

    async def _take(self, chunk: Chunk) -> None:
        async with self._news:
            await super()._take(chunk)
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
