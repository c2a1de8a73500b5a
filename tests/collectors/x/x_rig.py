"""A source of X beside the local server, driven as the service drives it, on a clock that jumps."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import CollectorRegistry
from yarl import URL

from streams.collectors.budget import BudgetPolicy, micro_dollars
from streams.collectors.coverage import CoverageLog, CoverageSpan, SourceSeen
from streams.collectors.http_sessions import open_session
from streams.collectors.metrics import CollectorMetrics
from streams.collectors.source import Chunk, SourceError
from streams.collectors.x.messages import FIELDS, Activities, Posts, Prices
from streams.collectors.x.reconciling import Reconciler
from streams.collectors.x.rules import FilterRules
from streams.collectors.x.subscriptions import Subscriptions
from streams.collectors.x.x_api import XApi
from streams.collectors.x.x_source import StreamPolicy, XStreamSource
from streams.core.rosters.roster import Roster, RosterEntry
from streams.events import Coverage
from streams.setting_sources import Secret
from tests.collectors.hearing import Hearing
from tools.servers.x import TOKEN, X

__all__ = ["Holding", "holding", "roster_of"]

_POST = 5_000


def roster_of(*names: str) -> Roster:
    """Officials by id, or by `@handle`."""
    common: dict[str, Any] = {
        "platform": "twitter",
        "country": "FR",
        "category": "diplomat",
        "source_url": "https://example.org",
    }
    entries = [
        RosterEntry(handle=name[1:], **common) if name.startswith("@") else RosterEntry(account_id=name, **common)
        for name in names
    ]
    return Roster(entries)


class Holding(Hearing):
    """A source of X, called again as the service does. `ended` are the errors with which each connection ended, and
    when; `spans` what its coverage says.
    """

    def __init__(
        self, source: XStreamSource, keeper: Reconciler, metrics: CollectorMetrics, clock: Callable[[], int]
    ) -> None:
        super().__init__(source)
        self.source = source
        self.keeper = keeper
        self.registry = metrics.registry
        self.ended: list[tuple[str, float]] = []
        self.spans: list[CoverageSpan] = []
        self.coverage = CoverageLog(SourceSeen(), 0)
        self._clock = clock

    @property
    def added(self) -> dict[str, Coverage]:
        """The newest notice of each official."""
        found = [event for event in self.events if isinstance(event, Coverage)]
        return {each.officials[0]: each for each in found if each.officials}

    @property
    def skipped(self) -> dict[str, int]:
        return {name: sum(each.skipped[name] for each in self.chunks) for each in self.chunks for name in each.skipped}

    @property
    def gaps(self) -> list[CoverageSpan]:
        return [span for span in self.spans if not span.seen]

    def metric(self, name: str, **labels: str) -> float | None:
        own = {"collector": self.source.name, "source": self.source.name}
        return self.registry.get_sample_value(name, own | labels)

    async def until(self, met: Callable[[], Any], seconds: float = 300.0) -> None:
        """Looks often at first, and then every virtual second."""
        pause = 0.001
        async with asyncio.timeout(seconds):
            while not met():
                await asyncio.sleep(pause)
                pause = min(pause * 1.3, 5.0)

    async def _hold(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self.coverage.began(with_cursor=self.cursor is not None, now_us=self._clock())
            try:
                await super()._hold()
            except SourceError as error:
                self.spans += self.coverage.ended(error.kind, self._clock())
                self.ended.append((error.kind, loop.time()))
                await asyncio.sleep(error.pause_seconds or 0.0)

    async def _take(self, chunk: Chunk) -> None:
        self.spans += self.coverage.saw(chunk, self._clock())
        await super()._take(chunk)


@asynccontextmanager
async def holding(
    server: X,
    roster: Roster | None,
    *,
    filtered: bool = False,
    token: str = TOKEN,
    cursor: bytes | None = None,
    day_usd: float = 100.0,
    month_usd: float = 1_000.0,
    clock: Callable[[], int] | None = None,
    start: bool = True,
    most: int | None = None,
    **policy: Any,
) -> AsyncIterator[Holding]:
    """A source that holds the server's stream for the block."""
    loop = asyncio.get_running_loop()
    began, began_at = time.time_ns() // 1_000, loop.time()
    clock = clock or (lambda: began + int((loop.time() - began_at) * 1_000_000))
    server.posts.now = lambda: clock() / 1_000_000
    metrics = CollectorMetrics(CollectorRegistry())
    name = "x-filtered" if filtered else "x-activity"
    series = metrics.of_source(name, name)
    async with open_session(frozenset({server.place}), per_host=8) as session:
        api = XApi(session, URL(server.url), Secret(token), frozenset({server.place}))
        keeper: Reconciler
        if filtered:
            keeper = FilterRules(name, api, series, most or 1_000)
        else:
            keeper = Subscriptions(name, api, series, ["post.create", "post.delete"], most or 1_500)
        prices = Prices(post=_POST, deletion=_POST)
        posts = Posts(name, Prices(post=_POST, deletion=0))
        wanted = {"late_seconds": 0.0, "patience_seconds": 60.0} | policy
        stream = StreamPolicy(
            route="/2/tweets/search/stream" if filtered else "/2/activity/stream",
            query=FIELDS if filtered else {},
            budget=BudgetPolicy(day=micro_dollars(day_usd), month=micro_dollars(month_usd)),
            **wanted,
        )
        messages = posts if filtered else Activities(name, prices)
        source = XStreamSource(api, messages, posts, keeper, stream, series, clock)
        found = Holding(source, keeper, metrics, clock)
        found.cursor = cursor
        keeping = asyncio.ensure_future(keeper.run())
        if roster is not None:
            keeper.use(roster)
        if start:
            found.start()
        try:
            yield found
        finally:
            await found.end()
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
