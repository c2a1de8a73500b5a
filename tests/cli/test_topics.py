"""`antiphon topics`: what is missing is created, what is there is left alone, and what is wrong is said."""

import asyncio
import json
import time
from typing import Final

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.kafka.failures import BrokerError
from streams.kafka.readiness import require_ready
from streams.settings import Settings
from streams.topic import Topic
from streams.topic_settings import topic_config
from streams.topics import TOPICS, topic_named
from tests.cli.conftest import Antiphon
from tests.cli.terminal import run
from tools.kafka.jars import Unavailable
from tools.kafka.node import Kafka
from tools.kafka.running_broker import RunningBroker

pytestmark = pytest.mark.slow


def test_topics_are_created_with_their_partitions_and_then_all_present(
    broker: RunningBroker, topic_prefix: str, antiphon: Antiphon
) -> None:
    where = ("--broker", broker.address, "--topic-prefix", topic_prefix)
    result = antiphon("topics", "list", *where)
    assert result.exit_code == 1
    assert result.stdout.count("missing") == len(TOPICS) + 1
    assert "run `antiphon topics create`" in result.stdout

    result = antiphon("topics", "create", *where, "--partitions", "posts=3", "--partitions", "retweets=5")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Created {len(TOPICS)} of {len(TOPICS)} topics.\n")
    assert f"  {topic_prefix}posts, 3 partitions\n" in result.stdout

    result = antiphon("topics", "list", *where, "--json")
    assert result.exit_code == 0
    listed = {topic["topic"]: topic for topic in json.loads(result.stdout)["topics"]}
    wanted = {topic.name: topic.partitions for topic in TOPICS} | {"posts": 3, "retweets": 5}
    assert {name.removeprefix(topic_prefix): topic["partitions"] for name, topic in listed.items()} == wanted
    assert all(topic["present"] and topic["fault"] is None for topic in listed.values())
    assert listed[f"{topic_prefix}posts"]["retention_days"] == 30
    assert listed[f"{topic_prefix}dossiers"]["compacted"] is True

    result = antiphon("topics", "list", *where, COLUMNS="120")
    assert result.exit_code == 0
    [line] = [line for line in result.stdout.splitlines() if line.startswith(f"{topic_prefix}alerts ")]
    assert line.split() == [
        *(f"{topic_prefix}alerts", "enriched", "8", "last", "per", "key"),
        *("TRACK,", "WATCH", "→", "NOTIFY,", "anybody", "present"),
    ]


def test_topics_that_exist_stay_as_they_are_and_a_difference_is_said(
    broker: RunningBroker, topic_prefix: str, antiphon: Antiphon
) -> None:
    where = ("--broker", broker.address, "--topic-prefix", topic_prefix)
    antiphon("topics", "create", *where, "--partitions", "posts=3")
    result = antiphon("topics", "create", *where)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Created 0 of {len(TOPICS)} topics; {len(TOPICS)} existed and stay as they are.\n")
    assert f"  {topic_prefix}posts has 3 partitions, not 12\n" in result.stdout
    assert json.loads(antiphon("topics", "create", *where, "--json").stdout)["created"] == []


def test_to_look_creates_nothing(embedded: str, antiphon: Antiphon) -> None:
    """The embedded broker creates, with four partitions, any topic that it is asked about."""
    for _ in range(2):
        result = antiphon("topics", "list", "--broker", embedded, "--json")
        assert result.exit_code == 1
        assert not any(topic["present"] for topic in json.loads(result.stdout)["topics"])
    antiphon("topics", "create", "--broker", embedded)
    result = antiphon("topics", "list", "--broker", embedded, "--json")
    assert result.exit_code == 0
    partitions = {topic["topic"]: topic["partitions"] for topic in json.loads(result.stdout)["topics"]}
    assert partitions == {topic.name: topic.partitions for topic in TOPICS}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("post=3", "there is no topic 'post'; did you mean 'posts'?"),
        ("posts", "write posts=N, with N from 1 to 10,000"),
        ("posts=0", "write posts=N"),
        ("posts=٣", "write posts=N"),
        ("posts=99999999999999999999", "write posts=N"),
        ("officials=2", "officials must have one partition"),
        ("subject-events=16", "--partitions subject-events=16 --partitions subject-states=16"),
        ("subject-states=16", "--partitions subject-events=16 --partitions subject-states=16"),
        ("country-events=12", "--partitions country-events=12 --partitions country-ledger=12"),
        ("country-ledger=12", "--partitions country-events=12 --partitions country-ledger=12"),
        ("tracked-accounts=3", "tracked-accounts must have one partition"),
    ],
)
def test_a_partition_count_that_cannot_be_is_refused_before_the_broker_is_asked(
    value: str, said: str, antiphon: Antiphon
) -> None:
    result = antiphon("topics", "create", "--broker", "127.0.0.1:1", "--partitions", value)
    assert result.exit_code == 2
    assert said in result.stderr


