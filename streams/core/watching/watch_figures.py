"""The course of a watch: the moments at which rules are judged, and the named figures at each of them.

As in `streams.core.tracking.figures_as_of`, figures are those of a moment of event time, never of a clock.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

from streams.core.clock import to_us
from streams.core.rulebook.figures import FigureValue
from streams.core.rulebook.rules import SEVERITIES, Condition, Rule
from streams.core.tracking.judge import condition_holds, looked_at
from streams.core.watching.aftermath import deletion_ratio, silent
from streams.core.watching.aftermath_records import PossibleSuccessor
from streams.core.watching.counted import Counted
from streams.core.watching.watch import Watch
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["Happening", "WatchFigures", "moved_by"]

Happening: TypeAlias = Literal["opening", "deletion", "reference", "end", "successor"]
"""What makes a moment of a watch. `end` is when it has run its time, or the account was reinstated."""

# What moves each figure: a rule is judged when one of its figures may have moved.
_MOVED_BY: Final[dict[str, Happening]] = {
    "amplifying_officials": "opening",
    "references_before": "opening",
    "deletions": "deletion",
    "deletion_ratio": "deletion",
    "references": "reference",
    "silent_officials": "end",
    "silent_share": "end",
    "reinstated": "end",
    "possible_successors": "successor",
}

# What is the same at every moment of a watch.
_CONSTANT: Final = frozenset({"amplifying_officials", "references_before"})


def moved_by(rule: Rule) -> frozenset[Happening]:
    """What may start an alert of the rule, or go on with it."""
    return frozenset(_MOVED_BY[figure] for figure in looked_at(rule))


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

    def moments(self, happenings: frozenset[Happening]) -> list[int]:
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

    def may_hold(self, rule: Rule) -> bool:
        """Whether a rule holds at any moment, as far as what is the same at all of them says."""
        when = rule.countries.get(self.watch.country, rule.when)
        return self._all_hold([each for each in when if each.figure in _CONSTANT], self.watch.opened_us)

    def severity(self, rule: Rule, at_us: int) -> int | None:
        """The severity (index into SEVERITIES) with which a rule holds at a moment; `None` where it does not."""
        if not self._all_hold(rule.countries.get(self.watch.country, rule.when), at_us):
            return None
        held = [rule.severity, *(each.severity for each in rule.escalations if self._all_hold(each.when, at_us))]
        return max(map(SEVERITIES.index, held))

    def figures(self, at_us: int) -> dict[str, FigureValue]:
        """All figures at a moment."""
        return {name: figure(self, at_us) for name, figure in _FIGURES.items()}

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

    def _all_hold(self, conditions: Sequence[Condition], at_us: int) -> bool:
        return all(condition_holds(condition, _FIGURES[condition.figure](self, at_us)) for condition in conditions)


_FIGURES: Final[dict[str, Callable[[WatchFigures, int], FigureValue]]] = {
    "amplifying_officials": lambda watch_figures, _: len(watch_figures.watch.amplifiers),
    "references_before": lambda watch_figures, _: watch_figures.counted.references_before,
    "deletions": WatchFigures.deletions,
    "deletion_ratio": lambda watch_figures, at_us: deletion_ratio(
        watch_figures.deletions(at_us), watch_figures.counted, watch_figures.policy
    ),
    "references": WatchFigures.references,
    "silent_officials": WatchFigures.silent_officials,
    "silent_share": WatchFigures.silent_share,
    "reinstated": lambda watch_figures, at_us: watch_figures.watch.reinstated and at_us >= watch_figures.watch.until_us,
    "possible_successors": lambda watch_figures, at_us: bisect_right(watch_figures.successor_times, at_us),
}
