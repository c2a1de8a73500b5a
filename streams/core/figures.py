"""The named figures a rule may look at: one closed list, with the unit and meaning of each.

Every figure is a number, a truth value, or unknown (`None`), as of one moment of a subject's history.
"""

from typing import Final, Literal

from msgspec import Struct

__all__ = ["FIGURES", "WINDOWS", "Figure", "FigureValue"]

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
    Figure(name="suspended", type="truth", cost=0, meaning="the account is suspended or deleted at this moment"),
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
    Figure(name="distinct_states", unit="States", cost=2, meaning="States whose officials amplified the account"),
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
