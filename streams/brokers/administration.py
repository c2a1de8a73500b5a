"""Topics on a broker: create what is missing, say what differs, list, and remove what a demo made."""

import logging
from collections.abc import Mapping
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from msgspec import Struct

from streams.brokers.client import BrokerError, admin, consumer
from streams.settings import Settings
from streams.topics import TOPICS, Topic

__all__ = ["TopicState", "create_topics", "delete_topics", "end_offsets", "topic_states"]

_log: Final = logging.getLogger(__name__)


class TopicState(Struct, frozen=True, kw_only=True):
    """A topic of the catalogue and what the broker has of it (`partitions` 0: it is missing)."""

    topic: Topic
    name: str
    partitions: int


async def create_topics(
    settings: Settings, *, partitions: Mapping[str, int] | None = None, replication: int = 1
) -> list[TopicState]:
    """Create every topic that is missing, with its settings; `partitions` overrides the defaults by plain name.

    Existing topics are left as they are. Returns the state of all afterwards. Raises `BrokerError`.
    """
    counts = partitions or {}
    wanted = [
        NewTopic(
            name=settings.topic(topic.name),
            num_partitions=counts.get(topic.name, topic.partitions),
            replication_factor=replication,
            topic_configs=topic.config(),
        )
        for topic in TOPICS
    ]
    async with admin(settings) as client:
        response = await client.create_topics(wanted)
        for name, code, *detail in response.topic_errors:
            if code not in (0, TopicAlreadyExistsError.errno):
                raise BrokerError(f"topic {name} cannot be created: {for_code(code).__name__} {detail or ''}".strip())
        return await _states(client, settings)


async def topic_states(settings: Settings) -> list[TopicState]:
    """Every topic of the catalogue and how many partitions the broker has of it."""
    async with admin(settings) as client:
        return await _states(client, settings)


async def _states(client: Any, settings: Settings) -> list[TopicState]:
    described = await client.describe_topics([settings.topic(topic.name) for topic in TOPICS])
    found = {entry["topic"]: len(entry["partitions"]) for entry in described if not entry["error_code"]}
    return [
        TopicState(topic=topic, name=settings.topic(topic.name), partitions=found.get(settings.topic(topic.name), 0))
        for topic in TOPICS
    ]


async def topic_settings(settings: Settings, name: str) -> dict[str, str]:
    """The settings the broker has for a topic, by Kafka's names. Raises `KafkaError` where it does not tell."""
    async with admin(settings) as client:
        resource = ConfigResource(ConfigResourceType.TOPIC, settings.topic(name))
        responses = await client.describe_configs([resource])
        return {entry[0]: entry[1] for response in responses for entry in response.resources[0][4]}


async def delete_topics(settings: Settings) -> None:
    """Remove every topic of the catalogue that exists under the settings' prefix."""
    async with admin(settings) as client:
        states = await _states(client, settings)
        try:
            await client.delete_topics([state.name for state in states if state.partitions])
        except KafkaError as error:
            _log.warning("topics could not be removed", extra={"error": repr(error)})


async def end_offsets(settings: Settings, topic: str) -> dict[int, int]:
    """The end offset of each partition of a topic (plain name)."""
    state = next(state for state in await topic_states(settings) if state.topic.name == topic)
    tps = [TopicPartition(state.name, partition) for partition in range(state.partitions)]
    client = consumer(settings)
    await client.start()
    try:
        return {tp.partition: end for tp, end in (await client.end_offsets(tps)).items()}
    finally:
        await client.stop()
