"""The strip plot: every amplification is in a mark, every mark is inside, and no number of them makes it unreadable."""

import re
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.console.charts.moments import Moment
from streams.console.charts.strip_plot import MOST_ROWS, StripMark, StripRow, strip_plot
from streams.core.clock import SECOND_US, to_us
from tests.console.charts.drawn import SVG, drawn

_SINCE_US = to_us(datetime(2020, 7, 6, tzinfo=UTC))
_UNTIL_US = to_us(datetime(2021, 1, 21, tzinfo=UTC))
_HOSTILE = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)


def _drawn(rows: list[StripRow], *moments: Moment) -> Element:
    return drawn(strip_plot(rows, moments, _SINCE_US, _UNTIL_US, title="t", description="d", notes=["n"]))


def _marks(row: Element) -> list[Element]:
    return [each for each in row.findall(f"{SVG}g") if each.get("class", "").startswith("act")]


def _rows(figure: Element) -> list[Element]:
    return [each for each in figure.iter(f"{SVG}g") if each.get("class") == "strip-row"]


def _said(mark: Element) -> int:
    """How many amplifications a mark says it is."""
    words = mark.findtext(f"{SVG}title") or ""
    several = re.match(r"([\d,]+) (?:amplifications|deletions)", words)
    return int(several[1].replace(",", "")) if several else 1


_marks_strategy = st.lists(
    st.builds(
        StripMark,
        at_us=st.integers(_SINCE_US, _UNTIL_US),
        kind=st.sampled_from(["retweet", "quote"]),
        withdrawn=st.booleans(),
    ),
    max_size=60,
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.builds(StripRow, name=_HOSTILE, marks=_marks_strategy), max_size=40))
def test_every_amplification_is_in_one_mark_of_its_row_and_inside(rows: list[StripRow]) -> None:
    """Whatever the officials are called; those beyond the bound are in the last row."""
    figure = _drawn(rows)
    shown_rows = _rows(figure)
    assert len(shown_rows) == min(len(rows), MOST_ROWS + 1)
    expected = [len(row.marks) for row in rows[:MOST_ROWS]]
    if len(rows) > MOST_ROWS:
        expected.append(sum(len(row.marks) for row in rows[MOST_ROWS:]))
    assert [sum(_said(mark) for mark in _marks(row)) for row in shown_rows] == expected
    width, height = float(figure.get("width", 0)), float(figure.get("height", 0))
    for circle in figure.iter(f"{SVG}circle"):
        x, y, r = (float(circle.get(name, "nan")) for name in ("cx", "cy", "r"))
        assert r <= x <= width - r
        assert r <= y <= height - r


def test_what_stands_close_together_is_one_larger_mark() -> None:
    """1,024 retweets in one second are one mark that says so."""
    marks = [StripMark(at_us=_SINCE_US + SECOND_US + each, kind="retweet") for each in range(1_024)]
    (row,) = _rows(_drawn([StripRow(name="@busy", marks=marks)]))
    (mark,) = _marks(row)
    assert (mark.findtext(f"{SVG}title") or "").startswith("1,024 amplifications, 2020-07-06 00:00:01 to ")
    alone = _marks(_rows(_drawn([StripRow(name="@busy", marks=marks[:1])]))[0])[0]
    assert _radius(alone) < _radius(mark) <= 10


def test_4096_officials_are_a_figure_of_bounded_size() -> None:
    """The first are rows of their own, and the last row says how many more there are."""
    day_us = 24 * 3_600 * SECOND_US
    rows = [
        StripRow(name=f"@o{each}", marks=[StripMark(at_us=_SINCE_US + each % 190 * day_us, kind="retweet")])
        for each in range(4_096)
    ]
    svg = strip_plot(rows, [], _SINCE_US, _UNTIL_US, title="t", description="d", notes=[])
    assert len(svg) < 150_000
    last = _rows(drawn(svg))[-1]
    assert [each.text for each in last.findall(f"{SVG}text")] == [f"and {4_096 - MOST_ROWS:,} more", "4,072"]


def test_a_mark_of_what_was_taken_back_is_another_one() -> None:
    """Hollow, and it is not in the count of its row."""
    marks = [
        StripMark(at_us=_SINCE_US, kind="retweet", withdrawn=True),
        StripMark(at_us=_UNTIL_US, kind="quote"),
    ]
    (row,) = _rows(_drawn([StripRow(name="@o", marks=marks)]))
    taken_back, quote = _marks(row)
    assert (taken_back.get("class"), quote.get("class")) == ("act retweet withdrawn", "act quote")
    assert (taken_back.findtext(f"{SVG}title") or "").endswith("taken back")
    assert row.findall(f"{SVG}text")[-1].text == "1"


def test_labels_of_moments_never_overlap() -> None:
    """Also where all of them are at the same time, at the end of the axis."""
    ends = [_UNTIL_US - each * SECOND_US for each in range(4)]
    moments = [Moment(kind="fired", at_us=at_us, words=f"fired 2021-01-21 {at_us % 10}") for at_us in ends]
    moments.append(Moment(kind="created", at_us=_SINCE_US, words="created 2020-07-06"))
    figure = _drawn([], *moments)
    labels = [each for each in figure.iter(f"{SVG}text") if (each.get("class") or "").startswith("moment-label")]
    places = [(float(each.get("y", 0)), float(each.get("x", 0))) for each in labels]
    assert len({y for y, x in places if x > 400}) == 4
    assert all(0 <= x <= 836 for _, x in places)
    assert min(y for y, _ in places) > 10


def test_names_and_moments_are_text_and_nothing_else() -> None:
    """No name becomes an element, and none turns what stands beside it around."""
    name = "</text><script>alert(1)</script>\u202e"
    figure = _drawn([StripRow(name=name, marks=[])], Moment(kind="asked", at_us=_SINCE_US, words="<b>&\u2067"))
    assert {each.tag.removeprefix(SVG) for each in figure.iter()} <= {
        "svg", "title", "desc", "g", "text", "line", "circle", "path",
    }  # fmt: skip
    shown = "".join(each.text or "" for each in figure.iter(f"{SVG}text"))
    assert "<b>&\\u2067" in shown
    assert "</text><script>" in shown
    assert not set(shown) & set("\u202e\u2067")


def test_a_figure_has_no_styles_and_loads_nothing() -> None:
    """Its policy allows neither."""
    svg = strip_plot(
        [StripRow(name="@o", marks=[StripMark(at_us=_SINCE_US, kind="retweet")])],
        [Moment(kind="fired", at_us=to_us(datetime(2020, 9, 22, 8, tzinfo=UTC)), words="fired")],
        _SINCE_US, _UNTIL_US, title="t", description="d", notes=[],
    )  # fmt: skip
    assert not re.search(r"\sstyle=|href|<style|<script|<image|\son[a-z]+=|url\(", svg)


def _radius(mark: Element) -> float:
    circle = mark.find(f"{SVG}circle")
    assert circle is not None
    return float(circle.get("r", 0))
