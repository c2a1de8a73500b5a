"""What a client may do: how often, and with which token. Pure but for the clock that is passed in."""

import hmac
from base64 import b64decode
from binascii import Error as Base64Error
from hashlib import sha256
from typing import Final

from streams.setting_sources import Secret

__all__ = ["Bucket", "knows_token"]

_LONGEST: Final = 4_096  # characters of a header that are looked at


class Bucket:
    """So many a second, and as many at once as come in two. Times are seconds of a monotonic clock."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._most = max(1.0, 2 * per_second)
        self._left = self._most
        self._at = 0.0

    def wait_seconds(self, now: float, *, take: bool = True) -> float:
        """Take one, 0; or how long there is none. Without `take` only look."""
        self._left = min(self._most, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left >= 1:
            self._left -= take
            return 0.0
        return (1 - self._left) / self._per_second


def knows_token(authorization: str, token: Secret) -> bool:
    """Whether the header `Authorization` has the token: as a bearer, or as a password of whatever user.

    How long it takes says nothing of the token.
    """
    scheme, _, given = authorization[:_LONGEST].partition(" ")
    given = given.strip()
    if scheme.lower() == "basic":
        try:
            given = b64decode(given, validate=True).decode("utf-8", "replace").partition(":")[2]
        except (Base64Error, ValueError):
            given = ""
    elif scheme.lower() != "bearer":
        given = ""
    return hmac.compare_digest(_digest(given), _digest(token))


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogateescape")).digest()
