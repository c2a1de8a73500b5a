"""Who did how much with whom: rows and columns in the order given, a square for each pair, with its number in it.

No hair-ball: what does not fit is counted below, and the table beside the figure has the same numbers.
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Final

from msgspec import Struct

from streams.console.charts.marks import drawing, element, label, shortened, tooltip

__all__ = ["Heading", "matrix"]

_NAMES: Final = 170
_CELL: Final = 30
_TURNED: Final = -50  # degrees of the column names
_ABOVE: Final = 120
_RIGHT: Final = 110  # for the last column's name, which leans over


class Heading(Struct, frozen=True, kw_only=True):
    """What a row or a column is of: a name, and the address of its page where it has one."""

    name: str
    link: str | None = None


def matrix(
    name: str,
    rows: Sequence[Heading],
    columns: Sequence[Heading],
    cells: Mapping[tuple[int, int], int],
    *,
    title: str,
    what: str,
    notes: Sequence[str],
) -> str:
    """The figure. `cells` are counts by row and column, `what` says of what; a pair without a count has no square."""
    most = max(cells.values(), default=0)
    width = _NAMES + len(columns) * _CELL + _RIGHT
    body = [_column(place, heading) for place, heading in enumerate(columns)]
    for place, heading in enumerate(rows):
        y = _ABOVE + place * _CELL
        if place % 2 == 0:
            body.append(
                element(
                    "rect", x=0, y=y, width=_NAMES + len(columns) * _CELL, height=_CELL, class_="band",
                    fill="currentColor", fill_opacity=0.05,
                )
            )  # fmt: skip
        body.append(
            _linked(
                heading,
                label(_NAMES - 8, y + _CELL / 2 + 4, shortened(heading.name, _NAMES - 16), text_anchor="end"),
            )
        )
    for (row, column), count in sorted(cells.items()):
        said = f"{rows[row].name} → {columns[column].name}: {count:,} {what}"
        body += _cell(row, column, count, most, said)
    pairs = f"{len(rows):,} rows, {len(columns):,} columns, {len(cells):,} pairs with {what}"
    largest = max(cells, key=lambda pair: (cells[pair], -pair[0], -pair[1]), default=None)
    if largest is not None:
        pairs += f"; the most, {cells[largest]:,}, from {rows[largest[0]].name} to {columns[largest[1]].name}"
    return drawing(
        name, width=max(width, 480), height=_ABOVE + len(rows) * _CELL, title=title, description=f"{pairs}.", body=body,
        notes=notes,
    )  # fmt: skip


def _column(place: int, heading: Heading) -> str:
    x, y = _NAMES + (place + 0.5) * _CELL, _ABOVE - 8
    words = shortened(heading.name, (_ABOVE - 20) / 0.77)
    return _linked(heading, label(0, 0, words, transform=f"translate({x:.1f} {y}) rotate({_TURNED})"))


def _cell(row: int, column: int, count: int, most: int, said: str) -> list[str]:
    # The area of the square is in proportion to the count: an eye compares areas, and the number stands in it.
    side = max(10.0, (_CELL - 4) * sqrt(count / most))
    x, y = _NAMES + (column + 0.5) * _CELL, _ABOVE + (row + 0.5) * _CELL
    square = element(
        "rect", tooltip(said), x=x - side / 2, y=y - side / 2, width=side, height=side, class_="cell", fill="#2a6fb0",
        fill_opacity=0.35,
    )  # fmt: skip
    words = f"{count}" if count < 1_000 else f"{count // 1_000}k"
    return [square, label(x, y + 4, words, class_="cell-count", text_anchor="middle", font_size=11)]


def _linked(heading: Heading, mark: str) -> str:
    return mark if heading.link is None else element("a", mark, href=heading.link)
