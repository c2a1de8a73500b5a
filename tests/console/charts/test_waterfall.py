"""The waterfall of a score: each bar begins where the one before it ended."""

from hypothesis import given
from hypothesis import strategies as st

from streams.console.charts.waterfall import Step, waterfall
from tests.console.charts.drawn import SVG, drawn, texts_of

_STEPS = (
    Step(name="officials", found="19", points=25.0, most=25.0),
    Step(name="age", found="unknown", points=None, most=15.0),
    Step(name="weeks", found="28", points=15.0, most=15.0),
    Step(name="follows", found="0", points=0.0, most=5.0),
)


def _bars(text: str, css: str) -> list[tuple[float, float]]:
    found = drawn(text).iter(f"{SVG}rect")
    return [(float(each.attrib["x"]), float(each.attrib["width"])) for each in found if each.attrib["class"] == css]


def _figure(steps: tuple[Step, ...], total: float) -> str:
    return waterfall("score", steps, total=total, of=100.0, title="Score", unit="points", notes=[])


def test_an_unknown_term_has_no_bar_and_says_so() -> None:
    """Its frame stands where its points would begin; the next term begins there as well."""
    text = _figure(_STEPS, 40.0)
    bars, frames = _bars(text, "bar"), _bars(text, "bar-most")
    assert len(bars) == 2
    assert len(frames) == 4
    assert frames[1][0] == frames[2][0] == bars[1][0]
    assert "unknown" in texts_of(drawn(text))
    assert "unknown, and without points: age" in text


def test_zero_is_not_unknown() -> None:
    """A term that was looked at and gives nothing says 0."""
    assert "0 of 5" in texts_of(drawn(_figure(_STEPS, 40.0)))


@given(st.lists(st.floats(0, 1) | st.none(), max_size=9))
def test_the_last_bar_ends_where_the_sum_does(parts: list[float | None]) -> None:
    """Whatever the terms are."""
    steps = tuple(
        Step(name=f"t{place}", found="x", points=None if part is None else part * 11, most=11.0)
        for place, part in enumerate(parts)
    )
    total = sum(step.points or 0.0 for step in steps)
    text = _figure(steps, total)
    [(start, width)] = _bars(text, "bar bar-sum")
    end = max((x + wide for x, wide in _bars(text, "bar")), default=start)
    assert abs(end - (start + width)) < 1