def test_more_copies_than_brokers_are_refused_in_words(
    kafka: RunningBroker, topic_prefix: str, antiphon: Antiphon
) -> None:
    result = antiphon(
        "topics", "create", "--broker", kafka.address, "--topic-prefix", topic_prefix, "--replication", "100"
    )
    assert result.exit_code == 3
    assert result.stderr.startswith(
        f"antiphon: error: topic {topic_prefix}posts cannot be created: invalid replication"
    )
    assert "--replication N" in result.stderr


async def _create(address: str, *topics: NewTopic) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics(list(topics))
        deadline = time.monotonic() + 30
        while not {topic.name for topic in topics} <= set(await admin.list_topics()):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
    finally:
        await admin.close()


def test_topics_that_the_broker_made_by_itself_are_refused_with_the_command_for_each_setting(
    kafka: RunningBroker, topic_prefix: str, antiphon: Antiphon
) -> None:
    """A broker that creates topics by itself neither compacts them nor dates records by their arrival."""
    states, posts = f"{topic_prefix}subject-states", f"{topic_prefix}posts"
    asyncio.run(_create(kafka.address, NewTopic(states, 8, 1), NewTopic(posts, 12, 1)))
    where = ("--broker", kafka.address, "--topic-prefix", topic_prefix)
    created = antiphon("topics", "create", *where)
    listed = antiphon("topics", "list", *where)
    refused = run("worker", *where)
    assert (created.exit_code, listed.exit_code, refused.status) == (1, 1, 3)
    for name, setting, value, wanted in (
        (states, "cleanup.policy", "delete", "compact"),
        (posts, "message.timestamp.type", "CreateTime", "LogAppendTime"),
    ):
        command = f"--alter --entity-type topics --entity-name {name} --add-config {setting}={wanted}"
        for output in (created.stdout, listed.stdout, refused.err):
            assert f"{name}: {setting} is {value} and must be {wanted}" in output
            assert f"kafka-configs.sh --bootstrap-server {kafka.address} {command}" in output
    assert f"{states}: segment.bytes is 1073741824; Antiphon sets at most 67108864" in listed.stdout
    assert "topic setting differs" in refused.err
    [row] = [
        topic
        for topic in json.loads(antiphon("topics", "list", *where, "--json").stdout)["topics"]
        if topic["topic"] == posts
    ]
    assert [(found["key"], found["unsafe"]) for found in row["differences"]] == [
        ("message.timestamp.type", True),
        ("retention.ms", False),  # a week by default
    ]


@pytest.mark.parametrize(
    "topic", [topic for topic in TOPICS if topic.single or topic.copartitioned], ids=lambda t: t.name
)
def test_partitions_that_no_worker_can_work_with_are_refused_by_create_list_and_worker_alike(
    topic: Topic, kafka: RunningBroker, topic_prefix: str, antiphon: Antiphon
) -> None:
    """They cannot be reduced, so what exists already is looked at, too."""
    where = ("--broker", kafka.address, "--topic-prefix", topic_prefix)
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    count = topic.partitions + 3
    counts = {other.name: other.partitions for other in TOPICS} | {topic.name: count}
    asyncio.run(
        _create(
            kafka.address,
            *(
                NewTopic(settings.topic(other.name), counts[other.name], 1, topic_configs=topic_config(other))
                for other in TOPICS
            ),
        )
    )
    created, listed = antiphon("topics", "create", *where), antiphon("topics", "list", *where)
    assert (created.exit_code, listed.exit_code) == (1, 1)
    with pytest.raises(BrokerError) as refused:
        asyncio.run(require_ready(settings))
    for result in (created.stdout, listed.stdout, f"{refused.value.message}\n{refused.value.remedy}"):
        assert f"{settings.topic(topic.name)} has {count} partitions and " in result
        assert "run `antiphon topics create`" in result or "run `antiphon states reset " in result
    # What was deleted by hand would stay empty, as the group goes on where it was: what is counted needs the command.
    is_counted = topic.name not in ("officials", "collector-cursors")
    assert ("run `antiphon states reset " in refused.value.remedy) == is_counted
    if is_counted:
        command = refused.value.remedy.partition("`antiphon ")[2].partition("`")[0].split()
        assert antiphon(*command, "--yes", *where).exit_code == 0
        assert antiphon("topics", "list", *where).exit_code == 0


