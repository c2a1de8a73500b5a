"""Cumulative steps: a path that ends where its count ends, whatever the number of its steps."""

import re
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.console.charts.steps import Bound, StepLine, step_chart
from streams.core.clock import to_us
from tests.console.charts.drawn import SVG, drawn

_SINCE_US = to_us(datetime(2020, 7, 6, tzinfo=UTC))
_UNTIL_US = to_us(datetime(2021, 1, 21, tzinfo=UTC))


def _drawn(lines: list[StepLine], *bounds: Bound) -> str:
    return step_chart(lines, bounds, [], _SINCE_US, _UNTIL_US, title="t", description="d", notes=[])


def _line(times: list[int]) -> StepLine:
    points = [(at_us, count) for count, at_us in enumerate(sorted(times), 1)]
    return StepLine(kind="amplifications", words="amplifications", points=points)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(_SINCE_US, _UNTIL_US), max_size=300))
def test_steps_go_to_the_right_and_up_and_end_at_the_count(times: list[int]) -> None:
    """Counts that only rise make a path that only rises; its end says the last."""
    figure = drawn(_drawn([_line(times)]))
    (path,) = [each for each in figure.iter(f"{SVG}path") if each.get("class") == "line"]
    steps = re.findall(r"([MHV])([\d.]+)(?: ([\d.]+))?", path.get("d", ""))
    across = [float(x) for letter, x, _ in steps if letter in "MH"]
    up = [float(y) for letter, y, _ in steps if letter == "V"]
    assert across == sorted(across)
    assert up == sorted(up, reverse=True)
    ends = [each.text for each in figure.iter(f"{SVG}text") if each.get("class") == "end amplifications"]
    assert ends == [f"{len(times):,}"]


def test_more_steps_than_places_are_no_longer_path() -> None:
    """100,000 amplifications are drawn in as many corners as there are tenths of a place."""
    times = [_SINCE_US + each * (_UNTIL_US - _SINCE_US) // 100_000 for each in range(100_000)]
    assert len(_drawn([_line(times)])) < 150_000


def test_a_bound_within_reach_is_drawn_and_one_far_off_is_not() -> None:
    """A rule may ask for 1,000 where there are 3: a line up there would flatten all else."""
    line = _line([_SINCE_US, _UNTIL_US, _UNTIL_US])
    near = Bound(kind="amplifications", count=5, words="at least 5")
    far = Bound(kind="amplifications", count=1_000, words="at least 1,000")
    figure = drawn(_drawn([line], near, far))
    bounds = [each for each in figure.iter(f"{SVG}line") if each.get("class") == "bound line"]
    assert [words for each in bounds if (words := each.findtext(f"{SVG}title"))] == ["at least 5"]


def test_ends_of_lines_never_overlap() -> None:
    """Two lines that come to the same count have two readable numbers."""
    one = StepLine(kind="amplifications", words="amplifications", points=[(_SINCE_US, 5)])
    other = StepLine(kind="officials", words="officials", points=[(_SINCE_US, 5)])
    figure = drawn(_drawn([one, other]))
    ends = [
        float(each.get("y", 0)) for each in figure.iter(f"{SVG}text") if (each.get("class") or "").startswith("end")
    ]
    assert len(ends) == 2
    assert abs(ends[0] - ends[1]) >= 12
