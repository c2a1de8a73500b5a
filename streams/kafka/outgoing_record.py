"""A record that is to be written, and what a broker takes of it. Knows no client."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

__all__ = ["LARGEST_BATCH_BYTES", "OutgoingRecord", "encoded_bytes"]

LARGEST_BATCH_BYTES: Final = 1_048_588
"""What an encoded record batch may hold on a broker with Kafka's defaults (`message.max.bytes`)."""


class OutgoingRecord(Struct, frozen=True):
    """One record to write. `topic` is the plain name, without the prefix; no `partition`: the key decides."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
    partition: int | None = None


def encoded_bytes(record: OutgoingRecord) -> int:
    """The size of a record batch that holds this record alone, or up to twenty bytes more."""
    from aiokafka.record.default_records import DefaultRecordBatchBuilder  # takes its time: runs over files do without

    return int(DefaultRecordBatchBuilder.estimate_size_in_bytes(record.key, record.value, list(record.headers)))
