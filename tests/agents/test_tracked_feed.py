"""The feed of tracked accounts, on a real broker."""

import asyncio

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from streams.agents.tracked_feed import TrackedFeed
from streams.brokers.administration import create_topics
from streams.brokers.client import producer
from streams.core.tracked import TrackedAccount, encode_tracked, tracked_subject_key
from streams.metrics import Metrics
from streams.settings import Settings
from tests.brokers.running import RunningBroker


async def _write(settings: Settings, *accounts: TrackedAccount) -> None:
    client = producer(settings)
    await client.start()
    for account in accounts:
        await client.send_and_wait(
            settings.topic("tracked-accounts"),
            encode_tracked(account),
            key=tracked_subject_key(account.platform, account.id),
        )
    await client.stop()


def _account(number: int, *states: str) -> TrackedAccount:
    return TrackedAccount(platform="twitter", id=str(number), states=states)


def test_it_is_ready_when_all_that_was_there_is_known_and_goes_on_learning(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    """What comes later is known within seconds, and so is that another State has taken an account up."""
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)

    async def run() -> None:
        await create_topics(settings)
        await _write(settings, *(_account(number, "IR") for number in range(50)))
        metrics = Metrics(CollectorRegistry())
        feed = TrackedFeed(settings, metrics)
        following = asyncio.create_task(feed.follow())
        async with asyncio.timeout(20):
            await feed.ready.wait()
            assert [feed.known.of("twitter", str(number)).states for number in range(50)] == [("IR",)] * 50
            assert metrics.tracked_accounts._value.get() == 50
            await _write(settings, _account(7, "IR", "RU"), _account(50, "CN"))
            while feed.known.of("twitter", "50").states != ("CN",):  # noqa: ASYNC110  # a feed sets no event
                await asyncio.sleep(0.05)
            assert feed.known.of("twitter", "7").states == ("IR", "RU")
        following.cancel()
        await asyncio.wait([following])

    asyncio.run(run())


def test_it_is_ready_where_nobody_is_tracked_yet(kafka: RunningBroker, topic_prefix: str) -> None:
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)

    async def run() -> None:
        await create_topics(settings)
        feed = TrackedFeed(settings, Metrics(CollectorRegistry()))
        following = asyncio.create_task(feed.follow())
        async with asyncio.timeout(20):
            await feed.ready.wait()
        following.cancel()
        await asyncio.wait([following])

    asyncio.run(run())


def test_a_record_that_no_agent_writes_stops_it(kafka: RunningBroker, topic_prefix: str) -> None:
    """The topic is internal: what is broken there is broken by us."""
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)

    async def run() -> None:
        await create_topics(settings)
        client = producer(settings)
        await client.start()
        await client.send_and_wait(settings.topic("tracked-accounts"), b"[]", key=b"k")
        await client.stop()
        with pytest.raises(msgspec.DecodeError):
            await TrackedFeed(settings, Metrics(CollectorRegistry())).follow()

    asyncio.run(run())
