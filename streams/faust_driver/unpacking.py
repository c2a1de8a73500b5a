"""Fetched record batches, unfolded within a limit: one that is larger, or cannot be read, is one refused record.

aiokafka unpacks whatever a batch holds, and raises on what it cannot read, again after every start. Knows Kafka's
message format, version 2; what is older is aiokafka's.
"""

from collections.abc import Iterator
from contextlib import suppress
from struct import Struct as Layout
from typing import Any, Final

from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import CorruptRecordException, KafkaError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatch
from aiokafka.structs import TopicPartition
from msgspec import Struct

from streams.deadletters import Reason, Rejection
from streams.faust_driver.codecs import CannotUnpackError, unpacked
from streams.refusal import rejection

__all__ = ["RefusedBatch", "unfold_within"]

# Base offset, length of what follows it, leader epoch, magic, CRC-32C, attributes, last offset delta, first and largest
# timestamp, producer id and epoch, base sequence, count of records.
_HEADER: Final = Layout(">qiibIhiqqqhii")
_LENGTH: Final = Layout(">i")
_BEFORE_LENGTH_ENDS: Final = 12
_MAGIC_AT: Final = 16
_MAGIC: Final = 2
_CODEC_MASK: Final = 0x07
_LEAST_LEGACY_BYTES: Final = 26
_UNREADABLE: Final = (CorruptRecordException, UnicodeDecodeError, ValueError, IndexError, OverflowError, KafkaError)


class RefusedBatch(Struct, frozen=True):
    """Stands for a whole batch among the records: its bytes as they are on the broker, and why it was refused.

    `offset` is that of its last record, behind which reading goes on, `first_offset` that of the first one meant.
    """

    offset: int
    first_offset: int
    timestamp: int
    value: bytes
    refusal: Rejection
    timestamp_type: int = 0
    key: bytes | None = None
    checksum: int | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


def unfold_within(client: Any, fetcher: Any, limit_bytes: int) -> None:
    """Make an aiokafka fetcher unpack no batch beyond `limit_bytes`, nor begin another one in a call once so much has
    been unpacked in it: the rest is fetched again. A refused batch comes as one `RefusedBatch`.
    """
    budget = _Budget(limit_bytes)
    came: dict[TopicPartition, bytes] = {}
    send, fetch, hand_over = client.send, fetcher._proc_fetch_request, fetcher.fetched_records

    async def send_and_note(node_id: int, request: Any, **options: Any) -> Any:
        response = await send(node_id, request, **options)
        if isinstance(request, FetchRequest):
            for topic, partitions in response.topics:
                came.update((TopicPartition(topic, partition[0]), partition[-1] or b"") for partition in partitions)
        return response

    async def fetch_and_replace(*request: Any) -> Any:
        has_news = await fetch(*request)
        for tp, result in fetcher._records.items():
            records = came.pop(tp, None)
            # Nobody has begun to read what just came.
            if records is not None and isinstance(result, FetchResult) and result.has_more():
                result._partition_records._records = _Records(records, budget)
        came.clear()
        return has_news

    async def hand_over_within(*arguments: Any, **options: Any) -> Any:
        budget.spent_bytes = 0
        return await hand_over(*arguments, **options)

    client.send = send_and_note
    fetcher._proc_fetch_request = fetch_and_replace
    fetcher.fetched_records = hand_over_within


class _Budget:
    """How much one call may unpack, and how much it has unpacked so far."""

    __slots__ = ("limit_bytes", "spent_bytes")

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.spent_bytes = 0


class _Records:
    """The batches of one fetch and partition, in place of aiokafka's `MemoryRecords`."""

    __slots__ = ("_at", "_budget", "_end", "_records")

    def __init__(self, records: bytes, budget: _Budget) -> None:
        self._records = memoryview(records)
        self._at = 0
        self._budget = budget
        self._end = self._end_of_next()

    def has_next(self) -> bool:
        return self._end > 0 and self._budget.spent_bytes < self._budget.limit_bytes

    def next_batch(self) -> Any:
        """The next batch. A last one that was cut off, as fetches do, is none."""
        if not self._end:
            return None
        whole = self._records[self._at : self._end]
        self._at = self._end
        self._end = self._end_of_next()
        magic = whole[_MAGIC_AT] if len(whole) > _MAGIC_AT else 0
        if magic < _MAGIC:
            if len(whole) < _LEAST_LEGACY_BYTES:
                raise CorruptRecordException("a batch is shorter than any can be")
            return LegacyRecordBatch(whole, magic)
        batch = DefaultRecordBatch(whole)
        return batch if batch.is_control_batch else _Batch(whole, batch, self._budget)

    def _end_of_next(self) -> int:
        """Where the next batch ends; 0 where there is no whole one."""
        at, records = self._at, self._records
        if at + _BEFORE_LENGTH_ENDS > len(records):
            return 0
        end = at + _BEFORE_LENGTH_ENDS + int(_LENGTH.unpack_from(records, at + 8)[0])
        return end if at < end <= len(records) else 0


class _Batch:
    """A batch of records, of which nothing is unpacked before it is iterated over."""

    __slots__ = ("_batch", "_budget", "_whole", "base_offset", "is_transactional", "next_offset", "producer_id")
    is_control_batch = False

    def __init__(self, whole: memoryview, batch: Any, budget: _Budget) -> None:
        self._whole = whole
        self._batch = batch
        self._budget = budget
        self.base_offset = batch.base_offset
        self.next_offset = batch.next_offset
        self.producer_id = batch.producer_id
        self.is_transactional = batch.is_transactional

    def validate_crc(self) -> bool:
        return bool(self._batch.validate_crc())

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._unfolded()
        except CannotUnpackError as error:
            yield self._refused(self.base_offset, str(error))
        except _UNREADABLE as error:
            yield self._refused(self._first_unreadable(), f"a record cannot be read: {error}")

    def _first_unreadable(self) -> int:
        """The offset behind the last record that can be read: those before it were handed over."""
        offset = self.base_offset
        again = _Batch(self._whole, DefaultRecordBatch(self._whole), self._budget)  # a batch is gone through once
        with suppress(*_UNREADABLE):
            for record in again._unfolded():
                offset = record.offset + 1
        return int(offset)

    def _unfolded(self) -> Any:
        codec = self._batch.attributes & _CODEC_MASK
        if not codec:
            return self._batch
        records = unpacked(codec, bytes(self._whole[_HEADER.size :]), self._budget.limit_bytes)
        self._budget.spent_bytes += len(records)
        base, _length, epoch, magic, crc, attributes, *others = _HEADER.unpack_from(self._whole)
        length = _HEADER.size - _BEFORE_LENGTH_ENDS + len(records)
        header = _HEADER.pack(base, length, epoch, magic, crc, attributes & ~_CODEC_MASK, *others)
        return DefaultRecordBatch(header + records)

    def _refused(self, first_offset: int, why: str) -> RefusedBatch:
        last_offset = self.next_offset - 1
        detail = f"a batch of {len(self._whole):,} bytes, offsets {first_offset} to {last_offset}: {why}"
        return RefusedBatch(
            offset=last_offset,
            first_offset=first_offset,
            timestamp=self._batch.max_timestamp,
            value=bytes(self._whole),
            refusal=rejection(Reason.BAD_BATCH, detail),
        )
