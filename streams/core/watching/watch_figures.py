"""What a watch has counted as of a time of event time, and the times at which rules on it are judged."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Literal, TypeAlias

from streams.core.clock import to_us
from streams.core.watching.aftermath import silent
from streams.core.watching.aftermath_records import PossibleSuccessor
from streams.core.watching.counted import Counted
from streams.core.watching.watch import Watch
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["Happening", "WatchFigures"]

Happening: TypeAlias = Literal["opening", "deletion", "reference", "end", "successor"]
"""What makes a time at which rules are judged. `end` is when it has run its time, or the account was reinstated."""


class WatchFigures:
    """A watch with all that it found, when event time has come as far as `watermark_us`."""

    __slots__ = (
        "counted",
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
        watch: Watch,
        counted: Counted,
        successors: Sequence[PossibleSuccessor],
        watermark_us: int,
        policy: WatchPolicy,
    ) -> None:
        self.watch = watch
        self.counted = counted
        self.successors = successors
        self.watermark_us = watermark_us
        self.policy = policy
        self.deletion_times = [deleted.at_us for deleted in counted.deletion_marks]
        self.successor_times = sorted(to_us(successor.noticed_at) for successor in successors)
        self.silent = len(silent(watch, counted))

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

    def silent_officials(self, at_us: int) -> int | None:
        """Unknown until the watch has run its time, and for good where the account came back before."""
        return self.silent if at_us >= self.watch.ends_us and not self.watch.reinstated else None

    def silent_share(self, at_us: int) -> float | None:
        """The share of the silent in those that amplified the subject."""
        count = self.silent_officials(at_us)
        return None if count is None or not self.watch.amplifiers else count / len(self.watch.amplifiers)
