"""Which partition a key belongs to: as Java's clients and aiokafka choose it, remembered for keys that come again.

aiokafka's murmur2 goes through a key byte by byte, in Python, and takes twice as long. Each subject's key is written to
four topics, again and again.
"""

import random
from functools import lru_cache
from struct import unpack_from
from typing import Final

__all__ = ["partition_of"]

_REMEMBERED_KEYS: Final = 32_768  # about 6 MB
_SEED: Final = 0x9747B28C
_MIX: Final = 0x5BD1E995
_WORD: Final = 0xFFFFFFFF
_POSITIVE: Final = 0x7FFFFFFF  # Java's hash is signed; its clients clear the sign


def partition_of(key: bytes | None, partitions: int) -> int:
    """The partition of a key among `partitions` (at least one), numbered from 0; any for a record without a key."""
    if key is None:
        return random.randrange(partitions)  # noqa: S311  # spreads records, guards nothing
    return _hash(key) % partitions


@lru_cache(maxsize=_REMEMBERED_KEYS)
def _hash(key: bytes) -> int:
    """MurmurHash2 of 32 bits, without the sign."""
    size = len(key)
    value = _SEED ^ size
    for word in unpack_from(f"<{size >> 2}I", key):
        word = word * _MIX & _WORD
        value = (value * _MIX & _WORD) ^ ((word ^ word >> 24) * _MIX & _WORD)
    if size & 3:
        value = (value ^ int.from_bytes(key[size & ~3 :], "little")) * _MIX & _WORD
    value = (value ^ value >> 13) * _MIX & _WORD
    return (value ^ value >> 15) & _POSITIVE
