"""Cumulative steps: counts that rise and fall over time, with the bounds of a rule and the moments that matter."""

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from streams.console.charts.axes import CountAxis, TimeAxis
from streams.console.charts.marks import drawing, element, label, number, shortened, tooltip
from streams.console.charts.moments import Moment, height_of_labels, moment_lines

__all__ = ["Bound", "StepLine", "step_chart"]

_WIDTH: Final = 880
_LEFT: Final = 178
"""As in the strip plot: the two stand below each other, on one axis."""
_RIGHT: Final = 44
_HEIGHT: Final = 170
_FOOT: Final = 26
_CLASSES: Final[dict[str, str]] = {"amplifications": "line", "officials": "line line-2"}
_DASHES: Final = "5 4"
_COLOURS: Final[dict[str, str]] = {"amplifications": "#2f74c0", "officials": "#b3611d"}


class StepLine(Struct, frozen=True, kw_only=True):
    """A count as it changed: moments (µs since 1970 UTC, ascending) and what it was from then on; 0 before."""

    kind: Literal["amplifications", "officials"]
    words: str
    points: Sequence[tuple[int, int]]


class Bound(Struct, frozen=True, kw_only=True):
    """What a rule asks for, as a level line."""

    kind: Literal["amplifications", "officials"]
    count: float
    words: str


def step_chart(
    lines: Sequence[StepLine],
    bounds: Sequence[Bound],
    moments: Sequence[Moment],
    since_us: int,
    until_us: int,
    *,
    title: str,
    description: str,
    notes: Sequence[str],
) -> str:
    """The figure. The span has to hold all moments."""
    time = TimeAxis.over(since_us, until_us, left=_LEFT, right=_WIDTH - _RIGHT)
    most = max((count for line in lines for _, count in line.points), default=0)
    bounds = [bound for bound in bounds if bound.count <= max(2 * most, 1)]  # one far off would flatten all else
    top = height_of_labels(moments, time)
    bottom = top + _HEIGHT
    highest = max([most, *(int(bound.count) + 1 for bound in bounds)])
    counts = CountAxis(most=max(1, highest), top=top + 10, bottom=bottom)
    body = [time.drawn(top, bottom), counts.drawn(_LEFT, _WIDTH - _RIGHT), *moment_lines(moments, time, top, bottom)]
    body += [_bound(bound, counts) for bound in bounds]
    body += [_line(line, time, counts, until_us) for line in lines]
    body += [*_names(lines, counts), *_legend(lines, bounds, counts.top)]
    return drawing(
        "steps", width=_WIDTH, height=bottom + _FOOT, title=title, description=description, body=body, notes=notes
    )


def _line(line: StepLine, time: TimeAxis, counts: CountAxis, until_us: int) -> str:
    """One path. Of steps that stand on one another the last counts: so it has no more corners than the figure has
    places.
    """
    last_at: dict[float, int] = {}
    for at_us, count in line.points:
        last_at[time.x(at_us)] = count
    path = [f"M{number(time.x(time.since_us))} {number(counts.y(0))}"]
    path += [f"H{number(x)}V{number(counts.y(count))}" for x, count in last_at.items()]
    path.append(f"H{number(time.x(until_us))}")
    return element(
        "path", class_=_CLASSES[line.kind], d="".join(path), fill="none", stroke=_COLOURS[line.kind], stroke_width=2,
        stroke_linejoin="round",
    )  # fmt: skip


def _bound(bound: Bound, counts: CountAxis) -> str:
    y = counts.y(bound.count)
    return element(
        "line", tooltip(bound.words), class_=f"bound {_CLASSES[bound.kind]}", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y,
        stroke=_COLOURS[bound.kind], stroke_dasharray=_DASHES,
    )  # fmt: skip


def _legend(lines: Sequence[StepLine], bounds: Sequence[Bound], top: float) -> list[str]:
    """What each line is, left of the counts."""
    parts: list[str] = []
    keys: list[tuple[str, str, str | None]] = [(line.kind, line.words, None) for line in lines]
    keys += [(bound.kind, bound.words, _DASHES) for bound in bounds]
    for place, (kind, words, dashes) in enumerate(keys):
        y = top + 12 + place * 18
        parts += [
            element("line", class_=f"bound {_CLASSES[kind]}" if dashes else _CLASSES[kind],
                    x1=8, x2=26, y1=y - 4, y2=y - 4,
                    stroke=_COLOURS[kind], stroke_width=1 if dashes else 2, stroke_dasharray=dashes),
            label(32, y, shortened(words, _LEFT - 60, 11), class_="key", font_size=11),
        ]  # fmt: skip
    return [element("g", *parts, class_="legend")]


def _names(lines: Sequence[StepLine], counts: CountAxis) -> list[str]:
    """What each line came to, at its end; never on one another."""
    parts: list[str] = []
    last = -100.0
    for line in sorted(lines, key=lambda each: each.points[-1][1] if each.points else 0):
        count = line.points[-1][1] if line.points else 0
        y = counts.y(count) + 4
        y = min(y, last - 14) if parts else y
        last = y
        x = _WIDTH - _RIGHT + 6
        parts.append(label(x, y, f"{count:,}", font_weight=600, fill=_COLOURS[line.kind], class_=f"end {line.kind}"))
    return parts
