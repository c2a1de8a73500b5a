"""Subjects that no official engaged with, and the event time from which each may be forgotten.

A suspension may be noticed before the engagements that it concerns arrive; after some time none is waited for any more.
"""

from heapq import heappop, heappush
from typing import Final

from streams.core.clock import DAY_US
from streams.core.tracking.subject import SubjectState, TrackPolicy

__all__ = ["Unengaged"]

_AT_LEAST: Final = 1_000
_FOR_EACH_NEW: Final = 2  # faster than they come


class Unengaged:
    """An index by time over the subjects of one subject store. `watermark_us` is how far event time has come (µs), 0 at
    first.

    Cost does not depend on how many there are: nothing is walked but what is due.
    """

    __slots__ = ("_due", "_new", "_until", "watermark_us")

    def __init__(self) -> None:
        self.watermark_us = 0
        self._until: dict[str, int] = {}
        self._due: list[tuple[int, str]] = []  # with what was kept for longer since, or is engaged by now
        self._new = 0

    def __len__(self) -> int:
        """How many subjects there are."""
        return len(self._until)

    def until_us(self, key: str) -> int | None:
        """From when on a subject may be forgotten; `None` for one that is engaged, or not known."""
        return self._until.get(key)

    def note(self, key: str, state: SubjectState, policy: TrackPolicy) -> None:
        """Keep a subject, that no official engaged with, for the policy's days: of its own newest event or from now on,
        whichever is later, so that what is told of the past is kept as long as anything else.
        """
        newest_us = max((each.at_us for each in state.pending), default=state.roster[0])
        only_profiles = not (state.suspensions or state.pending or state.own or state.seen_since)
        days = policy.unengaged_profile_days if only_profiles else policy.unengaged_days
        self.keep(key, max(newest_us, state.roster[0], self.watermark_us) + days * DAY_US)

    def keep(self, key: str, until_us: int) -> None:
        """Keep a subject until then."""
        if self._until.get(key) != until_us:
            self._until[key] = until_us
            self._new += 1
            heappush(self._due, (until_us, key))

    def drop(self, key: str) -> None:
        """The subject is engaged, or gone."""
        self._until.pop(key, None)

    def take_due(self) -> list[str]:
        """Subjects that may be forgotten now, which are dropped here: all of them, or some where there are many."""
        most, self._new = _AT_LEAST + _FOR_EACH_NEW * self._new, 0
        due: list[str] = []
        while self._due and self._due[0][0] <= self.watermark_us and len(due) < most:
            until_us, key = heappop(self._due)
            if self._until.get(key) == until_us:
                del self._until[key]
                due.append(key)
        return due
