"""What a figure is: a number, a truth value, or unknown (`None`), as of a time of a subject's history or of a watch.

The figures themselves, each with what computes it, are `core/tracking/subject_figures.py` and
`core/watching/aftermath_figures.py`.
"""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

__all__ = ["WINDOWS", "Figure", "FigureValue"]

FigureValue: TypeAlias = float | int | bool | None

# The rolling windows, (t - w, t], in hours.
WINDOWS: Final[dict[str, int]] = {"1h": 1, "24h": 24, "7d": 7 * 24, "30d": 30 * 24}


class Figure(Struct, frozen=True, kw_only=True):
    """`unit` is what a person reads behind the number; `cost` orders evaluation: cheap figures are looked at first.

    `unknown` is why the figure may be unknown, where it may be.
    """

    name: str
    type: Literal["number", "truth"] = "number"
    unit: str = ""
    meaning: str
    unknown: str = ""
    cost: int = 1
