"""What WATCH is told of the raw partitions: how far each is read, which are idle, often enough and never too often."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.screen.progress_reports import ProgressReporter, event_time_us, ticks
from streams.core.clock import HOUR_US, SECOND_US
from streams.core.country_event import RawProgress, ReadUpTo, decode_country_event
from streams.events import RAW_TOPICS

_NOW_US = 10**15
_COUNTS = dict.fromkeys(sorted(RAW_TOPICS.values()), 4)


def _report(ticker: ProgressReporter, now: float, lags: dict[tuple[str, int], int]) -> RawProgress | None:
    ticker.look(now, _NOW_US + int(now * SECOND_US))
    report = ticker.found(lags, _COUNTS)
    if report is not None:
        ticker.reported()
    return report


def _cells(report: RawProgress | None) -> dict[tuple[str, int], tuple[int, bool]]:
    assert report is not None
    return {(topic, each.partition): (each.at_us, each.idle) for topic, row in report.read.items() for each in row}


def test_each_assigned_partition_is_reported_with_its_newest_event_and_no_other() -> None:
    ticker = ProgressReporter(600.0)
    ticker.note_batch("posts", 0, 7 * HOUR_US, 0.0)
    ticker.note_batch("posts", 0, 5 * HOUR_US, 1.0)
    ticker.note_batch("retweets", 3, 9 * HOUR_US, 1.0)
    report = _report(ticker, 2.0, {("posts", 0): 4, ("posts", 1): 0, ("subject-events", 0): 9})
    assert _cells(report) == {("posts", 0): (7 * HOUR_US, False), ("posts", 1): (0, False)}
    assert report is not None
    assert report.partitions == _COUNTS


def test_a_partition_is_idle_when_it_is_read_to_its_end_and_brought_nothing_for_the_time() -> None:
    """Lag keeps it from being idle however long it takes; an event, or a new assignment, begins the time again."""
    ticker = ProgressReporter(10.0)
    lags = {("posts", 0): 0, ("posts", 1): 1}

    def idle(now: float) -> list[bool]:
        return [is_idle for _at_us, is_idle in _cells(_report(ticker, now, lags)).values()]

    assert idle(0.0) == [False, False]
    assert idle(9.9) == [False, False]
    assert idle(10.0) == [True, False]
    assert idle(1_000.0) == [True, False]
    lags["posts", 1] = 0
    assert idle(1_001.0) == [True, True]
    ticker.note_batch("posts", 1, None, 1_002.0)
    assert idle(1_003.0) == [True, False]
    assert idle(1_012.0) == [True, True]
    ticker.assigned()
    assert idle(1_020.0) == [False, False]
    assert idle(1_030.0) == [True, True]


def test_a_partition_of_coverage_is_idle_as_soon_as_it_is_read_to_its_end() -> None:
    """A heartbeat a minute, or one that tells of a gap years ago, is no measure of event time; an unread one may
    change what a watch says, and holds it back."""
    ticker = ProgressReporter(600.0)
    lags = {("coverage", 0): 3, ("posts", 0): 0}
    ticker.note_batch("coverage", 0, 5 * HOUR_US, 0.0)
    ticker.note_batch("posts", 0, 9 * HOUR_US, 0.0)
    assert _cells(_report(ticker, 1.0, lags)) == {
        ("coverage", 0): (5 * HOUR_US, False),
        ("posts", 0): (9 * HOUR_US, False),
    }
    lags["coverage", 0] = 0
    ticker.note_batch("coverage", 0, 5 * HOUR_US, 2.0)
    assert _cells(_report(ticker, 2.5, lags)) == {
        ("coverage", 0): (5 * HOUR_US, True),
        ("posts", 0): (9 * HOUR_US, False),
    }


def test_what_is_read_after_a_look_has_begun_is_for_the_next_report() -> None:
    """Else a partition would be called idle as of a time before that of another's events."""
    ticker = ProgressReporter(10.0)
    _report(ticker, 0.0, {("posts", 0): 0, ("posts", 1): 0})
    ticker.look(20.0, _NOW_US)
    ticker.note_batch("posts", 0, 5 * HOUR_US, 20.1)
    assert _cells(ticker.found({("posts", 0): 0, ("posts", 1): 0}, _COUNTS)) == {
        ("posts", 0): (0, False),
        ("posts", 1): (0, True),
    }


