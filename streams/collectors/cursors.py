"""Cursors on the broker: how far each source was read, in the compacted topic `collector-cursors`.

A record is written in one transaction with the events before it, so it also tells whether a transaction whose end got
lost went through, and who owns the source now.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct

from streams.collectors.coverage import SourceSeen
from streams.errors import AntiphonError
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.client import consumer, start_client, started_producer
from streams.kafka.log_marks import Mark
from streams.kafka.reading import read_partition, read_topic
from streams.printable import printable
from streams.settings import Settings
from streams.topic_names import COLLECTOR_CURSORS

__all__ = [
    "BrokenCursorError",
    "CursorRecord",
    "cursor_record",
    "forget_cursor",
    "read_cursor",
    "read_cursors",
    "read_past_cursors",
]


_NEAR: Final = 1_000  # records from the end that are looked at first
_PAST: Final = 65_536  # of all sources, with the marks of transactions: an hour of a busy one
_FETCH_MS: Final = 200
_NONE: Final = msgspec.Raw(b"null")


class BrokenCursorError(AntiphonError):
    """What stands in the topic under a source's key was written by no collector."""

    exit_code = 3


class CursorRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The value of a record. `instance` names the process that wrote it (host, process id, a random part), `sequence`
    counts its transactions, and `cursor` is JSON of the source's own; `null` where it has none yet. `marks` are of the
    last record that was written to each partition up to here, by `TOPIC/PARTITION` (plain name).
    """

    instance: str
    sequence: int
    cursor: msgspec.Raw = _NONE
    seen: SourceSeen = SourceSeen()
    marks: dict[str, Mark] = {}

    @property
    def cursor_bytes(self) -> bytes | None:
        """As a source takes it."""
        return None if self.cursor == _NONE else bytes(self.cursor)


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(CursorRecord)


def cursor_record(key: bytes, record: CursorRecord) -> OutgoingRecord:
    """The record to write. Raises `ValueError` where the cursor is no JSON: nobody could read the record again."""
    try:
        msgspec.json.decode(record.cursor)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"the source of {key!r} gave a cursor that is no JSON: {error}") from error
    return OutgoingRecord(COLLECTOR_CURSORS, key, _encoder.encode(record), partition=0)


async def read_cursor(settings: Settings, key: bytes) -> CursorRecord | None:
    """The last committed record of a key, `None` where there is none.

    What was written before the call is taken into account, also behind a transaction of another collector that is still
    open: that is waited for, which takes at most until the broker ends it. Raises `BrokenCursorError` and aiokafka's
    errors.
    """
    value: bytes | None = None
    if settings.transactions:
        value = await _last_committed(settings, key)
    else:
        async for records in read_partition(settings, COLLECTOR_CURSORS, 0, 0):
            value = next((each.value for each in reversed(records) if each.key == key), value)
    if value is None:
        return None
    try:
        return _decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BrokenCursorError(
            f"the record {printable(key.decode(errors='replace'))} in {settings.topic(COLLECTOR_CURSORS)} was "
            f"written by no collector: {printable(str(error), 200)}",
            remedy="write an empty record (a tombstone) under that key: the collector then begins at the present",
        ) from error


async def read_cursors(settings: Settings) -> dict[str, CursorRecord]:
    """The last committed record of each source, by `collector/source`. What no collector wrote is left out. Raises
    aiokafka's errors and `BrokerError`.
    """
    values: dict[bytes, bytes | None] = {}
    async for record in read_topic(settings, COLLECTOR_CURSORS):
        values[record.key or b""] = record.value
    found = {}
    for key, value in values.items():
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            if value is not None:
                found[key.decode()] = _decoder.decode(value)
    return found


async def read_past_cursors(settings: Settings, key: bytes) -> list[CursorRecord]:
    """The committed records of a key that compaction has left near the end of the log, the newest first, up to where it
    was forgotten. Raises aiokafka's errors.
    """
    tp = TopicPartition(settings.topic(COLLECTOR_CURSORS), 0)
    begin, end = await _bounds(settings, tp)
    async with _reading_committed(settings, tp) as client:
        records = await _read_window(client, tp, max(begin, end - _PAST), end, key)
    found: list[CursorRecord] = []
    for record in reversed(records):
        if record.value is None:
            break
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            found.append(_decoder.decode(record.value))
    return found


async def forget_cursor(settings: Settings, key: bytes) -> None:
    """Write a tombstone: the next start of the collector has no cursor. Raises aiokafka's errors."""
    async with started_producer(settings) as client:
        await client.send_and_wait(settings.topic(COLLECTOR_CURSORS), None, key=key, partition=0)


async def _last_committed(settings: Settings, key: bytes) -> bytes | None:
    tp = TopicPartition(settings.topic(COLLECTOR_CURSORS), 0)
    begin, end = await _bounds(settings, tp)
    async with _reading_committed(settings, tp) as client:
        near, upper = _NEAR, end
        while begin < upper:
            lower = max(begin, end - near)
            found = await _read_window(client, tp, lower, upper, key)
            if found:
                value: bytes | None = found[-1].value
                return value
            upper, near = lower, near * 64
        return None


async def _bounds(settings: Settings, tp: TopicPartition) -> tuple[int, int]:
    """The first offset, and the end of the log whether or not what stands there is committed."""
    async with _assigned(consumer(settings, committed_only=False), tp) as client:
        return (await client.beginning_offsets([tp]))[tp], (await client.end_offsets([tp]))[tp]


def _reading_committed(settings: Settings, tp: TopicPartition) -> AbstractAsyncContextManager[AIOKafkaConsumer]:
    return _assigned(consumer(settings, max_partition_fetch_bytes=4_194_304, fetch_max_wait_ms=20), tp)


@asynccontextmanager
async def _assigned(client: AIOKafkaConsumer, tp: TopicPartition) -> AsyncIterator[AIOKafkaConsumer]:
    try:
        await start_client(client)
        client.assign([tp])
        yield client
    finally:
        await client.stop()


async def _read_window(client: Any, tp: TopicPartition, lower: int, upper: int, key: bytes) -> list[Any]:
    """The records of the key from `lower` up to `upper`, in order."""
    found: list[Any] = []
    client.seek(tp, lower)
    while await client.position(tp) < upper:
        records = (await client.getmany(tp, timeout_ms=_FETCH_MS)).get(tp, ())
        found += [record for record in records if record.key == key and record.offset < upper]
    return found
