"""`antiphon topics`: what is missing is created, what is there is left alone, and what is wrong is said."""

import asyncio
import json

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.topics import TOPICS
from tests.brokers.running import RunningBroker
from tests.cli.conftest import Antiphon
from tests.cli.terminal import run


def test_topics_are_created_with_their_partitions_and_then_all_present(
    broker: RunningBroker, topic_prefix: str, antiphon: Antiphon
) -> None:
    where = ("--broker", broker.address, "--topic-prefix", topic_prefix)
    told = antiphon("topics", "list", *where)
    assert told.exit_code == 1
    assert told.stdout.count("missing") == len(TOPICS) + 1
    assert "run `antiphon topics create`" in told.stdout

    told = antiphon("topics", "create", *where, "--partitions", "posts=3", "--partitions", "retweets=5")
    assert told.exit_code == 0
    assert told.stdout.startswith(f"Created {len(TOPICS)} of {len(TOPICS)} topics.\n")
    assert f"  {topic_prefix}posts, 3 partitions\n" in told.stdout

    told = antiphon("topics", "list", *where, "--json")
    assert told.exit_code == 0
    listed = {topic["topic"]: topic for topic in json.loads(told.stdout)["topics"]}
    wanted = {topic.name: topic.partitions for topic in TOPICS} | {"posts": 3, "retweets": 5}
    assert {name.removeprefix(topic_prefix): topic["partitions"] for name, topic in listed.items()} == wanted
    assert all(topic["present"] and topic["fault"] is None for topic in listed.values())
    assert listed[f"{topic_prefix}posts"]["retention_days"] == 30
    assert listed[f"{topic_prefix}dossiers"]["compacted"] is True

    told = antiphon("topics", "list", *where, COLUMNS="120")
    assert told.exit_code == 0
    [line] = [line for line in told.stdout.splitlines() if line.startswith(f"{topic_prefix}alerts ")]
    assert line.split() == [
        *(f"{topic_prefix}alerts", "enriched", "8", "last", "per", "key"),
        *("TRACK,", "WATCH", "→", "NOTIFY,", "anybody", "present"),
    ]


def test_topics_that_exist_stay_as_they_are_and_a_difference_is_said(
    broker: RunningBroker, topic_prefix: str, antiphon: Antiphon
) -> None:
    where = ("--broker", broker.address, "--topic-prefix", topic_prefix)
    antiphon("topics", "create", *where, "--partitions", "posts=3")
    told = antiphon("topics", "create", *where)
    assert told.exit_code == 0
    assert told.stdout.startswith(f"Created 0 of {len(TOPICS)} topics; {len(TOPICS)} existed and stay as they are.\n")
    assert f"  {topic_prefix}posts has 3 partitions, not 12\n" in told.stdout
    assert json.loads(antiphon("topics", "create", *where, "--json").stdout)["created"] == []


def test_to_look_creates_nothing(embedded: str, antiphon: Antiphon) -> None:
    """The embedded broker creates, with four partitions, any topic that it is asked about."""
    for _ in range(2):
        told = antiphon("topics", "list", "--broker", embedded, "--json")
        assert told.exit_code == 1
        assert not any(topic["present"] for topic in json.loads(told.stdout)["topics"])
    antiphon("topics", "create", "--broker", embedded)
    told = antiphon("topics", "list", "--broker", embedded, "--json")
    assert told.exit_code == 0
    partitions = {topic["topic"]: topic["partitions"] for topic in json.loads(told.stdout)["topics"]}
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
    ],
)
def test_a_partition_count_that_cannot_be_is_refused_before_the_broker_is_asked(
    value: str, said: str, antiphon: Antiphon
) -> None:
    told = antiphon("topics", "create", "--broker", "127.0.0.1:1", "--partitions", value)
    assert told.exit_code == 2
    assert said in told.stderr


def test_more_copies_than_brokers_are_refused_in_words(
    kafka: RunningBroker, topic_prefix: str, antiphon: Antiphon
) -> None:
    told = antiphon(
        "topics", "create", "--broker", kafka.address, "--topic-prefix", topic_prefix, "--replication", "100"
    )
    assert told.exit_code == 3
    assert told.stderr.startswith(f"antiphon: error: topic {topic_prefix}posts cannot be created: invalid replication")
    assert "--replication N" in told.stderr


def test_a_topic_that_would_lose_its_records_is_a_fault(
    kafka: RunningBroker, topic_prefix: str, antiphon: Antiphon
) -> None:
    """A broker that creates topics by itself does not compact them."""

    async def create() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
        await admin.start()
        try:
            await admin.create_topics(
                [NewTopic(f"{topic_prefix}subject-states", num_partitions=8, replication_factor=1)]
            )
        finally:
            await admin.close()

    asyncio.run(create())
    where = ("--broker", kafka.address, "--topic-prefix", topic_prefix)
    antiphon("topics", "create", *where)
    told = antiphon("topics", "list", *where)
    assert told.exit_code == 1
    assert "cleaned up by delete, not compacted" in told.stdout
    refused = run("worker", *where)
    assert refused.status == 3
    assert f"{topic_prefix}subject-states is cleaned up by `delete` and not by `compact`" in refused.err
    assert "--add-config cleanup.policy=compact" in refused.err
