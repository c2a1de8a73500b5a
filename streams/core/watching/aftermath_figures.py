"""The figures of a watch that rules look at and alerts show. A new one is one more entry here, and one test.

Each says its name, unit and meaning, what moves it, and how it is computed as of a time (µs).
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import Final

from streams.core.rulebook.figures import Figure, FigureValue
from streams.core.watching.watch_figures import Happening, WatchFigures

__all__ = ["AFTERMATH_FIGURES", "AftermathFigure"]


class AftermathFigure(Figure, frozen=True, kw_only=True):
    """`moved_by` is what makes a time at which rules that look at it are judged; `constant`: it is the same at all."""

    moved_by: Happening
    constant: bool = False
    compute: Callable[[WatchFigures, int], FigureValue]


_LIST: Final = (
    AftermathFigure(
        name="reinstated",
        type="truth",
        cost=0,
        meaning="the account was reinstated before the watch had run its time",
        moved_by="end",
        compute=lambda at, at_us: at.watch.reinstated and at_us >= at.watch.until_us,
    ),
    AftermathFigure(
        name="amplifying_officials",
        unit="officials",
        cost=0,
        meaning="officials of the State that had amplified the account before it was suspended",
        moved_by="opening",
        constant=True,
        compute=lambda at, _: len(at.watch.amplifiers),
    ),
    AftermathFigure(
        name="references_before",
        cost=0,
        meaning="posts by officials of the State in the 30 days before the suspension that refer to the account",
        moved_by="opening",
        constant=True,
        compute=lambda at, _: at.counted.references_before,
    ),
    AftermathFigure(
        name="references",
        meaning="posts by officials of the State in the watch that refer to the account",
        moved_by="reference",
        compute=WatchFigures.references,
    ),
    AftermathFigure(
        name="deletions",
        meaning="posts that officials of the State took back in the watch",
        moved_by="deletion",
        compute=WatchFigures.deletions,
    ),
    AftermathFigure(
        name="deletion_ratio",
        unit="times",
        meaning="those deletions, compared with what the 30 days before let expect (at least one)",
        unknown="too much went unseen to compare",
        moved_by="deletion",
        compute=WatchFigures.deletion_ratio,
    ),
    AftermathFigure(
        name="silent_officials",
        unit="officials",
        meaning="officials among those that had amplified the account that did not refer to it in the whole watch",
        unknown="the watch is not over, the account is back, or too much went unseen",
        moved_by="end",
        compute=WatchFigures.silent_officials,
    ),
    AftermathFigure(
        name="silent_share",
        unit="of 1",
        meaning="share of the silent in those that had amplified the account",
        unknown="the watch is not over, the account is back, or too much went unseen",
        moved_by="end",
        compute=WatchFigures.silent_share,
    ),
    AftermathFigure(
        name="unseen_share",
        unit="of 1",
        meaning="share of the watch in which no source saw what the officials posted that had amplified the account",
        unknown="no source says what it saw",
        moved_by="end",
        compute=WatchFigures.unseen_share,
    ),
    AftermathFigure(
        name="possible_successors",
        unit="accounts",
        cost=2,
        meaning="accounts that resemble it and that the same officials took up after the suspension",
        moved_by="successor",
        compute=lambda at, at_us: bisect_right(at.successor_times, at_us),
    ),
)

AFTERMATH_FIGURES: Final[dict[str, AftermathFigure]] = {figure.name: figure for figure in _LIST}
"""Figures of one watch: what a State's officials do after the suspension of a subject they amplified."""
