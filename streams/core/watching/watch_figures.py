"""What a watch has counted as of a time of event time, and the times at which rules on it are judged."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Literal, TypeAlias

from streams.core.clock import to_us
from streams.core.watching.aftermath import deletion_ratio, silent_officials
from streams.core.watching.aftermath_records import PossibleSuccessor
from streams.core.watching.unseen import WatchCoverage
from streams.core.watching.watch import WatchPeriod
from streams.core.watching.watch_counts import WatchCounts
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["Happening", "WatchFigures"]

Happening: TypeAlias = Literal["opening", "deletion", "reference", "end", "successor"]
"""What makes a time at which rules are judged. `end` is when it has run its time, or the account was reinstated."""


class WatchFigures:
    """A watch with all that it found, when event time has come as far as `watermark_us`."""

    __slots__ = (
        "counted",
        "coverage",
        "deletion_times",
        "policy",
        "silent",
        "successor_times",
        "successors",
        "watch",
        "watermark_us",
    )

    def __init__(
        self,
        watch: WatchPeriod,
        counted: WatchCounts,
        successors: Sequence[PossibleSuccessor],
        watermark_us: int,
        policy: WatchPolicy,
        coverage: WatchCoverage | None = None,
    ) -> None:
        self.watch = watch
        self.counted = counted
        self.successors = successors
        self.watermark_us = watermark_us
        self.policy = policy
        self.deletion_times = [deleted.at_us for deleted in counted.deletion_marks]
        self.successor_times = sorted(to_us(successor.noticed_at) for successor in successors)
        self.coverage = coverage
        self.silent = len(silent_officials(watch, counted, coverage))

    def times(self, happenings: frozenset[Happening]) -> list[int]:
        """When any of these happened, each time once, in order."""
        times: set[int] = set()
        if "opening" in happenings:
            times.add(self.watch.opened_us)
        if "deletion" in happenings:
            times.update(self.deletion_times)
        if "reference" in happenings:
            times.update(self.counted.reference_times)
        if "end" in happenings and self.watch.status(self.watermark_us)[0] == "closed":
            times.add(self.watch.until_us)
        if "successor" in happenings:
            times.update(self.successor_times)
        return sorted(times)

    def deletions(self, at_us: int) -> int:
        """Deletions in the watch up to a moment. Beyond those that are followed, all of them count from its end on."""
        if at_us >= self.watch.until_us:
            return self.counted.all_deletions
        return bisect_right(self.deletion_times, at_us)

    def references(self, at_us: int) -> int:
        """References in the watch up to a moment, as for deletions."""
        if at_us >= self.watch.until_us:
            return self.counted.all_references
        return bisect_right(self.counted.reference_times, at_us)

    def deletion_ratio(self, at_us: int) -> float | None:
        """Unknown where too much was unseen, in the watch or before it."""
        if self.coverage is not None and self.coverage.hides_deletions(at_us):
            return None
        return deletion_ratio(self.deletions(at_us), self.counted, self.policy)

    def silent_officials(self, at_us: int) -> int | None:
        """Unknown until the watch has run its time, for good where the account came back before, and where too much was
        unseen."""
        if self.coverage is not None and self.coverage.hides_posts(at_us):
            return None
        return self.silent if at_us >= self.watch.ends_us and not self.watch.reinstated else None

    def unseen_share(self, at_us: int) -> float | None:
        """The share of the watch so far in which nobody saw what the amplifying officials posted."""
        return None if self.coverage is None else self.coverage.share(at_us)

    def is_lower_bound(self, name: str, at_us: int) -> bool:
        """Whether so much was unseen that a count says no more than "at least"."""
        if self.coverage is None:
            return False
        if name == "references":
            return self.coverage.hides_posts(at_us)
        return name == "deletions" and self.coverage.hides_deletions(at_us)

    def silent_share(self, at_us: int) -> float | None:
        """The share of the silent in those that amplified the subject."""
        count = self.silent_officials(at_us)
        return None if count is None or not self.watch.amplifiers else count / len(self.watch.amplifiers)
