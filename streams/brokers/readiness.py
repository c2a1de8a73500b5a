"""What a worker needs of its broker, looked at before it starts: topics as they must be, and transactions."""

import asyncio
from collections.abc import Sequence
from typing import Final

from streams.brokers.administration import TopicState, cleanup_policies, topic_states
from streams.brokers.client import started_producer
from streams.brokers.failures import BrokerError
from streams.settings import Settings

__all__ = ["require_ready"]

_TRANSACTIONS_SECONDS: Final = 30.0  # the first one on a new cluster creates a topic of fifty partitions


async def require_ready(settings: Settings) -> None:
    """Return when a worker can start. Raises `BrokerError` that names what is missing or wrong, and the remedy."""
    states = await topic_states(settings)
    _require_topics(states, settings)
    _require_partitions({state.topic.name: state for state in states})
    _require_compaction(states, await cleanup_policies(settings))
    if settings.transactions:
        await _require_transactions(settings)


def _require_topics(states: Sequence[TopicState], settings: Settings) -> None:
    missing = [state.name for state in states if not state.partitions]
    if missing:
        what = f"the topic{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
        if len(missing) == len(states):
            what = f"every one of Antiphon's topics ({missing[0]} … {missing[-1]})"
        raise BrokerError(
            f"the broker at {settings.broker} lacks {what}",
            remedy="run `antiphon topics create`, or name another --broker or --topic-prefix",
        )


def _require_partitions(states: dict[str, TopicState]) -> None:
    for agent, events, changelog in (
        ("TRACK", states["subject-events"], states["subject-states"]),
        ("WATCH", states["state-events"], states["state-ledger"]),
    ):
        if events.partitions != changelog.partitions:
            raise BrokerError(
                f"{events.name} has {events.partitions} partitions and {changelog.name} has {changelog.partitions}; "
                f"{agent} keeps what it knows of a partition of the first in the same partition of the second",
                remedy="delete both and run `antiphon topics create`; what they hold is lost then, and found anew from "
                "the raw topics",
            )
    officials, tracked = states["officials"], states["tracked-accounts"]
    if officials.partitions != 1:
        raise BrokerError(
            f"{officials.name} has {officials.partitions} partitions; the roster needs exactly one, to stay in order",
            remedy=f"delete {officials.name}, run `antiphon topics create` and publish the roster again",
        )
    notifications = states["notifications"]
    if notifications.partitions != 1:
        raise BrokerError(
            f"{notifications.name} has {notifications.partitions} partitions; it needs exactly one, for one worker "
            "at a time notifies",
            remedy=f"delete {notifications.name} and run `antiphon topics create`; open alerts may be told again then",
        )
    if tracked.partitions != 1:
        raise BrokerError(
            f"{tracked.name} has {tracked.partitions} partitions; workers read one, all of it",
            remedy=f"delete {tracked.name} and run `antiphon topics create`",
        )


def _require_compaction(states: Sequence[TopicState], policies: dict[str, str]) -> None:
    """A compacted topic that the broker created by itself is cleaned up by age: states would be lost after a week."""
    for state in states:
        policy = policies.get(state.topic.name)
        if state.topic.compacted and policy is not None and policy != "compact":
            raise BrokerError(
                f"{state.name} is cleaned up by `{policy}` and not by `compact`: old records would be lost",
                remedy=f"set it: kafka-configs --alter --entity-type topics --entity-name {state.name} "
                "--add-config cleanup.policy=compact",
            )


async def _require_transactions(settings: Settings) -> None:
    """Open a transactional producer, as each shard will, and close it again."""
    try:
        async with (
            asyncio.timeout(_TRANSACTIONS_SECONDS),
            started_producer(settings, transactional_id=f"{settings.group}-check"),
        ):
            pass
    except TimeoutError as error:
        raise BrokerError(
            f"the broker at {settings.broker} opened no transaction within {_TRANSACTIONS_SECONDS:.0f} s",
            remedy="see its log; a cluster of one needs transaction.state.log.replication.factor=1 and "
            "transaction.state.log.min.isr=1",
        ) from error
