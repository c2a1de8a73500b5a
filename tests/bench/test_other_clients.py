"""Implementations on other clients than aiokafka run small trials for real: librdkafka under Python, and the JVM."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from aiokafka import TopicPartition

from bench.implementations.bare_confluent_kafka import BareConfluentKafka
from bench.implementations.kafka_streams import KafkaStreams, program
from bench.implementations.peer import group_of
from bench.workload import Workload, committed, delete_topics_of, write_workload
from bench.world import PARTITIONS, World
from streams.kafka.client import consumer
from streams.settings import Settings
from tests.bench.trials import trial_of
from tools.kafka.jars import Unavailable, kafka_install
from tools.kafka.running_broker import RunningBroker

_EVENTS: Final = 6_000  # some 27 amplifications


@pytest.fixture
def workload(kafka: RunningBroker, topic_prefix: str, tmp_path: Path) -> Iterator[Workload]:
    """A workload of a few thousand events."""
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    yield asyncio.run(write_workload(settings, World(_EVENTS, seed=7), tmp_path))
    asyncio.run(delete_topics_of(settings))


def test_bare_confluent_kafka_decodes_everything_and_commits_when_it_is_stopped(workload: Workload) -> None:
    """Its complaints say whether it decoded everything."""
    trial = trial_of(BareConfluentKafka(), workload)
    assert trial.complaints == []
    group = group_of(workload, f"{trial.implementation}-1")
    assert asyncio.run(committed(workload.settings, group, workload.tally.ends)) == workload.tally.ends


@pytest.mark.slow
def test_kafka_streams_reports_every_amplification_and_re_keys_each_through_a_topic(workload: Workload) -> None:
    """Its complaints compare results with the plain count, untouched by its rehearsals, and ask for all offsets."""
    trial = trial_of(KafkaStreams(), workload)
    assert trial.complaints == []
    re_keyed = asyncio.run(_written(workload.settings, f"{trial.implementation}-1-by-subject-repartition"))
    assert re_keyed == len(workload.tally.amplified) > 10


async def _written(settings: Settings, topic: str) -> int:
    """How many records a topic (plain name) has ever had; purged ones count."""
    client = consumer(settings)
    await client.start()
    try:
        ends = await client.end_offsets([TopicPartition(settings.topic(topic), n) for n in range(PARTITIONS)])
        return sum(ends.values())
    finally:
        await client.stop()


@pytest.mark.parametrize(
    ("present", "complaint"),
    [((), "there is no Maven to build"), (("mvn",), "there is a Java here and no Java compiler to build")],
    ids=["no Maven", "no compiler"],
)
def test_without_its_tools_kafka_streams_says_what_to_install(
    present: tuple[str, ...], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Java alone is what Debian's `default-jre-headless` brings."""
    try:
        java = kafka_install().java
    except Unavailable as reason:
        pytest.skip(f"left out: {reason}")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, target in [("java", java), *((name, Path(shutil.which(name) or "/bin/true")) for name in present)]:
        (tools / name).symlink_to(target)
    monkeypatch.setattr(program, "_CACHE", tmp_path / "nothing built yet")
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(Unavailable, match=complaint) as refused:
        program.built_program()
    assert "install a JDK" in str(refused.value)
