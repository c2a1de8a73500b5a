"""The days before a suspension against those after it, on one axis: counts as areas, single events as marks.

The two spans are of different lengths. So a count is drawn as an area over its span: its height is a count a day, and
heights of one band compare. The counts themselves are written beside it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from streams.console.charts.marks import drawing, element, label, number, shortened, tooltip

__all__ = ["Band", "ChartMark", "ChartSpan", "Row", "before_after"]

_WIDTH: Final = 860
_NAMES: Final = 170
_RIGHT: Final = 12
_HEAD: Final = 20  # of a band: its counts in words
_AREA: Final = 44
_ROW_HEIGHT: Final = 20
_GAP: Final = 14
_AXIS: Final = 40
_DAY: Final = timedelta(days=1)


class ChartMark(Struct, frozen=True, kw_only=True):
    """One event at its time. `since` draws a line from there to it: a post, from when it stood to when it was gone."""

    at: datetime
    said: str
    since: datetime | None = None


class Row(Struct, frozen=True, kw_only=True):
    """The events of one account."""

    name: str
    marks: tuple[ChartMark, ...]


class Band(Struct, frozen=True, kw_only=True):
    """One kind of thing that is counted before and after. `expected` is what the days before let expect after; `None`
    where nothing is said of it."""

    name: str
    before: int
    after: int
    expected: float | None
    rows: tuple[Row, ...]


class ChartSpan(Struct, frozen=True, kw_only=True):
    """A span of time in which something went unseen, or nobody knows whether the account was still there."""

    since: datetime
    until: datetime
    said: str


def before_after(
    name: str,
    bands: Sequence[Band],
    *,
    begins: datetime,
    opened: datetime,
    closed: datetime,
    ends: datetime,
    unsure: Sequence[ChartSpan],
    title: str,
    event: str,
    notes: Sequence[str],
) -> str:
    """The figure: from `begins` to `opened`, when the account was gone (`event` says in a word what it was), and on to
    `closed`, of a watch that was to last until `ends`.
    """
    axis = _Axis(begins, max(ends, opened + _DAY))
    height = sum(_height(band) + _GAP for band in bands)
    body = [*_unsure(axis, unsure, height), *_days(axis, opened, height)]
    y = 0.0
    for band in bands:
        body += _band(axis, band, y, begins, opened, closed)
        y += _height(band) + _GAP
    x = axis.x(opened)
    body.append(element("line", x1=x, x2=x, y1=0, y2=height, class_="event", stroke="currentColor", stroke_width=1.5))
    body.append(label(x, height + 32, event, class_="event-name", text_anchor="middle", font_weight=600))
    if closed < ends:
        x = axis.x(closed)
        body.append(
            element(
                "line", tooltip("the watch was closed here"), x1=x, x2=x, y1=0, y2=height, class_="closed",
                stroke="currentColor", stroke_dasharray="4 3",
            )
        )  # fmt: skip
    said = "; ".join(
        f"{band.name}: {band.before:,} in the {_length(begins, opened)} before, {band.after:,} in the "
        f"{_length(opened, closed)} after"
        for band in bands
    )
    return drawing(
        name, width=_WIDTH, height=height + _AXIS, title=title, description=f"{said}.", body=body, notes=notes
    )


class _Axis:
    def __init__(self, begins: datetime, ends: datetime) -> None:
        self.begins, self.ends = begins, ends
        self._scale = (_WIDTH - _NAMES - _RIGHT) / (ends - begins).total_seconds()

    def x(self, at: datetime) -> float:
        """Where a moment is; what is outside stands at the edge."""
        at = min(max(at, self.begins), self.ends)
        return _NAMES + (at - self.begins).total_seconds() * self._scale


def _height(band: Band) -> float:
    return _HEAD + _AREA + len(band.rows) * _ROW_HEIGHT


def _days(axis: _Axis, opened: datetime, height: float) -> Iterator[str]:
    """Each seventh day from the suspension on, both ways, with its date."""
    weeks = (axis.ends - opened) // (7 * _DAY)
    back = (opened - axis.begins) // (7 * _DAY)
    for week in range(-back, weeks + 1):
        at = opened + week * 7 * _DAY
        x = axis.x(at)
        yield element("line", x1=x, x2=x, y1=0, y2=height, class_="grid", stroke="currentColor", stroke_opacity=0.15)
        anchor = "end" if x > _WIDTH - 2 * _RIGHT else "middle"
        yield label(x, height + 15, f"{at:%m-%d}", class_="tick", text_anchor=anchor, font_size=11)


def _unsure(axis: _Axis, spans: Sequence[ChartSpan], height: float) -> Iterator[str]:
    for span in spans:
        x, end = axis.x(span.since), axis.x(span.until)
        yield element(
            "rect", tooltip(span.said), x=x, y=0, width=max(1.0, end - x), height=height, class_="unsure",
            fill="currentColor", fill_opacity=0.12, stroke="currentColor", stroke_opacity=0.4, stroke_dasharray="2 2",
        )  # fmt: skip


def _band(axis: _Axis, band: Band, top: float, begins: datetime, opened: datetime, closed: datetime) -> Iterator[str]:
    before, after = _a_day(band.before, begins, opened), _a_day(band.after, opened, closed)
    expected = None if band.expected is None else _a_day(band.expected, opened, closed)
    most = max(before, after, expected or 0.0)
    floor = top + _HEAD + _AREA
    yield label(8, floor - 4, band.name, class_="band-name", font_weight=600)
    for count, rate, since, until, words in (
        (band.before, before, begins, opened, "before"),
        (band.after, after, opened, closed, "after"),
    ):
        x, end = axis.x(since), axis.x(until)
        said = f"{count:,} in {_length(since, until)}"
        if rate:
            tall = _AREA * rate / most
            yield element(
                "rect", tooltip(f"{band.name} {words}: {said}, {rate:.2g} a day"), x=x, y=floor - tall, width=end - x,
                height=tall, class_=f"area area-{words}", fill="#2a6fb0" if words == "before" else "#b0522a",
                fill_opacity=0.4,
            )  # fmt: skip
        yield label(x + 4, top + 14, said, class_="count", font_weight=600)
    if expected is not None:
        y = floor - (_AREA * expected / most if most else 0.0)
        x, end = axis.x(opened), axis.x(closed)
        yield element(
            "line", tooltip(f"{band.expected:.1f} {band.name} were to be expected"), x1=x, x2=end, y1=y, y2=y,
            class_="expected", stroke="currentColor", stroke_width=1.5, stroke_dasharray="5 3",
        )  # fmt: skip
    yield element(
        "line", x1=_NAMES, x2=_WIDTH - _RIGHT, y1=floor, y2=floor, class_="axis", stroke="currentColor",
        stroke_opacity=0.6,
    )  # fmt: skip
    for place, row in enumerate(band.rows):
        yield from _row(axis, row, floor + place * _ROW_HEIGHT + _ROW_HEIGHT / 2)


def _row(axis: _Axis, row: Row, y: float) -> Iterator[str]:
    yield label(_NAMES - 8, y + 4, shortened(row.name, _NAMES - 16), text_anchor="end")
    for mark in row.marks:
        if mark.since is not None and mark.since < mark.at:
            x = axis.x(mark.since)
            yield element(
                "line", x1=x, x2=axis.x(mark.at), y1=y, y2=y, class_="stood", stroke="currentColor",
                stroke_opacity=0.35,
            )  # fmt: skip
            if mark.since >= axis.begins:
                yield element("circle", cx=x, cy=y, r=2, class_="stood-since", fill="currentColor", fill_opacity=0.5)
    for mark in row.marks:
        x = axis.x(mark.at)
        path = f"M{number(x)} {number(y - 6)}l5 6l-5 6l-5 -6z"
        yield element(
            "path", tooltip(mark.said), d=path, class_="mark mark-2", fill="#b0522a", stroke="currentColor",
            stroke_opacity=0.6, stroke_width=0.5,
        )  # fmt: skip


def _a_day(count: float, since: datetime, until: datetime) -> float:
    return count / max(1e-9, (until - since) / _DAY)


def _length(since: datetime, until: datetime) -> str:
    days = (until - since) / _DAY
    said = f"{days:.0f}" if abs(days - round(days)) < 0.05 else f"{days:.1f}"
    return f"{said} day{'' if said == '1' else 's'}"
