"""Moments that a figure marks across all its rows: an account created, an alert fired, a suspension."""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from streams.console.charts.axes import TimeAxis
from streams.console.charts.marks import element, label, tooltip, width_of

__all__ = ["LEVEL_HEIGHT", "Moment", "MomentKind", "height_of_labels", "levels_of", "moment_lines"]

MomentKind: TypeAlias = Literal["created", "fired", "suspended", "back", "as-of", "asked"]

LEVEL_HEIGHT: Final = 16
"""Height of a line of labels."""
_APART: Final = 10
_SIZE: Final = 11
_CLASSES: Final[dict[MomentKind, str]] = {"fired": "moment moment-strong", "suspended": "moment moment-bad"}
_DASHES: Final[dict[MomentKind, str | None]] = {
    "created": "1 3",
    "fired": None,
    "suspended": None,
    "back": "6 3",
    "as-of": "2 4",
    "asked": "4 2",
}


class Moment(Struct, frozen=True, kw_only=True):
    """A moment (µs since 1970 UTC) and what happened then, in a few words."""

    kind: MomentKind
    at_us: int
    words: str


def levels_of(moments: Sequence[Moment], axis: TimeAxis) -> list[tuple[Moment, int]]:
    """The moments, oldest first, each with the level of its label: 0 is next to the figure. Labels never overlap."""
    levels: list[list[tuple[float, float]]] = []
    found: list[tuple[Moment, int]] = []
    # From the right: an earlier moment's label then stands above a later one's line, not across it.
    for moment in sorted(moments, key=lambda each: (each.at_us, each.words), reverse=True):
        begin, end = _extent(moment, axis)
        free = (
            level
            for level, taken in enumerate(levels)
            if all(end + _APART <= other_begin or other_end + _APART <= begin for other_begin, other_end in taken)
        )
        level = next(free, len(levels))
        if level == len(levels):
            levels.append([])
        levels[level].append((begin, end))
        found.append((moment, level))
    return found[::-1]


def height_of_labels(moments: Sequence[Moment], axis: TimeAxis) -> float:
    """The room that the labels take above a figure."""
    return 6.0 + LEVEL_HEIGHT * max((level + 1 for _, level in levels_of(moments, axis)), default=0)


def moment_lines(moments: Sequence[Moment], axis: TimeAxis, top: float, bottom: float) -> list[str]:
    """A line for each from its label down to `bottom`; the labels end at `top`."""
    lines: list[str] = []
    labels: list[str] = []
    for moment, level in levels_of(moments, axis):
        x, y = axis.x(moment.at_us), top - 5 - level * LEVEL_HEIGHT
        lines.append(
            element(
                "line", tooltip(moment.words), class_=_CLASSES.get(moment.kind, "moment"),
                x1=x, x2=x, y1=y + 3, y2=bottom,
                stroke="currentColor", stroke_width=2 if moment.kind in ("fired", "suspended") else 1,
                stroke_dasharray=_DASHES[moment.kind],
            )
        )  # fmt: skip
        begin, _ = _extent(moment, axis)
        labels.append(
            label(
                begin, y, moment.words, class_="moment-label", font_size=_SIZE, font_weight=600,
                paint_order="stroke", stroke="Canvas", stroke_width=4, stroke_linejoin="round",
            )
        )  # fmt: skip
    return lines + labels


def _extent(moment: Moment, axis: TimeAxis) -> tuple[float, float]:
    """From where to where a label stands: behind its line, or before it where there is no room."""
    x, width = axis.x(moment.at_us), width_of(moment.words, _SIZE) * 1.06
    begin = x if x + width <= axis.right else max(0.0, x - width)
    return begin, begin + width
