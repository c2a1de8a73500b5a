"""Axes: whatever the span, moments keep their order and stay inside, and labels have room."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.console.charts.axes import CountAxis, TimeAxis
from streams.console.charts.marks import width_of
from streams.core.clock import DAY_US, FIRST_US, LAST_US, to_us

_MOMENTS = st.integers(FIRST_US, LAST_US)


@given(_MOMENTS, st.integers(0, 200 * 365 * DAY_US) | st.integers(0, 100), st.lists(_MOMENTS, max_size=20))
def test_moments_keep_their_order_and_stand_inside(since_us: int, span_us: int, moments: list[int]) -> None:
    """Also those outside of the span, at its ends, and at the ends of the calendar."""
    axis = TimeAxis.over(since_us, since_us + span_us, left=100, right=800)
    places = [axis.x(at_us) for at_us in sorted(moments)]
    assert places == sorted(places)
    assert all(100 <= x <= 800 for x in places)


@given(_MOMENTS, st.integers(0, 9_000 * 365 * DAY_US) | st.integers(0, 100 * DAY_US))
def test_ticks_are_few_inside_and_apart(since_us: int, span_us: int) -> None:
    """From a second to thousands of years."""
    axis = TimeAxis.over(since_us, since_us + span_us, left=100, right=800)
    ticks = axis.ticks()
    assert len(ticks) <= 40
    assert all(axis.since_us <= at_us <= axis.until_us for at_us, _ in ticks)
    for (one_us, one), (other_us, other) in pairwise(ticks):
        assert axis.x(other_us) - axis.x(one_us) >= (width_of(one) + width_of(other)) / 2


def test_half_a_year_is_written_in_months() -> None:
    """The case: from July to January."""
    axis = TimeAxis.over(
        to_us(datetime(2020, 7, 6, tzinfo=UTC)), to_us(datetime(2021, 1, 21, tzinfo=UTC)), left=178, right=836
    )
    assert [words for _, words in axis.ticks()] == [
        "2020-08", "2020-09", "2020-10", "2020-11", "2020-12", "2021-01",
    ]  # fmt: skip


@given(st.integers(0, 10**9))
def test_counts_have_two_to_seven_round_ticks(most: int) -> None:
    """0 is always one of them, and the highest is not beyond the count."""
    axis = CountAxis(most=most, top=10, bottom=110)
    ticks = axis.ticks()
    assert ticks[0] == 0
    assert 2 <= len(ticks) <= 7
    assert all(str(tick).rstrip("0") in ("", "1", "2", "3", "4", "5", "6", "8", "15", "25") for tick in ticks)
    assert axis.y(0) == 110
    assert all(10 <= axis.y(count) <= 110 for count in (0, most, most + 5))
