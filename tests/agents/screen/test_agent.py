"""SCREEN, the agent, on a real broker: a batch is finished when the broker has its outputs, and not before."""

import asyncio
from collections.abc import AsyncIterator

from prometheus_client import CollectorRegistry

from streams.agents.screen.agent import Screen
from streams.agents.screen.raw_log_checks import RawLogChecks
from streams.agents.screen.roster_feed import RosterFeed
from streams.agents.screen.tracked_feed import TrackedFeed
from streams.events import Retweet, encode_event
from streams.faust_driver.batches import Batch
from streams.kafka.administration import create_topics
from streams.kafka.roster_topic import publish_roster
from streams.metrics import Metrics
from streams.settings import Settings
from tests.agents.records import Finished, batch_of
from tests.pipeline.world import World
from tools.kafka.node import Kafka

# A broker that is awake answers within milliseconds.
_ANSWER_SECONDS = 1.0


def test_a_batch_is_finished_only_when_its_outputs_are_acknowledged(own_kafka: Kafka) -> None:
    """A broker that hears and does not answer: nothing may be committed until it does."""
    settings = Settings(broker=own_kafka.address)
    world = World(seed=1, events=0)
    finished = Finished()

    def event(number: int) -> bytes:
        at = world.officials[0].created_at
        assert at is not None
        actor, subject = world.officials[0], world.subjects[0]
        return encode_event(Retweet(platform="twitter", id=str(number), at=at, actor=actor, subject=subject))

    async def batches() -> AsyncIterator[Batch]:
        yield batch_of("retweets", [event(0)], first=0)
        await finished.wait_for(1)
        await asyncio.sleep(_ANSWER_SECONDS)  # were it finished too early, its answer would still be on the way
        own_kafka.pause()
        try:
            yield batch_of("retweets", [event(1)], first=1)
            await asyncio.sleep(_ANSWER_SECONDS)
            assert len(finished.batches) == 1
        finally:
            own_kafka.resume()
        await finished.wait_for(2)

    async def run() -> None:
        await create_topics(settings)
        await publish_roster(settings, world.roster)
        metrics = Metrics(CollectorRegistry())
        feed, tracked = RosterFeed(settings, metrics), TrackedFeed(settings, metrics)
        following = [asyncio.create_task(feed.follow()), asyncio.create_task(tracked.follow())]
        await Screen(settings, metrics, feed, tracked, finished, RawLogChecks(settings, metrics)).run(batches())
        for task in following:
            task.cancel()
        await asyncio.wait(following)

    asyncio.run(run())
    assert [batch.next_offset for batch in finished.batches] == [1, 2]
