"""When WATCH is told the time: often enough for its hours, never too often, and also when nothing comes any more."""

from hypothesis import given
from hypothesis import strategies as st

from streams.agents.ticking import Ticker, event_time_us, ticks
from streams.core.clock import HOUR_US, SECOND_US
from streams.core.state_event import decode_state_event


@given(
    st.lists(
        st.tuples(st.floats(0.01, 3.0), st.none() | st.integers(1, 48).map(lambda quarters: quarters * HOUR_US // 4)),
        min_size=1,
        max_size=60,
    )
)
def test_time_is_told_hour_by_hour_and_at_most_once_a_second(arrivals: list[tuple[float, int | None]]) -> None:
    """What is told is what was heard, later each time; nothing an hour ahead is kept back for more than a second."""
    ticker = Ticker(0.0)
    now, heard, told_at, told = 0.0, 0, float("-inf"), 0
    for pause, newest_us in arrivals:
        now += pause
        ticker.hear(newest_us, now)
        heard = max(heard, newest_us or 0)
        at_us = ticker.due(now, 10**18)
        if at_us is not None:
            assert at_us == heard >= told + HOUR_US
            assert now - told_at >= 1.0
            told, told_at = at_us, now
        elif now - told_at >= 1.0:
            assert heard < told + HOUR_US


def test_where_nothing_arrives_for_ten_minutes_the_clock_s_time_is_told_once_in_ten_minutes() -> None:
    """A quiet stream must not keep a watch open for ever."""
    ticker = Ticker(0.0)
    ticker.hear(5 * HOUR_US, 0.0)
    told = [
        (second, at_us)
        for second in range(1, 2_000)
        if (at_us := ticker.due(float(second), (100 * 3_600 + second) * SECOND_US)) is not None
    ]
    assert told == [
        (1, 5 * HOUR_US),
        *((seconds, (100 * 3_600 + seconds) * SECOND_US) for seconds in (600, 1_200, 1_800)),
    ]


@given(st.binary(max_size=200) | st.from_regex(rb'\{"at": ?"[0-9T:.Z+-]{0,40}"\}', fullmatch=True))
def test_whatever_a_stranger_sends_gives_a_time_within_bounds_or_none(payload: bytes) -> None:
    at_us = event_time_us(payload, 2 * 10**15)
    assert at_us is None or 0 < at_us <= 2 * 10**15


def test_the_time_of_an_event_is_found_and_one_ahead_of_the_clock_is_not_believed() -> None:
    payload = b'{"kind": "post", "at": "2021-01-21T00:00:00Z", "actor": 5}'
    at_us = event_time_us(payload, 2**60)
    assert at_us == 1_611_187_200_000_000
    assert event_time_us(payload, at_us - 1) is None


def test_each_partition_gets_its_tick() -> None:
    records = list(ticks(7, 3))
    assert [record.partition for record in records] == [0, 1, 2]
    assert {
        (event.kind, event.state, event.at_us) for event in (decode_state_event(r.value or b"") for r in records)
    } == {("tick", "", 7)}
