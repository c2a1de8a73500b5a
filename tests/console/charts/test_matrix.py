"""The matrix: each pair's number stands in its square, and the square's area is in proportion to it."""

import pytest

from streams.console.charts.matrix import Heading, matrix
from tests.console.charts.drawn import SVG, drawn, texts_of

_ROWS = [Heading(name="@one", link="/officials/twitter:1"), Heading(name="@two\u202e")]
_COLUMNS = [Heading(name=f"@account{place}", link=f"/accounts/twitter:{place}") for place in range(3)]


def _figure(cells: dict[tuple[int, int], int]) -> str:
    return matrix("matrix", _ROWS, _COLUMNS, cells, title="M", what="amplifications", notes=["and 3 more accounts"])


def test_each_count_stands_in_its_square() -> None:
    """And nothing stands where there is no count."""
    svg = drawn(_figure({(0, 0): 36, (0, 2): 9, (1, 1): 1_500}))
    assert texts_of(svg, "cell-count") == ["36", "9", "1k"]
    squares = [each for each in svg.iter(f"{SVG}rect") if each.attrib["class"] == "cell"]
    said = [each.findtext(f"{SVG}title") for each in squares]
    assert said[2] == "@two\\u202e → @account1: 1,500 amplifications"


def test_areas_are_in_proportion() -> None:
    """Of counts that are not too small to be seen at all."""
    svg = drawn(_figure({(0, 0): 36, (0, 2): 9}))
    large, small = (float(each.attrib["width"]) for each in svg.iter(f"{SVG}rect") if each.attrib["class"] == "cell")
    assert large**2 / small**2 == pytest.approx(4, rel=0.02)


def test_names_lead_to_their_pages() -> None:
    """Where they have one."""
    links = [each.attrib["href"] for each in drawn(_figure({})).iter(f"{SVG}a")]
    assert links == [*(each.link for each in _COLUMNS), "/officials/twitter:1"]


def test_what_does_not_fit_is_said_below() -> None:
    """Also in a copy of the picture alone."""
    assert texts_of(drawn(_figure({})), "figure-note") == ["and 3 more accounts"]
