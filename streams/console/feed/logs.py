"""Whether the logs on a broker are those that a store was filled from.

A topic may have been deleted and created again, or cut back by a broker that lost its newest records. Then what the
store has is not what the topics have, and it is rebuilt.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.client import consumer, start_client
from streams.kafka.log_marks import LogPlace, Mark, mark_of
from streams.settings import Settings
from streams.topics import topic_named

__all__ = ["Places", "kept_marks", "other_log", "with_mark"]

Places: TypeAlias = Mapping[LogPlace, tuple[int, bytes]]
"""How far each partition was read, and its marks, as a store keeps them."""

_MOST_MARKS: Final = 4
_FETCH_BYTES: Final = 65_536
_FETCH_MS: Final = 500
_ANSWER_SECONDS: Final = 10.0

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[Mark]).decode


def with_mark(marks: Sequence[Mark], record: Any) -> list[Mark]:
    """The marks of a partition with that of the record that was read last. An older one is kept because compaction, or
    the end of a transaction in another log, may leave nothing at the place of the newest.
    """
    return [*marks[-_MOST_MARKS + 1 :], mark_of(record)]


def kept_marks(marks: Sequence[Mark]) -> bytes:
    """The marks as a store keeps them."""
    return _encode(marks)


async def other_log(settings: Settings, places: Places, partitions: Mapping[str, int]) -> str:
    """Why the logs are others than those that were read, in words; empty where they are the same. `partitions` is what
    the broker has, by plain name. Raises aiokafka's errors.
    """
    for topic, partition in places:
        if partition >= partitions.get(topic, 0):
            return f"partition {partition} of {settings.topic(topic)} is gone"
    client = consumer(settings, committed_only=False, max_partition_fetch_bytes=_FETCH_BYTES, fetch_max_wait_ms=20)
    try:
        await start_client(client)
        tps = {TopicPartition(settings.topic(topic), number): (topic, number) for topic, number in places}
        client.assign(list(tps))
        starts, ends = await client.beginning_offsets(list(tps)), await client.end_offsets(list(tps))
        for tp, place in tps.items():
            following = places[place][0]
            if following > ends[tp]:
                return f"{tp.topic}/{tp.partition} ends at {ends[tp]}, and was read to {following}"
            if starts[tp] > following and topic_named(place[0]).compacted:
                return f"{tp.topic}/{tp.partition} begins at {starts[tp]}, and was read to {following}"
        waiting = {
            tp: marks
            for tp, place in tps.items()
            if (marks := [mark for mark in _read(places[place][1]) if starts[tp] <= mark.offset < ends[tp]])
        }
        return await _differing(client, waiting)
    finally:
        await client.stop()


async def _differing(client: AIOKafkaConsumer, waiting: dict[TopicPartition, list[Mark]]) -> str:
    """Compare the newest mark of each; an older one where nothing stands at its place."""
    while waiting:
        asked = {tp: marks.pop() for tp, marks in waiting.items()}
        for tp, mark in asked.items():
            client.seek(tp, mark.offset)
        answered: set[TopicPartition] = set()
        until = time.monotonic() + _ANSWER_SECONDS
        while len(answered) < len(asked) and time.monotonic() < until:
            pending = [tp for tp in asked if tp not in answered]
            fetched: dict[TopicPartition, list[Any]] = await client.getmany(*pending, timeout_ms=_FETCH_MS)
            for tp in pending:
                mark, records = asked[tp], fetched.get(tp)
                if records and records[0].offset == mark.offset:
                    if mark_of(records[0]) != mark:
                        return f"{tp.topic}/{tp.partition} has another record at {mark.offset} than was read there"
                    waiting.pop(tp, None)
                    answered.add(tp)
                elif records or await client.position(tp) > mark.offset:
                    answered.add(tp)  # nothing stands there any more
        waiting = {tp: marks for tp, marks in waiting.items() if marks}
    return ""


def _read(marks: bytes) -> list[Mark]:
    try:
        return sorted(_decode(marks)) if marks else []
    except msgspec.DecodeError:
        return []
