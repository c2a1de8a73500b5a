"""Which changes alone bring an outcome about: one, or the smallest set that was found.

The search is bounded by runs. It says of each outcome whether a smaller set might have been found with more.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import combinations
from typing import Final

from msgspec import Struct

from streams.core.corrections.outcomes import Outcome, same_effect

__all__ = ["MOST_RUNS", "Responsible", "responsible_changes"]

MOST_RUNS: Final = 200
"""Runs of the search, each over what the changes touched that it tries."""

_PAIRS_UP_TO: Final = 12  # changes that touch a subject: 66 pairs
_ONE_BY_ONE_UP_TO: Final = 40

Try = Callable[[frozenset[int]], Mapping[str, Outcome]]
"""What becomes of alerts and aftermaths, by id, with these changes alone."""


class Responsible(Struct, frozen=True, kw_only=True):
    """`sets` are the changes, by position, each of which alone bring the same about: one set, or several of one change.

    With `searched` no smaller set does, of the sizes that were tried. Else these are all changes that may matter.
    """

    sets: tuple[tuple[int, ...], ...]
    searched: bool


def responsible_changes(
    outcomes: Sequence[Outcome], candidates: Mapping[str, Set[int]], try_changes: Try, most_runs: int = MOST_RUNS
) -> tuple[dict[str, Responsible], int]:
    """For each outcome by its id, and how many runs it took. `candidates` are the changes that may matter to each.

    First each change alone, for the worst outcomes first. Then pairs. Then all but one, over and over. Of figures that
    change nothing but single changes is tried: theirs add up.
    """
    search = _Search(try_changes, most_runs)
    found: dict[str, Responsible] = {}
    for outcome in outcomes:
        found[outcome.id] = _of(outcome, sorted(candidates.get(outcome.id, ())), search)
    return found, search.runs


class _Search:
    """Runs, each made once, up to a number of them."""

    def __init__(self, try_changes: Try, most_runs: int) -> None:
        self._try = try_changes
        self._left = most_runs
        self._known: dict[frozenset[int], Mapping[str, Outcome]] = {}

    @property
    def runs(self) -> int:
        """How many were made."""
        return len(self._known)

    def brings_about(self, outcome: Outcome, changes: Iterable[int]) -> bool | None:
        """Whether these changes alone do; `None` where no run is left to try it."""
        tried = frozenset(changes)
        if tried not in self._known:
            if self._left <= 0:
                return None
            self._left -= 1
            self._known[tried] = self._try(tried)
        return same_effect(outcome, self._known[tried].get(outcome.id))


def _of(outcome: Outcome, candidates: list[int], search: _Search) -> Responsible:
    everything = (tuple(candidates),) if candidates else ()
    if len(candidates) <= 1:
        return Responsible(sets=everything, searched=True)
    singles = [search.brings_about(outcome, (each,)) for each in candidates]
    if any(singles):
        alone = tuple((each,) for each, does in zip(candidates, singles, strict=True) if does)
        return Responsible(sets=alone, searched=None not in singles)
    if len(candidates) == 2:
        return Responsible(sets=everything, searched=None not in singles)
    if outcome.kind == "figures_change" or None in singles:
        return Responsible(sets=everything, searched=False)
    if len(candidates) <= _PAIRS_UP_TO:
        for pair in combinations(candidates, 2):
            does = search.brings_about(outcome, pair)
            if does is None:
                return Responsible(sets=everything, searched=False)
            if does:
                return Responsible(sets=(pair,), searched=True)
        if len(candidates) == 3:
            return Responsible(sets=everything, searched=True)
    return _without_one_after_the_other(outcome, candidates, search)


def _without_one_after_the_other(outcome: Outcome, candidates: list[int], search: _Search) -> Responsible:
    """A set of which each member is needed: leave one out, keep it out where the rest does without."""
    if len(candidates) > _ONE_BY_ONE_UP_TO:
        return Responsible(sets=(tuple(candidates),), searched=False)
    needed = list(candidates)
    for each in candidates:
        rest = [other for other in needed if other != each]
        does = search.brings_about(outcome, rest)
        if does is None:
            return Responsible(sets=(tuple(needed),), searched=False)
        if does:
            needed = rest
    return Responsible(sets=(tuple(needed),), searched=len(candidates) <= _PAIRS_UP_TO and len(needed) == 3)
