"""What travels in one Faust event: the records one fetch brought for one partition."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

__all__ = ["Batch", "Record"]


class Record(Protocol):
    """The part of an aiokafka record that agents read."""

    @property
    def offset(self) -> int: ...

    @property
    def timestamp(self) -> int: ...  # ms

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class Batch(Struct, frozen=True):
    """Records of one partition in offset order, and the group generation in which they were fetched.

    `left` is how many more the log had behind them then, with marks of transactions; 0 where that is not known.
    """

    topic: str
    partition: int
    generation: int
    records: Sequence[Record]
    left: int = 0

    @property
    def next_offset(self) -> int:
        """The offset to commit once everything in the batch has been dealt with."""
        return self.records[-1].offset + 1