def test_no_look_begins_before_the_broker_has_the_last_report() -> None:
    ticker = ProgressReporter(10.0)
    ticker.look(0.0, _NOW_US)
    assert ticker.found({("posts", 0): 0}, _COUNTS) is not None
    ticker.look(100.0, _NOW_US)
    assert ticker.found({("posts", 0): 0}, _COUNTS) is None
    ticker.reported()
    assert _report(ticker, 101.0, {("posts", 0): 0}) is not None


def test_a_look_that_a_rebalance_overtook_says_nothing() -> None:
    ticker = ProgressReporter(10.0)
    ticker.look(0.0, _NOW_US)
    ticker.assigned()
    assert ticker.found({("posts", 0): 0}, _COUNTS) is None


@pytest.mark.parametrize("missing", sorted(RAW_TOPICS.values()))
def test_nothing_is_reported_while_the_number_of_partitions_of_a_raw_topic_is_not_known(missing: str) -> None:
    ticker = ProgressReporter(10.0)
    ticker.look(0.0, _NOW_US)
    assert ticker.found({("posts", 0): 0}, {topic: n for topic, n in _COUNTS.items() if topic != missing}) is None


@given(
    st.lists(
        st.tuples(st.floats(0.01, 3.0), st.none() | st.integers(1, 48).map(lambda quarters: quarters * HOUR_US // 4)),
        min_size=1,
        max_size=60,
    )
)
def test_news_is_reported_at_once_and_all_else_twenty_times_in_the_time_after_which_a_partition_is_idle(
    arrivals: list[tuple[float, int | None]],
) -> None:
    """News is an hour of event time, or a change of what is idle or assigned."""
    ticker = ProgressReporter(20.0)
    now, newest, reported_at, reported = 0.0, 0, float("-inf"), -HOUR_US
    for pause, newest_us in arrivals:
        ticker.note_batch("posts", 0, newest_us, now)
        newest = max(newest, newest_us or 0)
        now += pause
        report = _report(ticker, now, {("posts", 0): 0})
        assert (report is not None) == (now - reported_at >= 1.0 or newest >= reported + HOUR_US)
        if report is not None:
            assert _cells(report) == {("posts", 0): (newest, False)}
            reported, reported_at = newest, now


def test_an_event_ahead_of_the_clock_takes_nothing_ahead_of_it() -> None:
    ticker = ProgressReporter(10.0)
    ticker.note_batch("posts", 0, _NOW_US + 300 * SECOND_US, 0.0)
    assert _cells(_report(ticker, 1.0, {("posts", 0): 0})) == {("posts", 0): (_NOW_US + SECOND_US, False)}


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
    progress = RawProgress(as_of_us=7, partitions=_COUNTS, read={"posts": (ReadUpTo(2, 5, idle=True),)})
    records = list(ticks(progress, 3))
    assert [record.partition for record in records] == [0, 1, 2]
    events = [decode_country_event(record.value or b"") for record in records]
    assert {(event.kind, event.country) for event in events} == {("tick", "")}
    assert all(event.progress == progress for event in events)


def test_a_report_of_a_thousand_partitions_of_each_topic_is_far_from_the_limit_of_a_record() -> None:
    read = {topic: tuple(ReadUpTo(n, 2 * 10**15 + n, idle=True) for n in range(1_000)) for topic in _COUNTS}
    [record] = ticks(RawProgress(as_of_us=2 * 10**15, partitions=_COUNTS, read=read), 1)
    assert len(record.value or b"") < 250_000
