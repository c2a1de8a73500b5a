"""The dead-letter limit lets single refusals pass and stops a run of them."""

from hypothesis import given
from hypothesis import strategies as st

from streams.agents.screen.dead_letter_limit import DeadLetterLimit


def _observe(limit: DeadLetterLimit, outcomes: list[bool]) -> None:
    trailing = 0
    for refused in outcomes:
        trailing = trailing + 1 if refused else 0
    limit.observe(len(outcomes), sum(outcomes), trailing)


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=30), max_size=30))
def test_it_stops_exactly_when_the_limit_is_reached_in_a_row_at_the_end_of_a_batch(batches: list[list[bool]]) -> None:
    """Counted over batch boundaries, against the plain sequence."""
    limit = DeadLetterLimit(run=20, share=1.0)
    in_a_row = 0
    for batch in batches:
        for refused in batch:
            in_a_row = in_a_row + 1 if refused else 0
        _observe(limit, batch)
        if in_a_row >= 20:
            assert limit.stopped is not None
            assert "in a row" in limit.stopped
            _observe(limit, [False])
            assert limit.stopped is not None, "it is not for the limit to go on"
            return
        assert limit.stopped is None


def test_it_stops_when_the_share_of_the_last_ten_thousand_is_too_high() -> None:
    """Every second record refused is no run, and still a bug or an attack."""
    limit = DeadLetterLimit(run=1_000_000, share=0.4)
    for _ in range(9):
        limit.observe(1_000, 500, 1)
        assert limit.stopped is None
    limit.observe(1_000, 500, 1)
    assert limit.stopped is not None
    assert "5,000 of the last 10,000" in limit.stopped


def test_what_lies_further_back_than_ten_thousand_records_is_forgiven() -> None:
    """A bad hour yesterday does not stop a good source today."""
    limit = DeadLetterLimit(run=1_000_000, share=0.5)
    limit.observe(9_000, 4_000, 0)
    for _ in range(100):
        limit.observe(1_000, 100, 0)
    for _ in range(5):
        limit.observe(1_000, 900, 0)
    assert limit.stopped is None
    limit.observe(1_000, 900, 0)
    assert limit.stopped is not None
