"""The figures of a subject that rules look at and alerts show. A new one is one more entry here, and one test.

Each says its name, unit and meaning, which events move it, and how it is computed as of a time.
"""

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from streams.core.rulebook.figures import WINDOWS, Figure, FigureValue
from streams.core.tracking.figures_as_of import FiguresAsOf

__all__ = ["ALWAYS_SHOWN", "SUBJECT_FIGURES", "SubjectFigure", "figure_value"]

MovedBy: TypeAlias = Literal["amplification", "suspension", "reply", "mention", "follow"]


class SubjectFigure(Figure, frozen=True, kw_only=True):
    """`moved_by` is the kind of event at which rules that look at it are judged; `shown` whether all alerts have it.

    `compute` returns `None` where the figure is unknown.
    """

    moved_by: MovedBy = "amplification"
    shown: bool = False
    compute: Callable[[FiguresAsOf], FigureValue]


def _amplifications_in(hours: int) -> Callable[[FiguresAsOf], FigureValue]:
    return lambda as_of: as_of.window_amplifications(hours)


def _officials_in(hours: int) -> Callable[[FiguresAsOf], FigureValue]:
    return lambda as_of: as_of.window_officials(hours)


_LIST: Final = (
    SubjectFigure(
        name="suspended",
        type="truth",
        cost=0,
        meaning="the platform has suspended the account; unknown where nobody says by whom, or it was retweeted since",
        unknown="it is gone, and nobody said by whom, or an official retweeted it afterwards",
        moved_by="suspension",
        shown=True,
        compute=FiguresAsOf.suspended,
    ),
    SubjectFigure(
        name="age_days",
        unit="days",
        cost=0,
        meaning="age of the account",
        unknown="no source said when it was created",
        shown=True,
        compute=lambda as_of: as_of.age_days(as_of.at_us),
    ),
    SubjectFigure(
        name="followers",
        unit="followers",
        cost=0,
        meaning="followers, as last reported by then",
        unknown="no source said how many by then",
        shown=True,
        compute=FiguresAsOf.followers,
    ),
    SubjectFigure(
        name="age_at_first_amplification_days",
        unit="days",
        meaning="age of the account when an official first amplified it",
        unknown="no source said when it was created",
        shown=True,
        compute=lambda as_of: as_of.age_days(as_of.first_amplified_us()),
    ),
    SubjectFigure(
        name="amplifications",
        meaning="retweets and quotes by officials since creation",
        shown=True,
        compute=lambda as_of: as_of.by_official.total(),
    ),
    SubjectFigure(
        name="retweets",
        meaning="retweets by officials since creation",
        compute=lambda as_of: as_of.amplifications_of("retweet"),
    ),
    SubjectFigure(
        name="quotes",
        meaning="quotes by officials since creation",
        compute=lambda as_of: as_of.amplifications_of("quote"),
    ),
    SubjectFigure(
        name="replies",
        meaning="replies by officials since creation",
        moved_by="reply",
        compute=lambda as_of: as_of.contacts_of("reply"),
    ),
    SubjectFigure(
        name="mentions",
        meaning="mentions by officials since creation",
        moved_by="mention",
        compute=lambda as_of: as_of.contacts_of("mention"),
    ),
    SubjectFigure(
        name="follows",
        cost=2,
        meaning="officials that follow the account",
        moved_by="follow",
        compute=FiguresAsOf.follows,
    ),
    SubjectFigure(
        name="distinct_officials",
        unit="officials",
        cost=2,
        meaning="officials that amplified the account",
        shown=True,
        compute=lambda as_of: len(as_of.by_official),
    ),
    SubjectFigure(
        name="distinct_countries",
        unit="countries",
        cost=2,
        meaning="countries whose officials amplified the account",
        shown=True,
        compute=lambda as_of: len(as_of.by_country),
    ),
    SubjectFigure(
        name="top_official_amplifications",
        cost=2,
        meaning="amplifications by the official that amplified the account most",
        shown=True,
        compute=lambda as_of: max(as_of.by_official.values(), default=0),
    ),
    SubjectFigure(
        name="top_official_share",
        unit="of 1",
        cost=2,
        meaning="share of that official in all amplifications",
        unknown="nothing of it stands",
        compute=FiguresAsOf.top_share,
    ),
    *(
        SubjectFigure(
            name=f"amplifications_{window}",
            meaning=f"amplifications in the {window} up to then",
            compute=_amplifications_in(hours),
        )
        for window, hours in WINDOWS.items()
    ),
    *(
        SubjectFigure(
            name=f"distinct_officials_{window}",
            unit="officials",
            cost=2,
            meaning=f"officials that amplified the account in the {window} up to then",
            compute=_officials_in(hours),
        )
        for window, hours in WINDOWS.items()
    ),
)

SUBJECT_FIGURES: Final[dict[str, SubjectFigure]] = {figure.name: figure for figure in _LIST}
ALWAYS_SHOWN: Final = tuple(sorted(figure.name for figure in _LIST if figure.shown))
"""Figures that a reader of any alert wants to see, whatever its rule looks at."""


def figure_value(as_of: FiguresAsOf, name: str) -> FigureValue:
    """The figure of that name; `None` where it is unknown. Raises `KeyError` for a name not in `SUBJECT_FIGURES`."""
    known = as_of.known
    if name not in known:  # several rules look at the same
        known[name] = SUBJECT_FIGURES[name].compute(as_of)
    return known[name]
