"""What became of an amplification that is gone: taken back, gone with its original or with the official, or unknown.

A platform that suspends an account removes its posts, and with them every retweet of them. Whoever looks what is still
there sees only that a retweet is gone, and a notice of the suspension is an upper bound: it comes hours to weeks late.
Owns what follows from the times of notices and of sightings.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from streams.core.clock import DAY_US, StoredInt
from streams.events import SuspensionStatus

__all__ = [
    "FOLLOWS_US",
    "LOOK_BACK_US",
    "Absence",
    "Deleted",
    "RemovalReason",
    "Sightings",
    "absences_of",
    "capped_absences",
    "is_gone",
    "was_gone_at",
]

LOOK_BACK_US: Final = 14 * DAY_US
"""How long before a notice its account may have been gone already. Notices come hours to weeks late."""
FOLLOWS_US: Final = 30 * DAY_US
"""How long after an account was closed its posts may still disappear: what platforms say of closed accounts."""


class Absence(Struct, frozen=True, array_like=True):
    """A span for which an account and its posts were gone: from `from_us` to `until_us`, `None` while it lasts (µs).

    From `doubtful_us` to `from_us` nobody knows: notices are late.
    """

    doubtful_us: StoredInt
    """Since when nobody knows whether it was there, in µs since 1970 UTC."""
    from_us: StoredInt
    """Since when it was gone, in µs since 1970 UTC."""
    until_us: StoredInt | None = None
    """Until when, in µs since 1970 UTC; null while it lasts."""


class RemovalReason(StrEnum):
    """Why something is gone."""

    TAKEN_BACK = "taken_back"  # by the official who made it
    WITH_ORIGINAL = "with_original"  # its author's account was gone, or the original deleted
    WITH_OFFICIAL = "with_official"  # the official's own account was gone
    UNKNOWN = "unknown"  # one of the two may have been


class Deleted(Struct, frozen=True, array_like=True):
    """The first and the last time (µs) at which something was noticed to be gone; merges in any order."""

    first_us: int
    last_us: int

    def merged(self, other: "Deleted") -> "Deleted":
        """Both together."""
        if self.first_us <= other.first_us and self.last_us >= other.last_us:
            return self
        return Deleted(min(self.first_us, other.first_us), max(self.last_us, other.last_us))

    def since_us(self, seen_us: int | None) -> int | None:
        """Since when it is gone, where it was last seen at `seen_us`; `None` where it was not gone."""
        if seen_us is None or self.first_us >= seen_us:
            return self.first_us
        return self.last_us if self.last_us >= seen_us else None


class Sightings(Struct, frozen=True):
    """The times (µs, sorted) at which an account was certainly there."""

    times: Sequence[int]

    def last_until(self, at_us: int) -> int | None:
        """The last one up to a time."""
        index = bisect_right(self.times, at_us)
        return self.times[index - 1] if index else None

    def first_after(self, at_us: int) -> int | None:
        """The first one after a time."""
        index = bisect_right(self.times, at_us)
        return self.times[index] if index < len(self.times) else None

    def until(self, at_us: int) -> "Sightings":
        """Those up to a time."""
        return Sightings(self.times[: bisect_right(self.times, at_us)])


def is_gone(status: SuspensionStatus | None) -> bool:
    """Whether a notice says that the account and its posts are gone, whoever saw to that."""
    return status is not None and status != "reinstated"


def absences_of(notices: Iterable[tuple[int, bool]], seen: Sightings) -> tuple[Absence, ...]:
    """The spans for which an account was gone, from its notices in the order of time: when, and whether it is gone.

    One ends with the notice of a reinstatement, or when the account is seen again. What was gone before it began is in
    doubt for `LOOK_BACK_US`, or since the account was last seen.
    """
    found: list[Absence] = []
    for at_us, gone in notices:
        before = found[-1] if found else None
        under_way = before is not None and (before.until_us is None or at_us < before.until_us)
        if not gone:
            if under_way and before is not None and at_us >= before.from_us:
                found[-1] = Absence(before.doubtful_us, before.from_us, at_us)
            elif not under_way:
                found.append(Absence(at_us, at_us, at_us))  # it was there
            continue
        if under_way:
            continue
        doubtful_us = at_us - LOOK_BACK_US
        last_us = seen.last_until(at_us)
        if last_us is not None:
            doubtful_us = max(doubtful_us, last_us + 1)
        if before is not None and before.until_us is not None:
            doubtful_us = max(doubtful_us, before.until_us)
        found.append(Absence(min(doubtful_us, at_us), at_us, seen.first_after(at_us)))
    return tuple(each for each in found if each.until_us is None or each.doubtful_us < each.until_us)


def was_gone_at(absences: Sequence[Absence], at_us: int) -> bool | None:
    """Whether an account was gone at a time; `None` where it may have been."""
    index = bisect_right(absences, at_us, key=_doubtful)
    if not index:
        return False
    absence = absences[index - 1]
    if absence.until_us is not None and at_us >= absence.until_us:
        return False
    return True if at_us >= absence.from_us else None


def capped_absences(absences: Iterable[Absence]) -> tuple[Absence, ...]:
    """Absences of whoever deletes its own posts: they follow its account for `FOLLOWS_US`, and not for ever."""
    return tuple(
        Absence(
            each.doubtful_us,
            each.from_us,
            each.from_us + FOLLOWS_US if each.until_us is None else min(each.until_us, each.from_us + FOLLOWS_US),
        )
        for each in absences
    )


def _doubtful(absence: Absence) -> int:
    return absence.doubtful_us
