"""TRACK, the agent, on a real broker: shut out and still the owner, it begins again from what is written."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from prometheus_client import CollectorRegistry

from streams.agents.track.agent import Track
from streams.agents.track.subject_store import SubjectStore
from streams.faust_driver.batches import Batch
from streams.kafka.administration import create_topics
from streams.kafka.reading import read_topic
from streams.metrics import Metrics
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from tests.agents.records import Finished, batch_of, retweet_of
from tools.kafka.running_broker import RunningBroker


def test_an_owner_that_was_shut_out_applies_the_batch_again_and_counts_once(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    """A former owner opened the subject store. Nothing of the refused batch may stay in memory."""
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix, session_timeout_seconds=0.4)
    metrics = Metrics(CollectorRegistry())
    finished = Finished()
    intruders = 3

    async def batches() -> AsyncIterator[Batch]:
        for number in range(intruders + 1):
            yield batch_of("subject-events", [retweet_of(number)], first=number)
            await finished.wait_for(number + 1)
            if number < intruders:
                intruder = SubjectStore(0, settings, metrics)
                await intruder.open()
                await intruder.close()

    async def run() -> list[tuple[str, int]]:
        await create_topics(settings)
        await Track(settings, metrics, bundled_rules(), finished, lambda: 1).tasks.run(batches())
        amplifications = [msgspec.json.decode(record.value) async for record in read_topic(settings, "amplifications")]
        last = [msgspec.json.decode(record.value) async for record in read_topic(settings, "dossiers")][-1]
        return [(amplification["id"], last["totals"]["retweet"]) for amplification in amplifications]

    amplifications = asyncio.run(run())
    assert [batch.next_offset for batch in finished.batches] == [1, 2, 3, 4]
    assert amplifications == [(str(number), intruders + 1) for number in range(intruders + 1)]
    assert metrics.fenced._value.get() == intruders


def test_a_batch_of_an_earlier_generation_is_left_to_whoever_has_it_now(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    finished = Finished()

    async def batches() -> AsyncIterator[Batch]:
        yield batch_of("subject-events", [retweet_of(1)], generation=1)
        yield batch_of("subject-events", [retweet_of(2)], generation=2)
        await finished.wait_for(1)

    async def run() -> list[str]:
        await create_topics(settings)
        metrics = Metrics(CollectorRegistry())
        await Track(settings, metrics, bundled_rules(), finished, lambda: 2).tasks.run(batches())
        return [msgspec.json.decode(record.value)["id"] async for record in read_topic(settings, "amplifications")]

    assert asyncio.run(run()) == ["2"]
    assert [batch.generation for batch in finished.batches] == [2]


def test_batches_that_wait_for_a_partition_task_are_one_transaction(kafka: RunningBroker, topic_prefix: str) -> None:
    """One dossier for all of them; what Faust reads a second time is not applied a second time."""
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    finished = Finished()
    metrics = Metrics(CollectorRegistry())

    async def batches() -> AsyncIterator[Batch]:
        yield batch_of("subject-events", [retweet_of(0)])
        await finished.wait_for(1)
        yield batch_of("subject-events", [retweet_of(1), retweet_of(2)], first=1)
        yield batch_of("subject-events", [retweet_of(2), retweet_of(3)], first=2)
        yield batch_of("subject-events", [retweet_of(4)], first=4)
        await finished.wait_for(2)

    async def run() -> tuple[list[str], list[int]]:
        await create_topics(settings)
        await Track(settings, metrics, bundled_rules(), finished, lambda: 1).tasks.run(batches())
        amplifications = [
            msgspec.json.decode(record.value)["id"] async for record in read_topic(settings, "amplifications")
        ]
        dossiers = [msgspec.json.decode(record.value) async for record in read_topic(settings, "dossiers")]
        return amplifications, [dossier["totals"]["retweet"] for dossier in dossiers]

    amplifications, totals = asyncio.run(run())
    assert amplifications == ["0", "1", "2", "3", "4"]
    assert totals == [1, 5]
    assert [batch.next_offset for batch in finished.batches] == [1, 5]
    assert metrics.tracked.labels("duplicate")._value.get() == 0
