"""Idempotency keys: which batches Kafka has, by the senders' own keys, so that one sent again is not written again."""

from collections import OrderedDict
from hashlib import sha256
from itertools import islice
from typing import Final

import msgspec

__all__ = ["KEPT_KEYS", "KeyReusedError", "RecentKeys", "digest_of"]

KEPT_KEYS: Final = 200
"""How many the cursor has: those survive a restart."""
_REMEMBERED: Final = 10_000


class KeyReusedError(Exception):
    """The key was used for another body."""


class RecentKeys:
    """The newest keys with the bodies that they stood for, both as digests. The oldest are forgotten."""

    def __init__(self) -> None:
        self._bodies: OrderedDict[str, str] = OrderedDict()

    def has(self, key: str, body: str) -> bool:
        """Whether this batch came before. Raises `KeyReusedError`."""
        known = self._bodies.get(key)
        if known is not None and known != body:
            raise KeyReusedError
        return known is not None

    def add(self, key: str, body: str) -> None:
        """It is on its way to Kafka."""
        self._bodies[key] = body
        while len(self._bodies) > _REMEMBERED:
            self._bodies.popitem(last=False)

    def encoded(self) -> bytes:
        """As JSON, for the cursor: the newest ones."""
        newest = list(islice(reversed(self._bodies.items()), KEPT_KEYS))
        return msgspec.json.encode([key + body for key, body in reversed(newest)])

    def restore(self, encoded: bytes) -> None:
        """Take those of a cursor for older than what is known here."""
        mine = list(self._bodies.items())
        self._bodies.clear()
        for pair in msgspec.json.decode(encoded, type=list[str]):
            half = len(pair) // 2
            self.add(pair[:half], pair[half:])
        for key, body in mine:
            self.add(key, body)


def digest_of(data: bytes) -> str:
    """96 bits of it."""
    return sha256(data).hexdigest()[:24]
