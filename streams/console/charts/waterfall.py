"""A sum of terms as a waterfall: each bar begins where the one before it ends. An unknown term has no bar, and says so.

Behind each bar stands what the term could give at most, so that one sees what is missing and what is full.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from streams.console.charts.marks import drawing, element, label, number, shortened, tooltip

__all__ = ["Step", "waterfall"]

_WIDTH: Final = 860
_NAMES: Final = 222  # of the column of names
_FOUND: Final = 88  # of what was found of each
_LEFT: Final = _NAMES + _FOUND
_VALUES: Final = 104  # of the column of points
_ROW: Final = 26
_BAR: Final = 14
_AXIS: Final = 22


class Step(Struct, frozen=True, kw_only=True):
    """One term: what it is called, what of it was found in words, its points (`None`: unknown) of `most`."""

    name: str
    found: str
    points: float | None
    most: float


def waterfall(
    name: str, steps: Sequence[Step], *, total: float, of: float, title: str, unit: str, notes: Sequence[str]
) -> str:
    """The figure. `total` is the sum as the record has it, of at most `of`."""
    scale = (_WIDTH - _LEFT - _VALUES) / of
    body: list[str] = [*_grid(scale, of, len(steps))]
    reached = 0.0
    for row, step in enumerate(steps):
        body += _step(step, row, reached, scale)
        reached += step.points or 0.0
    y = len(steps) * _ROW
    body += [
        element("line", x1=0, x2=_WIDTH, y1=y, y2=y, class_="axis", stroke="currentColor", stroke_opacity=0.6),
        label(8, y + 17, "sum", font_weight=600),
        element(
            "rect", tooltip(f"{total:g} of {of:g} {unit}"), x=_LEFT, y=y + (_ROW - _BAR) / 2, width=total * scale,
            height=_BAR, class_="bar bar-sum", fill="currentColor", fill_opacity=0.65,
        ),
        label(_WIDTH - 8, y + 17, f"{total:g} of {of:g}", text_anchor="end", font_weight=600),
    ]  # fmt: skip
    unknown = [step.name for step in steps if step.points is None]
    said = f"{total:g} of {of:g} {unit}, from {len(steps)} terms"
    if unknown:
        said += f"; unknown, and without points: {', '.join(unknown)}"
    height = y + _ROW + _AXIS
    return drawing(
        name, width=_WIDTH, height=height, title=title, description=f"{said}.", body=body, notes=notes
    )  # fmt: skip


def _grid(scale: float, of: float, rows: int) -> Iterator[str]:
    bottom = (rows + 1) * _ROW
    for part in range(5):
        x = _LEFT + of * scale * part / 4
        yield element("line", x1=x, x2=x, y1=0, y2=bottom, class_="grid", stroke="currentColor", stroke_opacity=0.15)
        anchor = "middle" if part < 4 else "end"
        yield label(x, bottom + 15, f"{of * part / 4:g}", class_="tick", text_anchor=anchor, font_size=11)


def _step(step: Step, row: int, reached: float, scale: float) -> Iterator[str]:
    y = row * _ROW
    x = _LEFT + reached * scale
    yield label(8, y + 17, shortened(step.name, _NAMES - 12))
    yield label(_LEFT - 14, y + 17, shortened(step.found, _FOUND - 14), text_anchor="end")
    if step.points is None:
        said, shown = f"{step.name}: unknown, of at most {step.most:g} points", "unknown"
    else:
        said, shown = f"{step.name}: {step.found}, {step.points:g} of at most {step.most:g} points", f"{step.points:g}"
    frame = element(
        "rect", tooltip(said), x=x, y=y + (_ROW - _BAR) / 2, width=step.most * scale, height=_BAR, class_="bar-most",
        fill="currentColor", fill_opacity=0.06, stroke="currentColor", stroke_opacity=0.45,
        stroke_dasharray="3 3" if step.points is None else None,
    )  # fmt: skip
    yield frame
    if step.points:
        yield element(
            "rect", tooltip(said), x=x, y=y + (_ROW - _BAR) / 2, width=step.points * scale, height=_BAR, class_="bar",
            fill="#2a6fb0",
        )  # fmt: skip
    bottom = y + (_ROW + _BAR) / 2
    end = number(x + (step.points or 0.0) * scale)
    yield element(
        "path", d=f"M{end} {number(bottom)}v{number(_ROW - _BAR)}", class_="connector", stroke="currentColor",
        stroke_opacity=0.5,
    )  # fmt: skip
    yield label(
        _WIDTH - 8, y + 17, f"{shown} of {step.most:g}" if step.points is not None else shown, text_anchor="end",
        font_style="italic" if step.points is None else None,
    )  # fmt: skip
