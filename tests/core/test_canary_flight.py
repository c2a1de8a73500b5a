"""Canaries under way: the age that is told is that of the slowest partition, whatever arrives in whatever order."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.canary_flight import CanaryFlight
from tests.core.tracking.strategies import examples

_MOST_ROUNDS = 1_000

_steps = st.lists(st.tuples(st.sampled_from(("send", "send", "see", "see", "see", "wait")), st.integers(0, 40)))


def test_the_newest_canary_of_the_slowest_partition_counts() -> None:
    """Against a plain list of all that was sent and seen; some come twice, some late, some never."""
    outcomes = Counter[str]()

    @examples(300)
    @given(st.integers(1, 4), _steps)
    def check(partitions: int, steps: list[tuple[str, int]]) -> None:
        flight = CanaryFlight("own", 1_000.0)
        now, sent, newest = 1_000.0, list[tuple[str, int, int, float]](), dict[int, tuple[int, float]]()
        for action, number in steps:
            if action == "wait":
                now += number
            elif action == "send":
                rounds = len(sent) // partitions + 1
                ids = flight.send(partitions, now, now - 500)
                assert len(set(ids) | {each[0] for each in sent}) == len(ids) + len(sent)
                sent += [(canary, partition, rounds, now) for partition, canary in enumerate(ids)]
            elif sent:
                canary, partition, rounds, at = sent[number % len(sent)]
                is_news = rounds > newest.get(partition, (0, 0.0))[0]
                assert flight.see(canary, now - 500) == (now - at if is_news else None)
                outcomes["news" if is_news else "no news"] += 1
                if is_news:
                    newest[partition] = (rounds, at)
            slowest = min((newest.get(partition, (0, 1_000.0))[1] for partition in range(partitions)), default=1_000.0)
            assert flight.last_seen_seconds == (slowest if sent else 1_000.0)
            outcomes["moved on"] += flight.last_seen_seconds > 1_000

    check()
    assert min(outcomes[what] for what in ("news", "no news", "moved on")) > 20


@pytest.mark.slow
@examples(300)
@given(st.text() | st.from_regex(r"own-[0-9٣]{1,25}-[0-9٣]{1,25}", fullmatch=True))
def test_what_a_stranger_writes_is_no_canary_of_ours(text: str) -> None:
    flight = CanaryFlight("own", 0.0)
    ids = flight.send(2, 10.0, 10.0)
    assert (flight.see(text, 11.0) is None) == (text not in ids)


def test_a_partition_that_is_new_begins_when_it_is_first_used_and_one_that_is_gone_counts_no_more() -> None:
    """A worker's age is not that of a partition which somebody has just added."""
    flight = CanaryFlight("own", 0.0)
    for canary in flight.send(1, 10.0, 10.0):
        flight.see(canary, 11.0)
    assert flight.last_seen_seconds == 10
    for canary in flight.send(2, 2_000.0, 2_000.0)[:1]:
        flight.see(canary, 2_001.0)
    for canary in flight.send(2, 2_010.0, 2_010.0)[:1]:
        flight.see(canary, 2_011.0)
    assert flight.last_seen_seconds == 2_000
    flight.send(1, 2_020.0, 2_020.0)
    assert flight.last_seen_seconds == 2_010


def test_what_is_remembered_of_canaries_that_never_arrive_is_bounded() -> None:
    flight = CanaryFlight("own", 0.0)
    rounds = [flight.send(1, float(second), float(second)) for second in range(_MOST_ROUNDS + 1)]
    assert flight.see(rounds[0][0], 2_000.0) is None
    assert flight.see(rounds[1][0], 2_000.0) == 1_999
