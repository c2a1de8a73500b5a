"""Which partition a key belongs to: as Java's clients and aiokafka choose it, remembered for keys that come again.

aiokafka's murmur2 is Python and takes 10 µs for a key; each subject's key is written to four topics, again and again.
"""

import random
from functools import lru_cache
from typing import Final

from aiokafka.partitioner import murmur2

__all__ = ["partition_of"]

_REMEMBERED_KEYS: Final = 32_768  # about 6 MB
_POSITIVE: Final = 0x7FFFFFFF  # Java's hash is signed; its clients clear the sign


def partition_of(key: bytes | None, partitions: int) -> int:
    """The partition of a key among `partitions` (at least one), numbered from 0; any for a record without a key."""
    if key is None:
        return random.randrange(partitions)  # noqa: S311  # spreads records, guards nothing
    return _hash(key) % partitions


@lru_cache(maxsize=_REMEMBERED_KEYS)
def _hash(key: bytes) -> int:
    return int(murmur2(key)) & _POSITIVE
