"""Before against after: heights are counts a day, so that 30 days compare with 14."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.console.charts.before_after import Band, ChartMark, ChartSpan, Row, before_after
from tests.console.charts.drawn import SVG, drawn, texts_of

_OPENED = datetime(2021, 1, 21, 14, 20, tzinfo=UTC)
_DAY = timedelta(days=1)


def _figure(*bands: Band, closed: datetime = _OPENED + 14 * _DAY, unsure: tuple[ChartSpan, ...] = ()) -> str:
    return before_after(
        "before-after", bands, begins=_OPENED - 30 * _DAY, opened=_OPENED, closed=closed, ends=_OPENED + 14 * _DAY,
        unsure=unsure, title="T", event="suspended 2021-01-21", notes=["counts, never motives"],
    )  # fmt: skip


def _areas(text: str) -> list[tuple[float, float]]:
    found = (each for each in drawn(text).iter(f"{SVG}rect") if each.attrib["class"].startswith("area"))
    return [(float(each.attrib["width"]), float(each.attrib["height"])) for each in found]


def test_equal_rates_have_equal_heights() -> None:
    """30 in 30 days are as high as 14 in 14, and their areas are as 30 to 14."""
    (wide, tall), (narrow, height) = _areas(
        _figure(Band(name="references", before=30, after=14, expected=None, rows=()))
    )
    assert tall == pytest.approx(height, abs=0.2)
    assert wide * tall / (narrow * height) == pytest.approx(30 / 14, rel=0.01)


def test_the_counts_are_written_beside_it() -> None:
    """With the days in which they were counted, also of a watch that ended early."""
    band = Band(name="references", before=16, after=2, expected=None, rows=())
    assert texts_of(drawn(_figure(band)), "count") == ["16 in 30 days", "2 in 14 days"]
    early = _figure(band, closed=_OPENED + 10.85 * _DAY)
    assert texts_of(drawn(early), "count") == ["16 in 30 days", "2 in 10.8 days"]
    assert "the watch was closed here" in early


def test_nothing_counted_has_no_area() -> None:
    """And is written as 0."""
    text = _figure(Band(name="deletions", before=0, after=0, expected=0.0, rows=()))
    assert _areas(text) == []
    assert texts_of(drawn(text), "count") == ["0 in 30 days", "0 in 14 days"]


def test_expected_is_a_line_where_it_is_known() -> None:
    """Where too much went unseen there is none: it would be a guess."""
    known = Band(name="deletions", before=3, after=9, expected=1.4, rows=())
    unknown = Band(name="deletions", before=3, after=9, expected=None, rows=())
    assert ["expected" in _figure(each) for each in (known, unknown)] == [True, False]


def test_events_stand_at_their_times_on_the_row_of_their_account() -> None:
    """What began before the axis does is drawn from its edge."""
    mark = ChartMark(at=_OPENED + _DAY, since=_OPENED - 60 * _DAY, said="deleted 2021-01-22")
    text = _figure(Band(name="deletions", before=0, after=1, expected=0.0, rows=(Row(name="@a", marks=(mark,)),)))
    lines = [each for each in drawn(text).iter(f"{SVG}line") if each.attrib["class"] == "stood"]
    assert [float(each.attrib["x1"]) for each in lines] == [170.0]
    assert "stood-since" not in text
    assert "deleted 2021-01-22" in text


def test_unseen_time_is_shaded() -> None:
    """However short it was."""
    span = ChartSpan(since=_OPENED + _DAY, until=_OPENED + _DAY, said="6 officials were unseen")
    [shade] = [each for each in drawn(_figure(unsure=(span,))).iter(f"{SVG}rect") if each.attrib["class"] == "unsure"]
    assert float(shade.attrib["width"]) >= 1
    assert shade.findtext(f"{SVG}title") == "6 officials were unseen"
