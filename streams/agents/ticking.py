"""When SCREEN tells WATCH how far event time has come, and how. No clock, no broker: times come in."""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from streams.brokers.outbox import OutgoingRecord
from streams.core.clock import SECOND_US, to_us
from streams.core.state_event import StateEvent, encode_state_event
from streams.core.subject_event import Coordinates
from streams.events import Utc
from streams.refusal import DECODE_ERRORS

__all__ = ["Ticker", "event_time_us", "ticks"]

_STEP_US: Final = 3_600 * SECOND_US  # nothing WATCH decides needs event time finer than an hour
_LEAST_SECONDS: Final = 1.0  # in a replay hours pass in moments
_IDLE_SECONDS: Final = 600.0


class Ticker:
    """Follows the newest event time, all in µs; `now_seconds` is a monotonic clock, `now_us` the time of day."""

    def __init__(self, now_seconds: float) -> None:
        self._newest_us = 0
        self._told_us = 0
        self._told_seconds = float("-inf")
        self._heard_seconds = now_seconds

    def hear(self, newest_us: int | None, now_seconds: float) -> None:
        """A batch arrived, with events up to that time as far as is known."""
        self._heard_seconds = now_seconds
        if newest_us is not None:
            self._newest_us = max(self._newest_us, newest_us)

    def due(self, now_seconds: float, now_us: int) -> int | None:
        """The time to tell now, or `None`: an hour of event time after the last one; the clock's where nothing came."""
        if now_seconds - self._told_seconds < _LEAST_SECONDS:
            return None
        if now_seconds - self._heard_seconds >= _IDLE_SECONDS:
            self._heard_seconds = now_seconds
            self._newest_us = max(self._newest_us, now_us)
        elif self._newest_us < self._told_us + _STEP_US:
            return None
        self._told_us, self._told_seconds = self._newest_us, now_seconds
        return self._told_us


class _Time(Struct, gc=False):
    at: Utc


_decode: Final = msgspec.json.Decoder(_Time).decode


def event_time_us(payload: bytes | None, latest_us: int) -> int | None:
    """The time of one raw event, without a look at anything else in it; `None` for none, or one later than `latest_us`.

    Never raises on anything a stranger can send.
    """
    try:
        at_us = to_us(_decode(payload or b"").at)
    except DECODE_ERRORS:
        return None
    return at_us if 0 < at_us <= latest_us else None


def ticks(at_us: int, partitions: int) -> Iterator[OutgoingRecord]:
    """One tick for each partition of `state-events`."""
    event = StateEvent(
        kind="tick",
        state="",
        platform="antiphon",
        event_id=f"tick-{at_us}",
        at_us=at_us,
        source=Coordinates("tick", 0, 0),
    )
    for partition in range(partitions):
        yield OutgoingRecord("state-events", None, encode_state_event(event), (), partition)
