"""When a suspension was: between which times, from the notices of it and from when the account was seen.

A time of noticing is a bound, not the event, and a day is a day. Whoever was seen was there. Owns what follows from
these.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from msgspec import Struct

from streams.core.clock import DAY_US, SECOND_US
from streams.core.gone import Sightings, is_gone
from streams.events import Precision, SuspensionStatus

__all__ = ["SLACK_US", "NoticeTimes", "TimedNotice", "earliest_us", "latest_times", "more_precise", "times_of"]

SLACK_US: Final = 60 * SECOND_US
"""So soon after a notice a sighting proves nothing: the services of a platform do not learn of it at one moment."""

_RANKS: Final[dict[Precision | None, int]] = {None: 0, "noticed": 1, "day": 2, "exact": 3}


class TimedNotice(Protocol):
    """What is read of a suspension notice."""

    @property
    def at_us(self) -> int: ...
    @property
    def status(self) -> SuspensionStatus: ...
    @property
    def precision(self) -> Precision | None: ...


class NoticeTimes(Struct, frozen=True):
    """Between which times (µs, both included) that happened of which a notice speaks; `None` where nothing bounds it.

    `seen_again_us`: the account was there so long after a notice that it was gone, and before the next notice. Then it
    was gone later, or back by then.
    """

    not_before_us: int | None
    not_after_us: int
    seen_again_us: int | None = None


def more_precise(one: Precision | None, other: Precision | None) -> Precision | None:
    """The better of what two reports of one notice say."""
    return max(one, other, key=lambda precision: _RANKS[precision])


def earliest_us(notice: TimedNotice) -> int | None:
    """The first time at which it may have happened, by the notice alone."""
    match notice.precision:
        case "exact":
            return notice.at_us
        case "day":
            return notice.at_us // DAY_US * DAY_US
        case _:
            return None


def latest_times(notices: Sequence[TimedNotice]) -> list[int]:
    """The last time at which each may have happened: with its day, and never after the next one."""
    found: list[int] = []
    for notice in reversed(notices):
        last_us = notice.at_us
        if notice.precision == "day":
            last_us = (notice.at_us // DAY_US + 1) * DAY_US - 1
            if found:
                last_us = min(last_us, found[-1])
        found.append(last_us)
    found.reverse()
    return found


def times_of(notices: Sequence[TimedNotice], seen: Sightings) -> list[NoticeTimes]:
    """When each of the notices, which are in the order of time, can have happened."""
    latest = latest_times(notices)
    found: list[NoticeTimes] = []
    for index, notice in enumerate(notices):
        gone = is_gone(notice.status)
        least = [earliest_us(notice)]
        most_us, again_us = latest[index], None
        before = notices[index - 1] if index else None
        if before is not None and is_gone(before.status) is not gone:
            known_us = earliest_us(before)
            least.append(before.at_us if known_us is None else known_us)
        if gone:
            least.append(seen.last_until(most_us))
            again_us = seen.first_after(most_us + SLACK_US)
            if again_us is not None and index + 1 < len(notices) and again_us >= latest[index + 1]:
                again_us = None
        elif notice.precision != "exact" and before is not None and is_gone(before.status):
            first_us = seen.first_after(latest[index - 1] + SLACK_US)
            most_us = most_us if first_us is None else min(most_us, first_us)
        known = [at_us for at_us in least if at_us is not None and at_us <= most_us]
        found.append(NoticeTimes(max(known, default=None), most_us, again_us))
    return found
