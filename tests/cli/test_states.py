"""`antiphon states`: what it says of states, and that recounting empties what it says it does."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from prometheus_client import CollectorRegistry

from streams.agents.track.subject_store import SubjectStore
from streams.kafka.administration import create_topics, end_offsets, topic_states
from streams.kafka.batch_writer import OutgoingRecord
from streams.metrics import Metrics
from streams.settings import Settings
from tests.cli.conftest import Antiphon
from tools.kafka.running_broker import RunningBroker


@pytest.fixture
def settings(kafka: RunningBroker, topic_prefix: str) -> Settings:
    made = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    asyncio.run(create_topics(made, partitions={"subject-events": 3, "subject-states": 3}))
    return made


def _where(settings: Settings) -> tuple[str, ...]:
    return ("--broker", settings.broker, "--topic-prefix", settings.topic_prefix)


async def _count_something(settings: Settings) -> None:
    store = SubjectStore(0, settings, Metrics(CollectorRegistry()))
    await store.open()
    await store.commit([OutgoingRecord("dossiers", b"k", b"result")], {}, 0)
    await store.close()


def _member(settings: Settings) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        settings.topic("posts"), bootstrap_servers=settings.broker, group_id=settings.group, enable_auto_commit=False
    )


def test_states_of_another_app_are_named_with_the_remedy(antiphon: Antiphon, settings: Settings) -> None:
    asyncio.run(_count_something(settings))
    assert antiphon("states", "check", *_where(settings)).exit_code == 0
    result = antiphon("states", "check", *_where(settings), "--app-id", "trial")
    assert result.exit_code == 3
    assert "belong to --app-id 'antiphon'" in result.stderr
    assert "--topic-prefix" in result.stderr


def test_counting_anew_empties_states_and_results_and_goes_back_in_the_raw_topics(
    antiphon: Antiphon, settings: Settings
) -> None:
    """With as many partitions as before, unless told otherwise; raw topics and the roster stay."""
    asyncio.run(_count_something(settings))
    more = ("--partitions", "country-events=5", "--partitions", "country-ledger=5")
    result = antiphon("states", "reset", "--yes", *_where(settings), *more)
    assert result.exit_code == 0, result.stderr
    assert "recount" in result.stdout
    assert sum(asyncio.run(end_offsets(settings, "subject-states")).values()) == 0
    assert sum(asyncio.run(end_offsets(settings, "dossiers")).values()) == 0
    counts = {state.topic.name: state.partitions for state in asyncio.run(topic_states(settings))}
    assert (counts["subject-events"], counts["country-events"], counts["posts"]) == (3, 5, 12)

    async def committed() -> int | None:
        client = AIOKafkaConsumer(bootstrap_servers=settings.broker, group_id=settings.group)
        await client.start()
        try:
            return int(await client.committed(TopicPartition(settings.topic("posts"), 0)))
        finally:
            await client.stop()

    assert asyncio.run(committed()) == 0
    assert antiphon("states", "check", *_where(settings)).exit_code == 0


def test_nothing_is_emptied_while_workers_run_or_without_a_yes(antiphon: Antiphon, settings: Settings) -> None:
    asyncio.run(_count_something(settings))

    async def refused() -> None:
        client = _member(settings)
        await client.start()
        try:
            result = await asyncio.to_thread(antiphon, "states", "reset", "--yes", *_where(settings))
            assert result.exit_code == 3
            assert "still has 1 members" in result.stderr
        finally:
            await client.stop()

    asyncio.run(refused())
    assert antiphon("states", "reset", *_where(settings)).exit_code != 0
    assert sum(asyncio.run(end_offsets(settings, "subject-states")).values()) > 0
