"""The named figures a rule may look at: one closed list, with the unit and meaning of each.

Every figure is a number, a truth value, or unknown (`None`), as of one moment of a subject's history, or of a watch.
"""

from typing import Final, Literal

from msgspec import Struct

__all__ = ["AFTERMATH_FIGURES", "FIGURES", "WINDOWS", "Figure", "FigureValue", "figure_named"]

FigureValue = float | int | bool | None

# The rolling windows, (t - w, t], in hours.
WINDOWS: Final[dict[str, int]] = {"1h": 1, "24h": 24, "7d": 7 * 24, "30d": 30 * 24}


class Figure(Struct, frozen=True, kw_only=True):
    """`unit` is what a person reads behind the number; `cost` orders evaluation: cheap figures are looked at first."""

    name: str
    type: Literal["number", "truth"] = "number"
    unit: str = ""
    meaning: str
    cost: int = 1


_LIST: Final = (
    Figure(
        name="suspended",
        type="truth",
        cost=0,
        meaning="the platform has suspended the account; unknown where nobody says by whom, or it was retweeted since",
    ),
    Figure(name="age_days", unit="days", cost=0, meaning="age of the account"),
    Figure(name="followers", unit="followers", cost=0, meaning="followers, as last reported by then"),
    Figure(
        name="age_at_first_amplification_days",
        unit="days",
        meaning="age of the account when an official first amplified it",
    ),
    Figure(name="amplifications", meaning="retweets and quotes by officials since creation"),
    Figure(name="retweets", meaning="retweets by officials since creation"),
    Figure(name="quotes", meaning="quotes by officials since creation"),
    Figure(name="replies", meaning="replies by officials since creation"),
    Figure(name="mentions", meaning="mentions by officials since creation"),
    Figure(name="follows", cost=2, meaning="officials that follow the account"),
    Figure(name="distinct_officials", unit="officials", cost=2, meaning="officials that amplified the account"),
    Figure(name="distinct_countries", unit="States", cost=2, meaning="States whose officials amplified the account"),
    Figure(
        name="top_official_amplifications",
        cost=2,
        meaning="amplifications by the official that amplified the account most",
    ),
    Figure(name="top_official_share", unit="of 1", cost=2, meaning="share of that official in all amplifications"),
    *(
        Figure(name=f"amplifications_{w}", cost=1, meaning=f"amplifications in the {w} up to this moment")
        for w in WINDOWS
    ),
    *(
        Figure(
            name=f"distinct_officials_{w}",
            unit="officials",
            cost=2,
            meaning=f"officials that amplified the account in the {w} up to this moment",
        )
        for w in WINDOWS
    ),
)

FIGURES: Final[dict[str, Figure]] = {figure.name: figure for figure in _LIST}
"""Figures of a subject."""

_AFTERMATH_LIST: Final = (
    Figure(
        name="reinstated",
        type="truth",
        cost=0,
        meaning="the account was reinstated before the watch had run its time",
    ),
    Figure(
        name="amplifying_officials",
        unit="officials",
        cost=0,
        meaning="officials of the State that had amplified the account before it was suspended",
    ),
    Figure(
        name="references_before",
        cost=0,
        meaning="posts by officials of the State in the 30 days before the suspension that refer to the account",
    ),
    Figure(name="references", meaning="posts by officials of the State in the watch that refer to the account"),
    Figure(name="deletions", meaning="posts that officials of the State took back in the watch"),
    Figure(
        name="deletion_ratio",
        unit="times",
        meaning="those deletions, compared with what the 30 days before let expect (at least one)",
    ),
    Figure(
        name="silent_officials",
        unit="officials",
        meaning="officials among those that had amplified the account that did not refer to it in the whole watch",
    ),
    Figure(name="silent_share", unit="of 1", meaning="share of the silent in those that had amplified the account"),
    Figure(
        name="possible_successors",
        unit="accounts",
        cost=2,
        meaning="accounts that resemble it and that the same officials took up after the suspension",
    ),
)

AFTERMATH_FIGURES: Final[dict[str, Figure]] = {figure.name: figure for figure in _AFTERMATH_LIST}
"""Figures of one watch: what a State's officials do after the suspension of a subject they amplified."""


def figure_named(name: str) -> Figure:
    """The figure of that name, of a subject or of an aftermath. Raises `KeyError` where there is none."""
    return FIGURES[name] if name in FIGURES else AFTERMATH_FIGURES[name]
