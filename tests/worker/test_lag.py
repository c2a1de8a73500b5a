"""How long a partition has stood still: only where there is something to do, and from its last step on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.worker.lag import Standstill
from tests.core.tracking.strategies import examples

_looks = st.lists(
    st.tuples(
        st.dictionaries(
            st.sampled_from((("a", 0), ("a", 1), ("b", 0))), st.tuples(st.integers(0, 2), st.integers(0, 1))
        ),
        st.integers(1, 9),
    ),
    max_size=12,
)


@pytest.mark.slow
@examples(400)
@given(_looks)
def test_a_partition_stands_still_while_it_has_lag_and_does_not_move(
    looks: list[tuple[dict[tuple[str, int], tuple[int, int]], int]],
) -> None:
    """Against the whole history, read backwards. An offset that is smaller than before is a move as well."""
    still = Standstill()
    for standing, elapsed in looks:
        lags = {place: lag for place, (_offset, lag) in standing.items()}
        still.look({place: offset for place, (offset, _lag) in standing.items()}, lags, float(elapsed))
    expected = dict[tuple[str, int], int]()
    for place, (offset, _lag) in (looks[-1][0] if looks else {}).items():
        seconds = 0
        for (now, elapsed), (before, _) in zip(reversed(looks), reversed(looks[:-1]), strict=False):
            if place not in now or place not in before or not now[place][1]:
                break
            if (now[place][0], before[place][0]) != (offset, offset):
                break
            seconds += elapsed
        expected[place] = seconds
    where, longest = still.longest()
    assert longest == max(expected.values(), default=0)
    assert (where is None) == (not expected)
    assert where is None or expected[where] == longest
