"""Waiting until everything ingested is through every stage, on any broker, by offsets alone.

First the raw topics must be committed up to what was written. Then SCREEN's outputs are all in the log, and a marker
written to each partition of an internal topic is behind the last of them: when it is committed, so is what came before.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.core.country_event import CountryEvent, encode_country_event
from streams.core.subject_event import Coordinates, SubjectEvent, encode_subject_event
from streams.errors import AntiphonError
from streams.events import Account
from streams.kafka.administration import topic_states
from streams.kafka.client import client_options, producer
from streams.settings import Settings
from streams.topic_names import COUNTRY_EVENTS, DEAD_LETTERS, SUBJECT_EVENTS

__all__ = ["StalledError", "Watch", "wait_for_commits", "wait_until_drained"]

_POLL_SECONDS: Final = 0.2
# Longer than a worker takes to find out that it is stuck, and then to be told apart from one that only starts.
_STALLED_SECONDS: Final = 180.0
_SOURCE: Final = Coordinates("marker", 0, 0)

Watch = Callable[[int], None]
"""Called at every look with the number of records still to be dealt with; raises to give up (a dead worker, say)."""


class StalledError(AntiphonError):
    """For minutes nothing was committed of what is left."""

    exit_code = 4


async def wait_until_drained(
    settings: Settings, written: Mapping[tuple[str, int], int], watch: Watch, *, newest_us: int = 1
) -> None:
    """Return when all of `written` (next offset by plain topic name and partition) is through the settings' agents.

    `newest_us` is the time of the newest event written (µs): WATCH is told that time has come so far. Waits as long as
    `watch` does not raise; does not join the workers' group. Raises `StalledError` when nothing moves for 180 s.
    """
    group = AIOKafkaConsumer(**client_options(settings), group_id=settings.group, enable_auto_commit=False)
    await group.start()
    try:
        raw = {tp: end for tp, end in written.items() if tp[0] != DEAD_LETTERS}
        await _wait(group, settings, raw, watch)
        for topic, marker in _markers(newest_us):
            await _wait(group, settings, await _mark(settings, topic, marker), watch)
    finally:
        await group.stop()


async def wait_for_commits(settings: Settings, targets: Mapping[tuple[str, int], int], watch: Watch) -> None:
    """Return when the workers have committed these offsets (by plain topic name and partition).

    Raises `StalledError` as `wait_until_drained` does.
    """
    group = AIOKafkaConsumer(**client_options(settings), group_id=settings.group, enable_auto_commit=False)
    await group.start()
    try:
        await _wait(group, settings, targets, watch)
    finally:
        await group.stop()


def _markers(newest_us: int) -> Iterator[tuple[str, bytes]]:
    """What to write behind what, in this order: WATCH's withdrawals go to TRACK, whose word on a suspended subject goes
    back to WATCH, which then says nothing more to TRACK.
    """
    to_watch = CountryEvent(
        kind="tick", country="", platform="antiphon", event_id="end-of-input", at_us=newest_us, source=_SOURCE
    )
    to_track = SubjectEvent(
        kind="marker",
        platform="antiphon",
        event_id="end-of-input",
        at_us=1,
        subject=Account(id="marker"),
        source=_SOURCE,
    )
    yield COUNTRY_EVENTS, encode_country_event(to_watch)
    yield SUBJECT_EVENTS, encode_subject_event(to_track)
    yield COUNTRY_EVENTS, encode_country_event(to_watch)


async def _wait(
    group: AIOKafkaConsumer, settings: Settings, targets: Mapping[tuple[str, int], int], watch: Watch
) -> None:
    open_targets = dict(targets)
    seen: dict[tuple[str, int], int] = {}
    moved = time.monotonic()
    group.assign([TopicPartition(settings.topic(topic), partition) for topic, partition in open_targets])
    while open_targets:
        left: dict[tuple[str, int], int] = {}
        for (topic, partition), end in list(open_targets.items()):
            committed = await group.committed(TopicPartition(settings.topic(topic), partition)) or 0
            if committed >= end:
                del open_targets[(topic, partition)]
            else:
                left[topic, partition] = end - committed
        watch(sum(left.values()))
        if left != seen:
            seen, moved = left, time.monotonic()
        elif time.monotonic() - moved > _STALLED_SECONDS:
            raise _stalled(left)
        if open_targets:
            await asyncio.sleep(_POLL_SECONDS)


def _stalled(left: Mapping[tuple[str, int], int]) -> StalledError:
    (topic, partition), count = max(left.items(), key=lambda item: item[1])
    others = f", and of {len(left) - 1} more partitions" if len(left) > 1 else ""
    return StalledError(
        f"nothing moved for {_STALLED_SECONDS:.0f} s: {count} records of {topic}, partition {partition}{others} remain",
        remedy="look at what the workers last said; what is not committed is read again by the next one",
    )


async def _mark(settings: Settings, topic: str, marker: bytes) -> dict[tuple[str, int], int]:
    partitions = next(state.partitions for state in await topic_states(settings) if state.topic.name == topic)
    client = producer(settings)
    await client.start()
    try:
        sent = [await client.send_and_wait(settings.topic(topic), marker, partition=p) for p in range(partitions)]
    finally:
        await client.stop()
    return {(topic, metadata.partition): metadata.offset + 1 for metadata in sent}
