"""Topics on a broker: create what is missing, say what differs, list, and remove what a demo made."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code
from msgspec import Struct

from streams.kafka.client import admin, consumer
from streams.kafka.failures import BrokerError, refusal
from streams.settings import Settings
from streams.topic import Topic, TopicFault
from streams.topic_partitions import partition_counts_of, partition_faults
from streams.topic_settings import CHECKED_SETTINGS, setting_faults, topic_config
from streams.topics import TOPICS

__all__ = [
    "TopicState",
    "create_topics",
    "delete_topics",
    "end_offsets",
    "remove_topics",
    "topic_faults",
    "topic_states",
]

_log: Final = logging.getLogger(__name__)
_USABLE_SECONDS: Final = 30.0


class TopicState(Struct, frozen=True, kw_only=True):
    """A topic of the catalogue and what the broker has of it (`partitions` 0: it is missing). `replicas` is the number
    of copies of the partition that has fewest.
    """

    topic: Topic
    name: str
    partitions: int
    replicas: int = 0


async def create_topics(
    settings: Settings, *, partitions: Mapping[str, int] | None = None, replication: int = 1
) -> list[TopicState]:
    """Create every topic that is missing, with its settings; `partitions` overrides the defaults by plain name.

    Existing topics are left as they are. Returns the state of all afterwards. Raises `BrokerError`; also before
    anything is created, where no worker could work with the numbers of partitions that there would be.
    """
    async with admin(settings) as client:
        existing = {state.topic.name: state.partitions for state in await _states(client, settings)}
        counts = partition_counts_of(partitions or {}, existing)
        if not all(existing.values()) and (faults := partition_faults(counts, settings.topic_prefix)):
            raise BrokerError(faults[0].message, remedy=faults[0].remedy)
        wanted = [
            NewTopic(
                name=settings.topic(topic.name),
                num_partitions=counts[topic.name],
                replication_factor=replication,
                topic_configs=topic_config(topic, replication),
            )
            for topic in TOPICS
        ]
        response = await client.create_topics(wanted)
        for name, code, *detail in response.topic_errors:
            if code not in (0, TopicAlreadyExistsError.errno):
                raise refusal(f"topic {name} cannot be created", for_code(code)(*filter(None, detail)))
        return await _wait_until_usable(client, settings)


async def _wait_until_usable(client: Any, settings: Settings) -> list[TopicState]:
    """A new topic takes a moment to reach every broker and to get its leaders; before that, clients stumble over it."""
    names = [settings.topic(topic.name) for topic in TOPICS]
    deadline = time.monotonic() + _USABLE_SECONDS
    while time.monotonic() < deadline:
        described = await client.describe_topics(names)
        waiting = [
            entry["topic"]
            for entry in described
            if entry["error_code"] or not all(partition["leader"] >= 0 for partition in entry["partitions"])
        ]
        if not waiting:
            return await _states(client, settings)
        await asyncio.sleep(0.1)
    raise BrokerError(
        f"topics were created but got no leader within {_USABLE_SECONDS:.0f} s: {', '.join(waiting)}",
        remedy="see the broker's log",
    )


async def topic_states(settings: Settings) -> list[TopicState]:
    """Every topic of the catalogue and how many partitions the broker has of it."""
    async with admin(settings) as client:
        return await _states(client, settings)


async def _states(client: Any, settings: Settings) -> list[TopicState]:
    # Never ask about a topic that is not there: some brokers create what they are asked about.
    existing = set(await client.list_topics())
    wanted = [name for topic in TOPICS if (name := settings.topic(topic.name)) in existing]
    described = await client.describe_topics(wanted) if wanted else []
    found = {entry["topic"]: entry["partitions"] for entry in described if not entry["error_code"]}
    return [
        TopicState(
            topic=topic,
            name=name,
            partitions=len(has),
            replicas=min((len(partition["replicas"]) for partition in has), default=0),
        )
        for topic in TOPICS
        for name in (settings.topic(topic.name),)
        for has in (found.get(name, ()),)
    ]


async def topic_faults(settings: Settings, states: Sequence[TopicState]) -> list[TopicFault]:
    """What of the topics that exist is not as it must be, in the order of the catalogue: partitions, then settings."""
    present = [state for state in states if state.partitions]
    if not present:
        return []
    counts = partition_counts_of({}, {state.topic.name: state.partitions for state in present})
    faults = partition_faults(counts, settings.topic_prefix)
    found = await _configs(settings, present)
    for state in present:
        faults += setting_faults(
            state.topic, state.name, state.replicas, found.get(state.name, {}), settings.broker.replace(" ", "")
        )
    return faults


async def _configs(settings: Settings, states: Sequence[TopicState]) -> dict[str, dict[str, str]]:
    """The checked settings of topics, by name on the broker, whether set on the topic or the broker's default.

    Empty where the broker does not tell: the embedded one cannot, and a user may lack the right to ask.
    """
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, state.name, dict.fromkeys(CHECKED_SETTINGS)) for state in states
    ]
    async with admin(settings) as client:
        try:
            responses = await client.describe_configs(resources)
        except KafkaError as error:
            fields = {"reason": repr(error), "remedy": "give the user the right DescribeConfigs on the topics"}
            # A broker that has no such request ends the connection: what it lacks besides is said by who needs it.
            is_refused = settings.transactions and not isinstance(error, KafkaConnectionError)
            _log.log(logging.WARNING if is_refused else logging.DEBUG, "topic settings unknown", extra=fields)
            return {}
    found: dict[str, dict[str, str]] = {}
    for response in responses:
        for code, message, _kind, resource, entries in response.resources:
            if code:
                _log.warning("topic settings unknown", extra={"topic": resource, "reason": message or for_code(code)})
            else:
                found[resource] = {str(entry[0]): str(entry[1]) for entry in entries if entry[1] is not None}
    return found


async def delete_topics(settings: Settings) -> None:
    """Remove every topic of the catalogue that exists under the settings' prefix."""
    async with admin(settings) as client:
        states = await _states(client, settings)
        try:
            await remove_topics(client, [state.name for state in states if state.partitions])
        except (KafkaError, BrokerError) as error:
            _log.warning("topics could not be removed", extra={"error": repr(error)})


async def remove_topics(client: Any, names: Sequence[str]) -> None:
    """Remove topics that exist, by their names on the broker, and return when it lists them no more: a topic that is
    recreated before that may be listed as the old one and be missing a moment later. Raises `BrokerError`.
    """
    if not names:
        return
    await client.delete_topics(list(names))
    deadline = time.monotonic() + _USABLE_SECONDS
    while left := set(names) & set(await client.list_topics()):
        if time.monotonic() > deadline:
            raise BrokerError(
                f"topics were deleted and are still there after {_USABLE_SECONDS:.0f} s: {', '.join(sorted(left))}",
                remedy="see the broker's log (delete.topic.enable), and run the command again",
            )
        await asyncio.sleep(0.1)


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