def test_a_missing_changelog_gets_as_many_partitions_as_the_events_that_are_there(
    kafka: RunningBroker, topic_prefix: str, antiphon: Antiphon
) -> None:
    where = ("--broker", kafka.address, "--topic-prefix", topic_prefix)
    config = topic_config(topic_named("country-events"))
    asyncio.run(_create(kafka.address, NewTopic(f"{topic_prefix}country-events", 3, 1, topic_configs=config)))
    result = antiphon("topics", "create", *where)
    assert result.exit_code == 0, result.output
    listed = json.loads(antiphon("topics", "list", *where, "--json").stdout)["topics"]
    counts = {topic["topic"].removeprefix(topic_prefix): topic["partitions"] for topic in listed}
    assert counts["country-ledger"] == counts["country-events"] == 3


_HOSTILE: Final = {
    "log.cleanup.policy": "compact",
    "log.cleaner.delete.retention.ms": "1000",
    "message.max.bytes": "20000",
    "min.insync.replicas": "1",
    "unclean.leader.election.enable": "true",
    "log.retention.ms": "60000",
    "log.retention.bytes": "1048576",
    "log.retention.check.interval.ms": "300",
    "log.initial.task.delay.ms": "300",
}
_OLD_MS: Final = 200 * 86_400_000


def test_nothing_depends_on_a_brokers_defaults_and_back_fill_survives_retention(antiphon: Antiphon) -> None:
    """2,000 events of 200 days ago stay, where a topic that dates records by the event loses them at once."""
    try:
        node = Kafka(properties=_HOSTILE)
    except Unavailable as reason:
        pytest.skip(f"left out: a real Apache Kafka: {reason}")
    with node:
        result = antiphon("topics", "create", "--broker", node.address)
        assert result.exit_code == 0, result.stdout
        listed = antiphon("topics", "list", "--broker", node.address, "--json")
        assert listed.exit_code == 0
        assert not any(topic["differences"] for topic in json.loads(listed.stdout)["topics"])
        by_event = topic_config(topic_named("posts")) | {"message.timestamp.type": "CreateTime"}
        asyncio.run(_create(node.address, NewTopic("by-event", 1, 1, topic_configs=by_event)))
        raw = [topic.name for topic in TOPICS if not topic.compacted and topic.role in ("raw", "internal")]
        begins = asyncio.run(_begins_after_retention(node.address, [*raw, "by-event"], lost="by-event"))
    assert begins.pop("by-event") == 2_000
    assert set(begins.values()) == {0}


async def _begins_after_retention(address: str, names: list[str], *, lost: str) -> dict[str, int]:
    """Write old records to partition 0 of each topic; the first offset of each once the broker has deleted `lost`."""
    producer = AIOKafkaProducer(bootstrap_servers=address)
    await producer.start()
    old = time.time_ns() // 1_000_000 - _OLD_MS
    for name in names:
        sent = [await producer.send(name, b"old", partition=0, timestamp_ms=old) for _ in range(2_000)]
        await asyncio.gather(*sent)
    await producer.stop()
    consumer = AIOKafkaConsumer(bootstrap_servers=address)
    await consumer.start()
    try:
        deadline = time.monotonic() + 60
        while (await consumer.beginning_offsets([TopicPartition(lost, 0)]))[TopicPartition(lost, 0)] < 2_000:
            assert time.monotonic() < deadline, "the broker deletes nothing: the test shows nothing"
            await asyncio.sleep(0.1)
        begins = await consumer.beginning_offsets([TopicPartition(name, 0) for name in names])
        return {place.topic: offset for place, offset in begins.items()}
    finally:
        await consumer.stop()
