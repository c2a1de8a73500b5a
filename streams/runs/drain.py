"""Waiting until everything ingested is through both stages, on any broker, by offsets alone.

First the raw topics must be committed up to what was written. Then SCREEN's outputs are all in the log, and a marker
written to each `subject-events` partition is behind the last of them: when TRACK has committed the markers, it is over.
"""

import asyncio
from collections.abc import Callable, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.brokers.administration import topic_states
from streams.brokers.client import client_options, producer
from streams.core.subject_event import Coordinates, SubjectEvent, encode_subject_event
from streams.events import Account
from streams.settings import Settings

__all__ = ["wait_until_through"]

_POLL_SECONDS = 0.2

Watch = Callable[[int], None]
"""Called at every look with the number of records still to be dealt with; raises to give up (a dead worker, say)."""


async def wait_until_through(settings: Settings, written: Mapping[tuple[str, int], int], watch: Watch) -> None:
    """Return when all of `written` (next offset by plain topic name and partition) has been screened and tracked.

    Waits as long as `watch` does not raise; does not join the workers' group.
    """
    group = AIOKafkaConsumer(**client_options(settings), group_id=settings.group, enable_auto_commit=False)
    await group.start()
    try:
        raw = {tp: end for tp, end in written.items() if tp[0] != "dead-letters"}
        await _wait_for_commits(group, settings, raw, watch)
        await _wait_for_commits(group, settings, await _write_markers(settings), watch)
    finally:
        await group.stop()


async def _wait_for_commits(
    group: AIOKafkaConsumer, settings: Settings, targets: Mapping[tuple[str, int], int], watch: Watch
) -> None:
    open_targets = dict(targets)
    group.assign([TopicPartition(settings.topic(topic), partition) for topic, partition in open_targets])
    while open_targets:
        remaining = 0
        for (topic, partition), end in list(open_targets.items()):
            committed = await group.committed(TopicPartition(settings.topic(topic), partition)) or 0
            if committed >= end:
                del open_targets[(topic, partition)]
            remaining += max(0, end - committed)
        watch(remaining)
        if open_targets:
            await asyncio.sleep(_POLL_SECONDS)


async def _write_markers(settings: Settings) -> dict[tuple[str, int], int]:
    name = "subject-events"
    partitions = next(state.partitions for state in await topic_states(settings) if state.topic.name == name)
    marker = encode_subject_event(
        SubjectEvent(
            kind="marker",
            platform="antiphon",
            event_id="end-of-input",
            at_us=1,
            subject=Account(id="marker"),
            source=Coordinates("marker", 0, 0),
        )
    )
    client = producer(settings)
    await client.start()
    try:
        sent = [await client.send_and_wait(settings.topic(name), marker, partition=p) for p in range(partitions)]
    finally:
        await client.stop()
    return {(name, metadata.partition): metadata.offset + 1 for metadata in sent}
