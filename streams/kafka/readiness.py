"""What a worker needs of its broker, looked at before it starts: topics as they must be, and transactions."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final

from streams.errors import AntiphonError
from streams.kafka.administration import TopicState, topic_faults, topic_states
from streams.kafka.checkpoints import CHANGELOGS, RECOUNT, Checkpoint, last_checkpoints
from streams.kafka.client import started_producer
from streams.kafka.failures import BrokerError, broker_errors
from streams.kafka.log_marks import LogPlace, Mark, missing_marks
from streams.settings import Settings
from streams.topic import TopicFault
from streams.topic_names import DEAD_LETTERS

__all__ = [
    "RECOUNT",
    "LogsDisagreeError",
    "require_checkpoint",
    "require_outputs",
    "require_ready",
    "require_states",
    "require_writable",
]

_log: Final = logging.getLogger(__name__)
_TRANSACTIONS_SECONDS: Final = 30.0  # the first one on a new cluster creates a topic of fifty partitions


class LogsDisagreeError(AntiphonError):
    """A state and the logs it belongs to do not agree: to go on would count wrong."""

    exit_code = 3


async def require_ready(settings: Settings) -> None:
    """Return when a worker can start. Raises `BrokerError` and `LogsDisagreeError` that name what is missing or wrong,
    and the remedy.
    """
    states = await require_writable(settings)
    if settings.transactions:
        with broker_errors(settings):
            await require_states(settings, {state.topic.name: state.partitions for state in states})


async def require_writable(settings: Settings) -> list[TopicState]:
    """Return when a collector can start: the topics are there and as they must be, and so are transactions.

    Raises `BrokerError` that names what is missing or wrong, and the remedy.
    """
    states = await topic_states(settings)
    _require_topics(states, settings)
    _require_safe(await topic_faults(settings, states))
    if settings.transactions:
        await _require_transactions(settings)
    return states


async def require_states(settings: Settings, partitions: Mapping[str, int]) -> None:
    """Compare every state's last checkpoint with the settings, the numbers of `partitions` by plain name, and the logs
    of results. Raises `LogsDisagreeError` and aiokafka's errors.
    """
    for events, changelog in CHANGELOGS.items():
        checkpoints = await last_checkpoints(settings, changelog)
        for checkpoint in checkpoints.values():
            require_checkpoint(settings, events, partitions[events], checkpoint)
        await require_outputs(settings, events, checkpoints)


def require_checkpoint(settings: Settings, events: str, partitions: int, checkpoint: Checkpoint) -> None:
    """Raises `LogsDisagreeError` where a state is another owner's or was made with another number of partitions."""
    changelog = settings.topic(CHANGELOGS[events])
    if checkpoint.owner != settings.app_id:
        raise LogsDisagreeError(
            f"the states in {changelog} belong to --app-id {checkpoint.owner!r}, and this worker is of "
            f"{settings.app_id!r}",
            remedy=f"name --app-id {checkpoint.owner}, or give this one topics of its own with --topic-prefix",
        )
    if checkpoint.partitions != partitions:
        raise LogsDisagreeError(
            f"{settings.topic(events)} has {partitions} partitions, and the states in {changelog} were made when it "
            f"had {checkpoint.partitions}: most subjects are in another partition now",
            remedy=RECOUNT,
        )


async def require_outputs(settings: Settings, events: str, checkpoints: Mapping[int, Checkpoint]) -> None:
    """Raises `LogsDisagreeError` where a log does not have the last records that a state's transactions wrote to it;
    dead letters aside, which are written again.
    """
    wanted: dict[LogPlace, set[Mark]] = {}
    for checkpoint in checkpoints.values():
        for place, mark in checkpoint.outputs().items():
            if place[0] != DEAD_LETTERS:
                wanted.setdefault(place, set()).add(mark)
    missing = await missing_marks(settings, wanted)
    if missing:
        topic, partition = min(missing)
        offset = max(mark.offset for mark in missing[topic, partition])
        raise LogsDisagreeError(
            f"{settings.topic(topic)}, partition {partition}, has lost records up to {offset} that the states "
            f"in {settings.topic(CHANGELOGS[events])} count as written ({len(missing)} partitions of results in all): "
            "the log was cut back or recreated",
            remedy=RECOUNT,
        )


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


def _require_safe(faults: Sequence[TopicFault]) -> None:
    """Raises for what would lose records or cannot work, all of it in one message; warns of what is different."""
    for fault in faults:
        if not fault.unsafe:
            _log.warning(
                "topic setting differs",
                extra={
                    "topic": fault.topic,
                    "key": fault.key,
                    "value": fault.value,
                    "wanted": fault.wanted,
                    "remedy": fault.remedy,
                },
            )
    unsafe = [fault for fault in faults if fault.unsafe]
    if unsafe:
        raise BrokerError(
            "\n".join(fault.message for fault in unsafe),
            remedy="\n".join(dict.fromkeys(fault.remedy for fault in unsafe)),
        )


async def _require_transactions(settings: Settings) -> None:
    """Open a transactional producer, as each subject store will, and close it again."""
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
