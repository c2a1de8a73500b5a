"""A roster change takes effect in a running feed within five seconds, whole or not at all."""

import asyncio
import time

from prometheus_client import CollectorRegistry

from streams.agents.screen.roster_feed import RosterFeed
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.rosters.roster_log import publication
from streams.kafka.administration import create_topics
from streams.kafka.client import producer
from streams.kafka.roster_topic import publish_roster
from streams.metrics import Metrics
from streams.settings import Settings
from tools.kafka.running_broker import RunningBroker


def _roster(*ids: str) -> Roster:
    return Roster(
        RosterEntry(
            platform="twitter", account_id=i, handle=None, country="FR", category="diplomat", source_url="https://x.org"
        )
        for i in ids
    )


def _expected(metrics: Metrics) -> dict[tuple[str, str], float]:
    [family] = metrics.amplifications.collect()
    return {
        (sample.labels["country"], sample.labels["category"]): sample.value
        for sample in family.samples
        if sample.name.endswith("_total")
    }


def test_a_published_roster_is_in_force_within_five_seconds(broker: RunningBroker, topic_prefix: str) -> None:
    """Without a restart; an interrupted publication changes nothing."""
    settings = Settings(broker=broker.address, topic_prefix=topic_prefix, transactions=broker.is_real_kafka)

    async def run() -> None:
        await create_topics(settings)
        await publish_roster(settings, _roster("1"))
        metrics = Metrics(CollectorRegistry())
        feed = RosterFeed(settings, metrics)
        following = asyncio.create_task(feed.follow())
        await asyncio.wait_for(feed.ready.wait(), 10)
        assert feed.roster == _roster("1")
        assert _expected(metrics) == {("FR", "diplomat"): 0.0}

        await publish_roster(settings, _roster("1", "2"))
        began = time.monotonic()
        while feed.roster != _roster("1", "2"):
            assert time.monotonic() - began < 5
            await asyncio.sleep(0.05)

        client = producer(settings)
        await client.start()
        for key, value in publication([], _roster("3", "4"))[:1]:
            await client.send_and_wait(settings.topic("officials"), value, key=key, partition=0)
        await client.send_and_wait(settings.topic("officials"), b"garbage", key=b"\xff", partition=0)
        await client.stop()
        await asyncio.sleep(1.5)
        assert feed.roster == _roster("1", "2")
        following.cancel()

    asyncio.run(run())
