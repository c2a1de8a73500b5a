"""Elements of figures: everything from outside is a text in them, and never markup."""

from streams.console.charts.marks import drawing, element, label, number, shortened, tooltip, width_of
from tests.console.charts.drawn import SVG, drawn, texts_of

_HOSTILE = "<script>alert(1)</script>\u202e\"'&\x00\ud800\n@x"


def test_a_hostile_text_is_a_text() -> None:
    """It is well-formed whatever stands in it, and the one element that comes out is ours."""
    found = drawn(label(1, 2, _HOSTILE))
    assert (found.tag, len(found)) == ("text", 0)
    assert found.text is not None
    assert found.text.startswith("<script>alert(1)</script>\\u202e\"'&\\x00\\ud800\\n")


def test_a_hostile_attribute_stays_in_its_quotes() -> None:
    """A quote does not end it, and no attribute can come after it."""
    found = drawn(element("a", tooltip("x"), id=f'" onclick="{_HOSTILE}'))
    assert list(found.attrib) == ["id"]


def test_an_attribute_without_a_value_is_left_out() -> None:
    """And names are as SVG has them."""
    assert element("g", class_="mark", text_anchor="end", fill=None) == '<g class="mark" text-anchor="end"/>'


def test_coordinates_are_short() -> None:
    """To the tenth, without what says nothing."""
    assert [number(value) for value in (0, -0.01, 1.0, 2.34, -7.96)] == ["0", "0", "1", "2.3", "-8"]


def test_a_long_name_is_cut_to_its_width() -> None:
    """Wide characters count for two."""
    assert shortened("short", 100) == "short"
    assert shortened("x" * 100, 100).endswith("…")
    assert width_of(shortened("x" * 100, 100)) <= 100
    assert width_of(shortened("中" * 100, 100)) <= 100
    assert len(shortened("中" * 100, 100)) < len(shortened("x" * 100, 100))


def test_a_figure_names_and_describes_itself() -> None:
    """For those who do not see it; a copy of the picture alone has its title and its notes."""
    text = drawing(
        "score", width=400, height=50, title="What <it> is", description="A & B.", body=[element("rect", width=3)],
        notes=["Source: the topic dossiers. " * 8],
    )  # fmt: skip
    svg = drawn(text)
    titles = svg.findall(f"{SVG}title") + svg.findall(f"{SVG}desc")
    assert [each.text for each in titles] == ["What <it> is", "A & B."]
    assert svg.attrib["aria-labelledby"].split() == [each.attrib["id"] for each in titles]
    written = texts_of(svg)
    assert written[0] == "What <it> is"
    assert " ".join(written[1:]).startswith("Source: the topic dossiers.")
    assert len(written) > 2
    assert float(svg.attrib["height"]) > 50
