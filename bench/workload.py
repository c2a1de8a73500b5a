"""The workload: one broker with the generated events on it, the roster, and what must come out."""

import json
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewTopic
from msgspec import Struct

from bench.tally import Tally
from bench.world import PARTITIONS, RAW_NAMES, AnyWorld
from bench.writing import BulkWriter
from streams.events import RAW_TOPICS
from streams.kafka.administration import create_topics, end_offsets
from streams.kafka.client import admin, client_options
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings

__all__ = ["Workload", "committed", "create_plain_topics", "delete_topics_of", "write_workload"]


class Workload(Struct, frozen=True, kw_only=True):
    """`settings` name the broker and the prefix of all topics; `officials` is a JSON file of the officials' ids."""

    settings: Settings
    world: AnyWorld
    tally: Tally
    scratch: Path
    officials: Path

    @property
    def raw_topics(self) -> list[str]:
        """The topics that hold the events, as the broker names them."""
        return [self.settings.topic(name) for name in RAW_NAMES]


async def write_workload(settings: Settings, world: AnyWorld, scratch: Path) -> Workload:
    """Create the topics, publish the roster, write every event once and count what must come out."""
    await create_topics(settings, partitions=dict.fromkeys(RAW_TOPICS.values(), PARTITIONS))
    await publish_roster(settings, world.roster)
    tally = Tally()
    async with BulkWriter(settings) as writer:
        for event in world.events():
            await writer.write(event.topic, event.partition, event.key, event.value)
            tally.note(event)
    for name in RAW_NAMES:
        ends = await end_offsets(settings, name)
        due = {partition: tally.ends.get((name, partition), 0) for partition in range(PARTITIONS)}
        assert ends == due, f"{name} ends at {ends} where {due} was written"
    officials = scratch / "officials.json"
    officials.write_text(json.dumps(world.official_ids), encoding="utf-8")
    return Workload(settings=settings, world=world, tally=tally, scratch=scratch, officials=officials)


async def create_plain_topics(settings: Settings, *names: str) -> None:
    """Create topics that are in no catalogue (plain names), with as many partitions as the raw ones."""
    async with admin(settings) as client:
        await client.create_topics([NewTopic(settings.topic(name), PARTITIONS, 1) for name in names])


async def delete_topics_of(settings: Settings) -> None:
    """Remove every topic with the settings' prefix in its name, whoever made it; some put a word of their own first."""
    assert settings.topic_prefix, "without a prefix this would empty the broker"
    async with admin(settings) as client:
        doomed = [name for name in await client.list_topics() if settings.topic_prefix in name]
        if doomed:
            await client.delete_topics(doomed)


async def committed(settings: Settings, group: str, ends: dict[tuple[str, int], int]) -> dict[tuple[str, int], int]:
    """What a group has committed of each (topic, partition) in `ends`, topics by plain name."""
    client = AIOKafkaConsumer(**client_options(settings), group_id=group, enable_auto_commit=False)
    await client.start()
    try:
        found = {}
        for topic, partition in ends:
            found[(topic, partition)] = await client.committed(TopicPartition(settings.topic(topic), partition)) or 0
        return found
    finally:
        await client.stop()
