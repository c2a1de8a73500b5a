"""Axes: where a moment or a count stands in a drawing, and which of them are written beside it. Pure geometry."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from streams.console.charts.marks import TEXT, Attribute, element, label, width_of
from streams.core.clock import DAY_US, FIRST_US, HOUR_US, LAST_US, SECOND_US, from_us, to_us

__all__ = ["CountAxis", "TimeAxis"]

_MINUTE_US: Final = 60 * SECOND_US
_MONTHS: Final = 12
# Distances between ticks, the shortest first: (µs, what is written). Months and years are not all the same length.
_EVEN: Final = (
    *((seconds * SECOND_US, "%H:%M:%S") for seconds in (1, 5, 15, 30)),
    *((minutes * _MINUTE_US, "%H:%M") for minutes in (1, 5, 15, 30)),
    *((hours * HOUR_US, "%m-%d %H:%M") for hours in (1, 3, 6, 12)),
    *((days * DAY_US, "%Y-%m-%d") for days in (1, 2, 7)),
)
_MONTHLY: Final = ((1, "%Y-%m"), (3, "%Y-%m"), (6, "%Y-%m"), (12, "%Y"), (60, "%Y"), (120, "%Y"))
_MONTH_US: Final = 30 * DAY_US
_APART: Final = 24
"""Between two labels, at least."""
_LAST_YEAR: Final = 9_999
_SHORTEST_US: Final = SECOND_US
_AXIS: Final[dict[str, Attribute | None]] = {"stroke": "currentColor", "stroke_opacity": 0.5}
_GRID: Final[dict[str, Attribute | None]] = {"stroke": "currentColor", "stroke_opacity": 0.12}


class TimeAxis(Struct, frozen=True, kw_only=True):
    """Moments (µs since 1970 UTC) from `since_us` to `until_us`, between `left` and `right`.

    A span of nothing is drawn as one of a second. What is outside of it stands at the nearer end.
    """

    since_us: int
    until_us: int
    left: float
    right: float

    @classmethod
    def over(cls, since_us: int, until_us: int, *, left: float, right: float, margin: float = 0.02) -> "TimeAxis":
        """An axis with a margin at both ends, a share of the span."""
        span_us = max(until_us - since_us, _SHORTEST_US)
        room_us = int(span_us * margin) + 1
        begin_us = min(max(since_us - room_us, FIRST_US), LAST_US - _SHORTEST_US)
        end_us = max(min(since_us + span_us + room_us, LAST_US), begin_us + _SHORTEST_US)
        return cls(since_us=begin_us, until_us=end_us, left=left, right=right)

    def x(self, at_us: int) -> float:
        """Where a moment stands: between `left` and `right`, to the tenth."""
        share = (at_us - self.since_us) / (self.until_us - self.since_us)
        return round(self.left + min(1.0, max(0.0, share)) * (self.right - self.left), 1)

    def ticks(self) -> list[tuple[int, str]]:
        """Moments to write, oldest first, so far apart that their labels have room."""
        span_us = self.until_us - self.since_us
        for step_us, form in _EVEN:
            if self._room(form) >= span_us / step_us:
                first = -(-self.since_us // step_us) * step_us
                return [(at_us, from_us(at_us).strftime(form)) for at_us in range(first, self.until_us + 1, step_us)]
        for months, form in _MONTHLY:
            if self._room(form) >= span_us / (_MONTH_US * months):
                return list(self._months(months, form))
        longest, form = _MONTHLY[-1]
        times = int(span_us / (_MONTH_US * longest) / self._room(form)) + 1
        return list(self._months(longest * times, form))

    def drawn(self, top: float, bottom: float) -> str:
        """Lines from `top` to `bottom` with their labels below."""
        parts = [element("line", class_="axis", x1=self.left, x2=self.right, y1=bottom, y2=bottom, **_AXIS)]
        for at_us, words in self.ticks():
            x = self.x(at_us)
            parts.append(element("line", class_="grid", x1=x, x2=x, y1=top, y2=bottom, **_GRID))
            parts.append(label(x, bottom + TEXT + 4, words, class_="tick", text_anchor="middle", fill_opacity=0.75))
        return element("g", *parts, class_="time-axis", aria_hidden="true")

    def _room(self, form: str) -> float:
        sample = datetime(2000, 1, 1, tzinfo=UTC).strftime(form)
        return (self.right - self.left) / (width_of(sample) + _APART)

    def _months(self, step: int, form: str) -> Iterator[tuple[int, str]]:
        since = from_us(self.since_us)
        month = since.year * _MONTHS + since.month - 1
        month = max(step, -(-month // step) * step) if month < _MONTHS else -(-month // step) * step
        while month // _MONTHS <= _LAST_YEAR:
            at = datetime(month // _MONTHS, month % _MONTHS + 1, 1, tzinfo=UTC)
            if to_us(at) > self.until_us:
                return
            if to_us(at) >= self.since_us:
                yield to_us(at), at.strftime(form)
            month += step


class CountAxis(Struct, frozen=True, kw_only=True):
    """Counts from 0 to `most` (at least 1), from `bottom` up to `top`."""

    most: int
    top: float
    bottom: float

    def y(self, count: float) -> float:
        """Where a count stands, to the tenth; beyond the ends at the nearer one."""
        share = min(1.0, max(0.0, count / max(1, self.most)))
        return round(self.bottom - share * (self.bottom - self.top), 1)

    def ticks(self) -> list[int]:
        """Round counts from 0 on, at most six."""
        step = 1
        while self.most / step > 5:
            step = step * 5 // 2 if str(step)[0] == "2" else step * 2
        return list(range(0, max(1, self.most) + 1, step))

    def drawn(self, left: float, right: float) -> str:
        """Lines from `left` to `right` with their labels before."""
        parts: list[str] = []
        for count in self.ticks():
            y = self.y(count)
            parts.append(element("line", class_="grid", x1=left, x2=right, y1=y, y2=y, **_GRID))
            words = f"{count:,}"
            parts.append(label(left - 6, y + 4, words, class_="tick", text_anchor="end", fill_opacity=0.75))
        return element("g", *parts, class_="count-axis", aria_hidden="true")
