"""Log marks: the fingerprint of a record at its offset, by which a log is known again.

A log that was cut back (the broker lost its newest records) or recreated does not have the record of a mark any more,
even where it has grown past its offset since. A log that has it has everything before it as well.
"""

from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import Any, Final, TypeAlias

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct

from streams.faust_driver.batches import Record
from streams.kafka.client import consumer, start_client
from streams.kafka.failures import BrokerError
from streams.settings import Settings

__all__ = ["LogPlace", "Mark", "mark_of", "mark_written", "missing_marks", "newer", "open_transactions"]

_DIGEST_BYTES: Final = 8
_FETCH_BYTES: Final = 65_536  # one record is looked at; a larger one is sent whole
_FETCH_MS: Final = 1_000
_MOST_SILENT_FETCHES: Final = 30
_UNKNOWN: Final = -1
# Of these a record may be gone by compaction although it was the last that its writer wrote: evidence expires, and one
# event may be written by two workers. A log without the record that goes on behind it has not been cut back.
_DELETED_BY_KEY: Final = frozenset({"evidence"})

LogPlace: TypeAlias = tuple[str, int]
"""A topic (plain name) and a partition of it."""


class Mark(Struct, frozen=True, array_like=True, order=True):
    """A record: its offset, its time in ms (-1: written by us, the broker decides), a digest of its key and value."""

    offset: int
    timestamp: int
    digest: bytes


def mark_of(record: Record) -> Mark:
    """The mark of a record that was read."""
    return Mark(record.offset, record.timestamp, _digest(record.key, record.value))


def mark_written(offset: int, key: bytes | None, value: bytes | None) -> Mark:
    """The mark of a record that the broker has acknowledged at this offset."""
    return Mark(offset, _UNKNOWN, _digest(key, value))


def newer(marks: dict[LogPlace, Mark], others: Mapping[LogPlace, Mark]) -> None:
    """Put the later mark of each place into `marks`."""
    for place, mark in others.items():
        known = marks.get(place)
        if known is None or mark.offset >= known.offset:
            marks[place] = mark


async def open_transactions(settings: Settings, places: Collection[LogPlace]) -> dict[LogPlace, tuple[int, int]]:
    """Where a transaction is under way: its first offset, which readers do not pass, and the end of the log.

    Raises aiokafka's errors.
    """
    tps = {TopicPartition(settings.topic(topic), number): (topic, number) for topic, number in places}
    ends: list[dict[TopicPartition, int]] = []
    for committed_only in (False, True):  # so that what is written meanwhile does not look open
        client = consumer(settings, committed_only=committed_only)
        try:
            await start_client(client)
            ends.append(await client.end_offsets(list(tps)))
        finally:
            await client.stop()
    written, stable = ends
    return {place: (stable[tp], written[tp]) for tp, place in tps.items() if stable[tp] < written[tp]}


def _digest(key: bytes | None, value: bytes | None) -> bytes:
    digest = blake2b(len(key or b"").to_bytes(4), digest_size=_DIGEST_BYTES)
    digest.update(key or b"")
    digest.update(value or b"")
    return digest.digest()


async def missing_marks(
    settings: Settings, wanted: Mapping[LogPlace, Collection[Mark]]
) -> dict[LogPlace, frozenset[Mark]]:
    """The marks that the logs do not have, by place; places whose logs have all of theirs are not named.

    What retention removed is not missing: it was there for its time. Raises `BrokerError` after 30 s without an answer,
    and aiokafka's errors.
    """
    missing: dict[LogPlace, frozenset[Mark]] = {}
    waiting = {place: sorted(marks) for place, marks in wanted.items() if marks}
    if not waiting:
        return missing
    client = consumer(settings, committed_only=False, max_partition_fetch_bytes=_FETCH_BYTES, fetch_max_wait_ms=20)
    try:
        await start_client(client)
        while waiting:  # the newest of each: where that is there, so are the older ones
            newest = {place: marks.pop() for place, marks in waiting.items()}
            absent = await _absent(client, settings, newest)
            for place in absent:
                missing[place] = missing.get(place, frozenset()) | {newest[place]}
            waiting = {place: marks for place, marks in waiting.items() if place in absent and marks}
    finally:
        await client.stop()
    return missing


async def _absent(client: AIOKafkaConsumer, settings: Settings, marks: Mapping[LogPlace, Mark]) -> set[LogPlace]:
    places: dict[TopicPartition, LogPlace] = {}
    absent: set[LogPlace] = set()
    counts: dict[str, int] = {}
    for topic, partition in marks:
        if topic not in counts:
            counts[topic] = len(await client._client._wait_on_metadata(settings.topic(topic)))
        if partition < counts[topic]:
            places[TopicPartition(settings.topic(topic), partition)] = (topic, partition)
        else:
            absent.add((topic, partition))
    client.assign(list(places))
    starts = await client.beginning_offsets(list(places))
    ends = await client.end_offsets(list(places))
    pending: set[TopicPartition] = set()
    for tp, place in places.items():
        offset = marks[place].offset
        client.seek(tp, max(offset, starts[tp]))
        if offset >= ends[tp]:
            absent.add(place)
        elif offset >= starts[tp]:
            pending.add(tp)
    silent = 0
    while pending:
        fetched: dict[TopicPartition, list[Any]] = await client.getmany(*pending, timeout_ms=_FETCH_MS)
        before = len(pending)
        for tp in list(pending):
            mark = marks[places[tp]]
            records = fetched.get(tp)
            may_be_deleted = places[tp][0] in _DELETED_BY_KEY
            if records:
                pending.discard(tp)
                if not _agrees(records[0], mark) and not (may_be_deleted and records[0].offset > mark.offset):
                    absent.add(places[tp])
            elif await client.position(tp) > mark.offset:  # only the mark of a transaction's end stands there
                pending.discard(tp)
                if not may_be_deleted:
                    absent.add(places[tp])
        silent = 0 if len(pending) < before else silent + 1
        if silent > _MOST_SILENT_FETCHES:
            raise BrokerError(
                f"the broker at {settings.broker} does not show {len(pending)} records that are to be compared",
                remedy="see the broker's log, and try again",
            )
    return absent


def _agrees(record: Any, mark: Mark) -> bool:
    return (
        record.offset == mark.offset
        and mark.timestamp in (_UNKNOWN, record.timestamp)
        and _digest(record.key, record.value).startswith(mark.digest)
    )
