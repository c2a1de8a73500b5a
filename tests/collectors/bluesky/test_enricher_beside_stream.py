"""The enricher and the stream side by side, on one event loop, where one could hold the other up most: whatever the
servers of the enricher do, an official's repost is in Kafka as soon as without it.

`ANTIPHON_SLOW_API_SECONDS=30` is the long run.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from statistics import quantiles

import aiohttp
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from streams.collectors.bluesky.jetstream_coverage import FilterLog
from streams.collectors.bluesky.jetstream_shared import Hosts, JetstreamPolicy, Shared
from streams.collectors.bluesky.jetstream_source import JetstreamSource
from streams.collectors.collector import CollectorContext
from streams.collectors.metrics import CollectorMetrics
from streams.collectors.service import SourceService
from streams.collectors.settings import CollectSettings
from streams.events import Profile, decode_event
from streams.kafka.reading import follow_topic
from streams.settings import Settings
from tests.collectors.bluesky.enriching import amplification, enriching, listening, policy_of, write
from tests.collectors.bluesky.jetstream_rig import EMBASSY, endpoints, repost
from tests.collectors.bluesky.jetstream_rig import until as until_so
from tests.collectors.collecting import settings_for
from tools.kafka.running_broker import RunningBroker
from tools.servers.bluesky_accounts import Accounts, LocalAccount, plc_did
from tools.servers.jetstream.log import EventLog
from tools.servers.jetstream.server import JetstreamServer
from tools.servers.local_server import Fail, Hang, LocalServer, Throttle

_SLOW_SECONDS = float(os.environ.get("ANTIPHON_SLOW_API_SECONDS", "3"))
_NOISE_SECONDS = 0.5  # of a machine with much else to do; who waited for an answer or a pause would take seconds
_LEAST = 100  # reposts that a figure is over
_CREATED = "2024-02-03T04:05:06.789Z"
_CREATED_AT = datetime(2024, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)


class _Stream:
    """Reposts, one each 10 ms, and how long each of them takes from the server's log to a reader of Kafka (s)."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._begun: dict[str, float] = {}
        self._taken: dict[str, float] = {}
        self._number = 0

    async def p99_over(self, seconds: float) -> float:
        """Of the reposts of so long a time or longer, once all have arrived."""
        first, began = self._number, time.monotonic()
        while time.monotonic() - began < seconds or self._number < first + _LEAST:
            self._number += 1
            event = self._log.append(repost(time.time_ns() // 1_000, self._number))
            self._begun[f"at://{EMBASSY}/{event.collection}/{event.body['rkey']}"] = time.monotonic()
            await asyncio.sleep(0.01)
        names = list(self._begun)[first:]
        async with asyncio.timeout(30):
            await until_so(lambda: all(name in self._taken for name in names))
        return quantiles((self._taken[name] for name in names), n=100)[-1]

    async def read(self, settings: Settings) -> None:
        """Until cancelled: what a reader of the topic has, and when."""
        async for fetched in follow_topic(settings, "retweets"):
            now = time.monotonic()
            for record in fetched.records:
                name = decode_event(record.value).id
                self._taken.setdefault(name, now - self._begun[name])


async def _seconds_until_asked(server: LocalServer) -> float:
    """How long nobody asks."""
    began = time.monotonic()
    await server.until_asked(len(server.asked) + 1)
    return time.monotonic() - began


@asynccontextmanager
async def _streaming(settings: Settings) -> AsyncIterator[_Stream]:
    """The collector's service between a Jetstream server and Kafka."""
    log = EventLog()
    context = CollectorContext(
        settings=settings, collect=CollectSettings(), metrics=CollectorMetrics(CollectorRegistry())
    )
    async with JetstreamServer(log) as server, aiohttp.ClientSession() as session:
        shared = Shared(session=session, hosts=Hosts(endpoints([server], "v2")), policy=JetstreamPolicy())
        shared.watched.use([EMBASSY])
        service = SourceService("test", JetstreamSource(shared, FilterLog()), context, "test")
        stream = _Stream(log)
        tasks = [asyncio.create_task(service.run()), asyncio.create_task(stream.read(settings))]
        await until_so(lambda: server.open > 0)
        try:
            yield stream
        finally:
            service.stop()
            await tasks[0]
            tasks[1].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def test_a_thousand_look_ups_a_far_reset_and_a_slow_api_leave_the_stream_as_fast_as_it_was(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    """Answers are shuffled and shortened. The pause that a server asks for is kept: it is not asked meanwhile. Each age
    is the directory's and never the profile's, and comes while the AppView is silent."""
    settings = settings_for(kafka.address, topic_prefix)
    people = [
        LocalAccount(did=plc_did(f"s{n}"), handle=f"s{n}.example", name=f"The {n}", created_at=_CREATED)
        for n in range(1_000)
    ]
    accounts = Accounts(*(replace(each, followers=number) for number, each in enumerate(people)))
    dids = list(accounts.by_did)

    async def run() -> None:
        async with enriching(kafka, topic_prefix, accounts) as (_, appview, directory), _streaming(settings) as stream:
            appview.left_out = set(dids[::7])
            await stream.p99_over(0.5)  # connections are made
            alone = await stream.p99_over(1.0)
            async with listening(settings, policy_of(appview, directory)) as listener:
                await listener.warm(settings, dids[0])
                released, arrived = asyncio.Event(), asyncio.Event()
                appview.faults = [Hang(released, arrived), Throttle(_SLOW_SECONDS), Fail(200, b"<html>"), Fail(502)]
                directory.faults = [Throttle(1), Fail(503), Fail(200, b"[" * 2_000)]
                await write(settings, [amplification(did) for did in dids])
                await arrived.wait()
                beside_slow = await stream.p99_over(_SLOW_SECONDS)
                ages = [each for each in listener.events if each.id.startswith("directory:")]
                profiles = [each for each in listener.events if each.id.startswith("appview:")]
                assert len(ages) > 100, "the directory answers while the AppView does not"
                assert len(profiles) == 1
                throttled = len(appview.asked) + 1
                released.set()
                await appview.until_asked(throttled)
                paused = asyncio.create_task(_seconds_until_asked(appview))
                beside_throttled = await stream.p99_over(_SLOW_SECONDS)
                assert await paused > _SLOW_SECONDS - 1.2, "the reset is in whole seconds"
                beside_busy = await stream.p99_over(1.0)
                await listener.when(lambda: len(listener.events) >= 1_999)
                assert all(isinstance(each, Profile) for each in listener.events), "nobody is gone"
                events = [each for each in listener.events if isinstance(each, Profile)]
        for p99 in (beside_slow, beside_throttled, beside_busy):
            assert p99 < alone + _NOISE_SECONDS, (alone, beside_slow, beside_throttled, beside_busy)
        aged = [each.actor for each in events if each.id.startswith("directory:")]
        assert {(actor.created_at, actor.created_at_source) for actor in aged} == {(_CREATED_AT, "directory")}
        assert len({actor.id for actor in aged}) == 999, "and one whose answer was no JSON"
        seen = {each.actor.id: each for each in events if each.id.startswith("appview:")}
        assert {did: (each.actor.followers, each.actor.handle, each.actor.name) for did, each in seen.items()} == {
            did: (account.followers, account.handle, account.name) for did, account in accounts.by_did.items()
        }
        assert {each.actor.created_at for each in seen.values()} == {None}
        assert all(each.observed_at == each.at for each in events)
        many = [path for path in appview.asked if "getProfiles" in path]
        assert len(many) < 200
        assert max(path.count("actors=") for path in many) == 25

    asyncio.run(run())
