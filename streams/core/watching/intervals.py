"""Sets of times as sorted lists of half-open intervals (µs), and how much of one lies before a moment."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import TypeAlias

__all__ = ["Interval", "Measure", "minus", "union"]

Interval: TypeAlias = tuple[int, int]


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The times that are in any of the intervals, joined where they touch; empty ones are left out."""
    found: list[Interval] = []
    for begin, end in sorted(intervals):
        if begin >= end:
            continue
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((begin, end))
    return found


def minus(these: Sequence[Interval], those: Sequence[Interval]) -> list[Interval]:
    """The times of the first set that are not in the second; both as `union` gives them."""
    found: list[Interval] = []
    place = 0
    for begin, end in these:
        while place < len(those) and those[place][1] <= begin:
            place += 1
        at = place
        while at < len(those) and those[at][0] < end:
            if begin < those[at][0]:
                found.append((begin, those[at][0]))
            begin = max(begin, those[at][1])
            at += 1
        if begin < end:
            found.append((begin, end))
    return found


class Measure:
    """How many of some accounts were unseen, over time: each set of times weighs as many as share it."""

    def __init__(self, weighted: Iterable[tuple[Sequence[Interval], int]]) -> None:
        steps: dict[int, int] = {}
        for intervals, weight in weighted:
            for begin, end in intervals:
                steps[begin] = steps.get(begin, 0) + weight
                steps[end] = steps.get(end, 0) - weight
        self._times = sorted(steps)
        self._weights = list(accumulate(steps[at] for at in self._times))
        steps_of_time = zip(pairwise(self._times), self._weights, strict=False)
        self._sums = [0, *accumulate((end - begin) * weight for (begin, end), weight in steps_of_time)]

    def before(self, at: int) -> int:
        """The sum of all times before a moment, each times its weight."""
        place = bisect_right(self._times, at) - 1
        if place < 0:
            return 0
        return self._sums[place] + (at - self._times[place]) * self._weights[place]

    def spans(self, begin: int, end: int) -> list[tuple[int, int, int]]:
        """Where the weight is not 0 between two moments: from when, until when, and the most it is."""
        found: list[tuple[int, int, int]] = []
        for (first, last), weight in zip(pairwise(self._times), self._weights, strict=False):
            first, last = max(first, begin), min(last, end)
            if weight == 0 or first >= last:
                continue
            if found and found[-1][1] == first:
                found[-1] = found[-1][0], last, max(found[-1][2], weight)
            else:
                found.append((first, last, weight))
        return found
