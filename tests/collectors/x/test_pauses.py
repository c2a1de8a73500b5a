"""The pauses that X prescribes, each kind of failure on a schedule of its own."""

import pytest

from streams.collectors.x.pauses import Failure, Pauses


@pytest.mark.parametrize(
    ("failure", "first", "longest"),
    [
        ("network", [0.25, 0.5, 0.75, 1.0, 1.25], 16.0),
        ("http", [5, 10, 20, 40, 80, 160, 320], 320.0),
        ("throttled", [60, 120, 240, 480], 3_600.0),
    ],
)
def test_each_kind_grows_in_its_way_to_its_end(failure: Failure, first: list[float], longest: float) -> None:
    pauses = Pauses()
    found = [pauses.after(failure, 0.0) for _ in range(100)]
    assert found[: len(first)] == first
    assert set(found[70:]) == {longest}


def test_one_kind_does_not_lengthen_another() -> None:
    pauses = Pauses()
    assert [pauses.after("http", 0.0), pauses.after("network", 0.0), pauses.after("throttled", 0.0)] == [5, 0.25, 60]
    assert [pauses.after("network", 0.0), pauses.after("http", 0.0)] == [0.5, 10]


def test_after_a_stream_that_lasted_the_next_attempt_is_made_at_once() -> None:
    """And one that X cuts again and again within seconds is not worth that."""
    pauses = Pauses()
    for _ in range(10):
        pauses.after("network", 5.0)
    assert pauses.after("network", 5.0) == 2.75
    assert [pauses.after("network", 31.0), pauses.after("network", 0.0)] == [0.0, 0.25]


def test_what_x_asks_for_is_the_least() -> None:
    pauses = Pauses()
    assert pauses.after("throttled", 0.0, 700.0) == 700.0
    assert pauses.after("throttled", 0.0, 7.0) == 120.0
