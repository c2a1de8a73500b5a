"""The strip plot: a row for each official, a mark for each amplification, and the moments that matter across all rows.

Bounded whatever comes in: rows beyond `MOST_ROWS` are one row, and marks that would stand on one another are one mark.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from streams.console.charts.axes import TimeAxis
from streams.console.charts.marks import drawing, element, label, shortened, tooltip, width_of
from streams.console.charts.moments import Moment, height_of_labels, moment_lines
from streams.core.clock import from_us

__all__ = ["MOST_ROWS", "MarkKind", "StripMark", "StripRow", "strip_plot"]

MOST_ROWS: Final = 24
_WIDTH: Final = 880
_NAMES: Final = 178
"""Room for the names of the officials, left of the rows."""
_COUNTS: Final = 44
_ROW: Final = 20
_CELL: Final = 5
"""Marks nearer to one another than this are one mark."""
_RADIUS: Final = 3.5
_LARGEST: Final = 8.5
_FOOT: Final = 52
_COLOUR: Final = "#2f74c0"
"""Where no style sheet says another: it stands out on light and dark."""


MarkKind: TypeAlias = Literal["retweet", "quote", "deletion"]


class StripMark(Struct, frozen=True, kw_only=True):
    """What an official did, at µs since 1970 UTC. `withdrawn`: the official took an amplification back."""

    at_us: int
    kind: MarkKind
    withdrawn: bool = False


class StripRow(Struct, frozen=True, kw_only=True):
    """One official with all of its marks, in any order."""

    name: str
    marks: Sequence[StripMark]


def strip_plot(
    rows: Sequence[StripRow],
    moments: Sequence[Moment],
    since_us: int,
    until_us: int,
    *,
    title: str,
    description: str,
    notes: Sequence[str],
) -> str:
    """The figure. `rows` in the order in which they are to stand; the span has to hold all marks and moments."""
    axis = TimeAxis.over(since_us, until_us, left=_NAMES, right=_WIDTH - _COUNTS)
    shown = list(rows[:MOST_ROWS])
    if folded := rows[MOST_ROWS:]:
        marks = [mark for row in folded for mark in row.marks]
        shown.append(StripRow(name=f"and {len(folded):,} more", marks=marks))
    top = height_of_labels(moments, axis)
    bottom = top + _ROW * max(1, len(shown))
    body = [axis.drawn(top, bottom), *moment_lines(moments, axis, top, bottom)]
    for place, row in enumerate(shown):
        body.append(_row(row, axis, top + (place + 0.5) * _ROW, is_fold=place == MOST_ROWS))
    body.append(_legend(bottom + 40, {mark.kind for row in rows for mark in row.marks}))
    return drawing(
        "strip", width=_WIDTH, height=bottom + _FOOT, title=title, description=description, body=body, notes=notes
    )


def _row(row: StripRow, axis: TimeAxis, y: float, *, is_fold: bool) -> str:
    style = "italic" if is_fold else None
    parts = [
        label(_NAMES - 10, y + 4, shortened(row.name, _NAMES - 14), text_anchor="end", class_="row", font_style=style),
        element("line", class_="row-line", x1=_NAMES, x2=_WIDTH - _COUNTS, y1=y, y2=y, stroke="currentColor",
                stroke_opacity=0.15),
    ]  # fmt: skip
    placed = sorted(row.marks, key=lambda mark: (mark.at_us, mark.kind))
    for _, near in groupby(placed, key=lambda mark: int((axis.x(mark.at_us) - _NAMES) // _CELL)):
        parts.append(_mark(list(near), axis, y))
    standing = sum(not mark.withdrawn for mark in row.marks)
    parts.append(label(_WIDTH - _COUNTS + 8, y + 4, f"{standing:,}", class_="row-count"))
    return element("g", *parts, class_="strip-row")


def _mark(marks: Sequence[StripMark], axis: TimeAxis, y: float) -> str:
    """One mark for amplifications that stand together: larger the more they are."""
    x = sum(axis.x(mark.at_us) for mark in marks) / len(marks)
    radius = min(_LARGEST, _RADIUS * len(marks) ** 0.3)
    standing = [mark for mark in marks if not mark.withdrawn]
    kinds = {mark.kind for mark in marks}
    kind: MarkKind = kinds.pop() if len(kinds) == 1 else "retweet"
    words = tooltip(_words(marks))
    if not standing:
        return element("g", words, *_circle(x, y, radius, is_filled=False), class_=f"act {kind} withdrawn")
    return element("g", words, *_shape(kind, x, y, radius), class_=f"act {kind}")


def _words(marks: Sequence[StripMark]) -> str:
    first, last = (from_us(mark.at_us).isoformat(" ", "seconds")[:19] for mark in (marks[0], marks[-1]))
    withdrawn = sum(mark.withdrawn for mark in marks)
    if len(marks) == 1:
        return f"{marks[0].kind}, {first} UTC{', taken back' if withdrawn else ''}"
    taken_back = f", {withdrawn:,} taken back" if withdrawn else ""
    what = "deletions" if marks[0].kind == "deletion" else "amplifications"
    return f"{len(marks):,} {what}, {first} to {last} UTC{taken_back}"


def _circle(x: float, y: float, radius: float, *, is_filled: bool) -> Iterable[str]:
    if is_filled:
        yield element("circle", class_="mark", cx=x, cy=y, r=radius, fill=_COLOUR, fill_opacity=0.78)
        return
    yield element("circle", class_="hollow", cx=x, cy=y, r=radius, fill="none", stroke=_COLOUR, stroke_width=1.5)
    yield element("line", class_="hollow", x1=x - radius, x2=x + radius, y1=y + radius, y2=y - radius, stroke=_COLOUR)


def _diamond(x: float, y: float, radius: float) -> Iterable[str]:
    reach = radius * 1.3
    path = f"M{x - reach:.1f} {y:.1f}L{x:.1f} {y - reach:.1f}L{x + reach:.1f} {y:.1f}L{x:.1f} {y + reach:.1f}Z"
    yield element("path", class_="mark", d=path, fill=_COLOUR, fill_opacity=0.78)


def _cross(x: float, y: float, radius: float) -> Iterable[str]:
    for rise in (radius, -radius):
        yield element(
            "line",
            x1=x - radius,
            x2=x + radius,
            y1=y - rise,
            y2=y + rise,
            class_="line",
            stroke=_COLOUR,
            stroke_width=2,
        )


def _shape(kind: MarkKind, x: float, y: float, radius: float) -> Iterable[str]:
    match kind:
        case "retweet":
            return _circle(x, y, radius, is_filled=True)
        case "quote":
            return _diamond(x, y, radius)
        case "deletion":
            return _cross(x, y, radius)


def _legend(y: float, kinds: set[MarkKind]) -> str:
    """What the marks mean, below the axis."""
    x, parts = float(_NAMES), list[str]()
    keys: list[tuple[str, MarkKind, str]] = [
        ("act retweet", "retweet", "retweet"),
        ("act quote", "quote", "quote"),
        ("act deletion", "deletion", "a post deleted"),
    ]
    keys = [key for key in keys if key[1] in kinds or (not kinds and key[1] == "retweet")]
    for name, kind, words in keys:
        parts += [element("g", *_shape(kind, x, y, _RADIUS), class_=name), label(x + 12, y + 4, words, class_="key")]
        x += _key_width(words)
    if kinds & {"retweet", "quote"}:
        parts += [element("g", *_circle(x, y, _RADIUS, is_filled=False), class_="act withdrawn")]
        parts += [label(x + 12, y + 4, "taken back", class_="key")]
        x += _key_width("taken back")
    words = "larger: several, close together"
    parts += [element("g", *_circle(x, y, _RADIUS * 1.8, is_filled=True), class_="act several")]
    parts += [label(x + 14, y + 4, words, class_="key")]
    return element("g", *parts, class_="legend")


def _key_width(words: str) -> float:
    return 40 + width_of(words)
