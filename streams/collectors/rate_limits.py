"""How long to wait before the next request to a host, by what its own headers say. Pure: the clock is passed in."""

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["HostLimit"]

# A reset as a moment, as Bluesky's hosts write it, or in seconds from now, as the IETF's draft has it: no window is 30
# years long, and no moment is that near to 1970.
_SURELY_A_MOMENT: Final = 1_000_000_000.0
# What a server may ask for at most, whatever it writes. Bluesky's longest window is a day.
_LONGEST_SECONDS: Final = 86_400.0
_WITHOUT_WORD_SECONDS: Final = 60.0  # after a 429 that does not say how long
_TIGHT: Final = 0.25  # of the limit: what remains is spread over the rest of the window from there on


class HostLimit:
    """What one host lets us ask. Times are seconds of a monotonic clock."""

    __slots__ = ("_next", "_spacing", "_until")

    def __init__(self) -> None:
        self._next = 0.0
        self._until = 0.0
        self._spacing = 0.0

    def wait_seconds(self, now: float) -> float:
        """How long no request may be made; 0 where one may be made now."""
        return max(0.0, self._next - now)

    def asked(self, now: float) -> None:
        """A request is being made."""
        if now < self._until:
            self._next = max(self._next, now + self._spacing)

    def answered(self, status: int, headers: Mapping[str, str], now: float, clock: float) -> None:
        """An answer came. `clock` is the Unix time here: it counts where the answer has no date of its own."""
        dated = _date(headers.get("Date"))
        reset = _reset(headers.get("RateLimit-Reset"), clock if dated is None else dated)
        if status == 429:
            asked = _retry_after(headers.get("Retry-After"), clock if dated is None else dated)
            said = [each for each in (asked, reset) if each is not None]
            wait = max(said) if said else _WITHOUT_WORD_SECONDS
            self._next = max(self._next, now + min(max(wait, 1.0), _LONGEST_SECONDS))
            return
        limit, remaining = _count(headers.get("RateLimit-Limit")), _count(headers.get("RateLimit-Remaining"))
        if limit is None or remaining is None or reset is None:
            return
        reset = min(reset, _LONGEST_SECONDS)
        self._until = now + reset
        if remaining <= 0:
            self._next = max(self._next, now + reset)
        self._spacing = reset / (remaining + 1) if remaining < limit * _TIGHT else 0.0


def _count(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _reset(text: str | None, server_time: float) -> float | None:
    value = _count(text)
    if value is not None and value >= _SURELY_A_MOMENT:
        return max(0.0, value - server_time)
    return value


def _retry_after(text: str | None, server_time: float) -> float | None:
    value = _count(text)
    if value is not None:
        return value
    moment = _date(text)
    return None if moment is None else max(0.0, moment - server_time)


def _date(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
