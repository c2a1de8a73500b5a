"""The feed of tracked accounts, on a real broker."""

import asyncio

from msgspec import structs
from prometheus_client import CollectorRegistry

from streams.agents.screen.tracked_feed import TrackedFeed
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.tracked import TrackedAccount, encode_tracked, tracked_subject_key
from streams.kafka.administration import create_topics
from streams.kafka.client import producer, started_producer
from streams.kafka.dead_letter_topic import read_dead_letters
from streams.metrics import Metrics
from streams.settings import Settings
from tools.kafka.running_broker import RunningBroker


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


def _account(number: int, *countries: str) -> TrackedAccount:
    return TrackedAccount(platform="twitter", id=str(number), countries=countries)


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
            assert [feed.known.of("twitter", str(number)).countries for number in range(50)] == [("IR",)] * 50
            assert metrics.tracked_accounts._value.get() == 50
            await _write(settings, _account(7, "IR", "RU"), _account(50, "CN"))
            while feed.known.of("twitter", "50").countries != ("CN",):  # noqa: ASYNC110  # a feed sets no event
                await asyncio.sleep(0.05)
            assert feed.known.of("twitter", "7").countries == ("IR", "RU")
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


def test_a_record_that_no_agent_writes_is_set_aside_and_the_next_one_is_known(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    """While it follows. A tombstone takes nobody back, and is none."""
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)

    async def run() -> list[tuple[bytes | None, bytes]]:
        await create_topics(settings)
        metrics = Metrics(CollectorRegistry())
        feed = TrackedFeed(settings, metrics)
        following = asyncio.create_task(feed.follow())
        async with asyncio.timeout(20):
            await feed.ready.wait()
            async with started_producer(settings) as client:
                await client.send_and_wait(settings.topic("tracked-accounts"), b"[]", key=b"k")
                await client.send_and_wait(settings.topic("tracked-accounts"), None, key=b"k")
            await _write(settings, _account(1, "IR"))
            while feed.known.tracked != 1:  # noqa: ASYNC110  # a feed sets no event
                await asyncio.sleep(0.05)
            set_aside = metrics.set_aside.labels("tracked-accounts")._value
            while set_aside.get() != 1:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        following.cancel()
        await asyncio.wait([following])
        letters = await read_dead_letters(settings, limit=10)
        return [(stored.key, stored.letter.payload) for stored in letters.letters]

    assert asyncio.run(run()) == [(b"k", b"[]")]


def test_two_officials_under_one_handle_of_the_roster_are_counted_and_none_where_it_names_them_by_id(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    entry = RosterEntry(
        platform="twitter", handle="Mfa_Alpha", country="IR", category="diplomat", source_url="https://example.org"
    )

    async def run() -> None:
        await create_topics(settings)
        metrics = Metrics(CollectorRegistry())
        feed = TrackedFeed(settings, metrics)
        feed.handles.use(Roster([entry]))
        following = asyncio.create_task(feed.follow())
        doubts = metrics.roster_handles_in_doubt.labels("several_ids")._value
        async with asyncio.timeout(20):
            await feed.ready.wait()
            await _write(settings, *(TrackedAccount(platform="twitter", id=each, handle="Mfa_Alpha") for each in "27"))
            while doubts.get() != 1:  # noqa: ASYNC110  # a feed sets no event
                await asyncio.sleep(0.05)
            feed.handles.use(Roster([structs.replace(entry, account_id="2")]))
            while doubts.get() != 0:  # noqa: ASYNC110  # a feed sets no event
                await asyncio.sleep(0.05)
        following.cancel()
        await asyncio.wait([following])

    asyncio.run(run())
