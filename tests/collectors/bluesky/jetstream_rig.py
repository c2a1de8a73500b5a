"""A Jetstream server, the sources that read it, and what stands in for the service: it calls a source again and again
with the cursor of the last chunk that it took.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import aiohttp
from msgspec.structs import replace

from streams.collectors.bluesky.jetstream_accounts_source import JetstreamAccountsSource
from streams.collectors.bluesky.jetstream_coverage import FilterLog
from streams.collectors.bluesky.jetstream_endpoints import Endpoint, parse_endpoints
from streams.collectors.bluesky.jetstream_shared import Hosts, JetstreamPolicy, Shared
from streams.collectors.bluesky.jetstream_source import JetstreamSource
from streams.collectors.source import Chunk, Source, SourceError
from streams.deadletters import DeadLetter
from streams.events import Coverage, Event
from tools.servers.jetstream.log import EventLog, LogEvent, account, commit, tid
from tools.servers.jetstream.server import JetstreamServer

NOW: Final = 1_772_366_400_000_000  # 1 March 2026, noon
SECOND: Final = 1_000_000
HOUR: Final = 3_600 * SECOND
EMBASSY: Final = "did:plc:embassyembassyembassy234"
MINISTRY: Final = "did:plc:ministryministryministry"
SUBJECT: Final = "did:plc:subjectsubjectsubject567"
STRANGER: Final = "did:plc:strangerstrangerstranger"
POST: Final = "app.bsky.feed.post"
REPOST: Final = "app.bsky.feed.repost"

QUICK: Final = JetstreamPolicy(tick=0.01, probe=0.5, heartbeat=0.0)


class Clocks:
    """Time as a test says: `us` since 1970."""

    def __init__(self, us: int = NOW) -> None:
        self.us = us

    def now_us(self) -> int:
        return self.us

    def seconds(self) -> float:
        return self.us / SECOND


def repost(at_us: int, number: int, *, did: str = EMBASSY, subject: str = SUBJECT, resync: bool = False) -> LogEvent:
    """An official reposts a post of the subject."""
    key = tid(at_us - 100_000 + number)
    record = {"createdAt": "2001-01-01T00:00:00Z", "subject": {"cid": "c", "uri": f"at://{subject}/{POST}/k{number}"}}
    return commit(did, REPOST, key, record, time_us=at_us, resync=resync)


def chatter(begin_us: int, end_us: int, step_us: int = SECOND) -> list[LogEvent]:
    """What the network does all the time: records and notices of strangers by turns."""
    events = []
    for number, at in enumerate(range(begin_us, end_us, step_us)):
        if number % 2:
            events.append(account(STRANGER, time_us=at, active=True, time="2026-03-01T00:00:00Z"))
        else:
            events.append(commit(STRANGER, POST, tid(at), {"text": "hi"}, time_us=at))
    return events


def in_order(*parts: Iterable[LogEvent]) -> EventLog:
    """One log of all of them, by time."""
    return EventLog(sorted((event for part in parts for event in part), key=lambda event: event.time_us))


class Taken:
    """What a source gave."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.errors: list[SourceError] = []

    @property
    def events(self) -> list[Event]:
        return [event for chunk in self.chunks for event in chunk.events]

    @property
    def seen(self) -> list[Event]:
        return [event for event in self.events if not isinstance(event, Coverage)]

    @property
    def gaps(self) -> list[Coverage]:
        return [event for event in self.events if isinstance(event, Coverage)]

    @property
    def letters(self) -> list[DeadLetter]:
        return [letter for chunk in self.chunks for letter in chunk.letters]

    @property
    def ids(self) -> set[str]:
        """After removal by id."""
        return {event.id for event in self.seen}

    @property
    def cursor(self) -> bytes | None:
        return next((chunk.cursor for chunk in reversed(self.chunks) if chunk.cursor is not None), None)

    @property
    def resumed(self) -> list[bool]:
        return [chunk.resumed for chunk in self.chunks if chunk.resumed is not None]


class Rig:
    """The sources over a session, for the servers of a test."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.filters = FilterLog()
        self.commits = JetstreamSource(shared, self.filters)
        self.accounts = JetstreamAccountsSource(shared)

    async def take(
        self,
        source: Source,
        until: Callable[[Taken], bool],
        *,
        taken: Taken | None = None,
        cursor: bytes | None = None,
        most_errors: int = 5,
    ) -> Taken:
        """Run a source until that is so. Errors end a connection, and the next begins at once."""
        taken = taken or Taken()
        cursor = taken.cursor or cursor
        async with asyncio.timeout(20):
            while True:
                try:
                    async with aclosing(source.chunks(cursor)) as chunks:
                        async for chunk in chunks:
                            taken.chunks.append(chunk)
                            if until(taken):
                                return taken
                except SourceError as error:
                    taken.errors.append(error)
                    if len(taken.errors) > most_errors:
                        raise
                    if until(taken):
                        return taken
                cursor = taken.cursor or cursor


@asynccontextmanager
async def rig_for(
    servers: Sequence[JetstreamServer],
    wire: str = "v2",
    *,
    officials: Iterable[str] = (EMBASSY,),
    clocks: Clocks | None = None,
    policy: JetstreamPolicy = QUICK,
    **changes: Any,
) -> AsyncIterator[Rig]:
    """The sources, for officials and hosts."""
    clocks = clocks or Clocks()
    async with aiohttp.ClientSession() as session:
        shared = Shared(
            session=session,
            hosts=Hosts(endpoints(servers, wire)),
            policy=replace(policy, **changes),
            now_us=clocks.now_us,
            seconds=clocks.seconds,
        )
        shared.watched.use(officials)
        yield Rig(shared)


def endpoints(servers: Sequence[JetstreamServer], wire: str) -> tuple[Endpoint, ...]:
    """The servers as hosts."""
    return parse_endpoints(",".join(f"{server.url}#{wire}" for server in servers))


def served(
    log: EventLog, use: Callable[[JetstreamServer], Awaitable[Any]], *, clocks: Clocks | None = None, **options: Any
) -> Any:
    """Run with a server of a log, whose clock is the test's."""

    async def run() -> Any:
        async with JetstreamServer(log, now_us=(clocks or Clocks()).now_us, **options) as server:
            return await use(server)

    return asyncio.run(asyncio.wait_for(run(), 30))


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that happens elsewhere on this loop."""
    while not is_so():  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.002)
