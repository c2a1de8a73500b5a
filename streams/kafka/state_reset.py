"""Recounting: the internal topics and the results are recreated, empty, and the raw topics are read from their
beginning.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError

from streams.core.enriched_topics import ENRICHED_TOPICS
from streams.events import RAW_TOPICS
from streams.kafka.administration import TopicState, create_topics, remove_topics, topic_states
from streams.kafka.client import admin, client_options
from streams.kafka.failures import BrokerError, broker_errors
from streams.settings import Settings
from streams.topic_names import COUNTRY_EVENTS, COUNTRY_LEDGER, SUBJECT_EVENTS, SUBJECT_STATES, TRACKED_ACCOUNTS

__all__ = ["RESULTS", "STATES", "reset_states"]

STATES: Final = (SUBJECT_EVENTS, SUBJECT_STATES, COUNTRY_EVENTS, COUNTRY_LEDGER, TRACKED_ACCOUNTS, "canaries")
RESULTS: Final = tuple(topic.name for topic in ENRICHED_TOPICS)
_GONE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.2


async def reset_states(
    settings: Settings, *, partitions: Mapping[str, int] | None = None, keep_results: bool = False
) -> list[TopicState]:
    """Recreate the topics of states and results, with the partitions and replicas that they had unless told otherwise,
    and set the group back to the beginning of the raw topics. Returns the state of all topics afterwards.

    May be broken off and run again at any point: the group goes back first. Raises `BrokerError`, also where the group
    still has members.
    """
    await _require_no_workers(settings)
    present = {state.topic.name: state for state in await topic_states(settings) if state.partitions}
    await _go_back(settings, [present[name] for name in RAW_TOPICS.values() if name in present])
    doomed = [name for name in (*STATES, *(() if keep_results else RESULTS)) if name in present]
    async with admin(settings) as client:
        described = await client.describe_topics([present[name].name for name in doomed]) if doomed else []
        replicas = max((len(part["replicas"]) for entry in described for part in entry["partitions"]), default=1)
        await remove_topics(client, [present[name].name for name in doomed])
    counts = {name: present[name].partitions for name in doomed} | dict(partitions or {})
    return await create_topics(settings, partitions=counts, replication=replicas)


async def _require_no_workers(settings: Settings) -> None:
    async with admin(settings) as client:
        members = 0
        for response in await _described(client, settings.group):
            for group in response.groups:
                members += len(group[5])
    if members:
        raise BrokerError(
            f"the group {settings.group} still has {members} members",
            remedy="stop all workers first; one that was killed stays a member for session_timeout_seconds",
        )


async def _described(client: Any, group: str) -> list[Any]:
    """A broker on which there never was a group makes a topic for them first."""
    deadline = time.monotonic() + _GONE_SECONDS
    while True:
        try:
            return list(await client.describe_consumer_groups([group]))
        except (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(_LOOK_SECONDS)


async def _go_back(settings: Settings, raw: list[TopicState]) -> None:
    client = AIOKafkaConsumer(**client_options(settings), group_id=settings.group, enable_auto_commit=False)
    with broker_errors(settings):
        try:
            await client.start()
            tps = [TopicPartition(state.name, number) for state in raw for number in range(state.partitions)]
            if tps:
                client.assign(tps)
                await client.commit(dict.fromkeys(tps, 0))
        finally:
            await client.stop()
