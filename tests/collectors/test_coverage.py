"""What a source saw and did not see, as its service knows it."""

from streams.collectors.coverage import CoverageLog, CoverageSpan, OpenGap, SourceSeen, coverage_event
from streams.collectors.source import Chunk
from streams.core.clock import from_us

_MINUTE = 60_000_000
_HOUR = 60 * _MINUTE
_T = 1_790_000_000_000_000


def _log(seen: SourceSeen | None = None) -> CoverageLog:
    return CoverageLog(seen or SourceSeen(), _MINUTE)


def _chunk(newest_us: int, *, resumed: bool | None = None) -> Chunk:
    return Chunk(newest_us=newest_us, resumed=resumed)


def _seen(since_us: int, until_us: int) -> CoverageSpan:
    return CoverageSpan(seen=True, since_us=since_us, until_us=until_us)


def test_a_span_begins_with_the_first_chunk_and_is_told_again_once_a_minute() -> None:
    log = _log()
    log.began(with_cursor=False, now_us=_T)
    assert log.saw(_chunk(_T), _T) == [_seen(_T, _T)]
    assert log.saw(_chunk(_T + 30_000_000), _T + 30_000_000) == []
    assert log.saw(_chunk(_T + _MINUTE), _T + _MINUTE) == [_seen(_T, _T + _MINUTE)]
    assert log.seen == SourceSeen(since_us=_T, until_us=_T + _MINUTE)


def test_a_source_that_catches_up_has_been_seen_up_to_where_it_is() -> None:
    log = _log()
    log.began(with_cursor=False, now_us=_T)
    log.saw(_chunk(_T - _HOUR), _T)
    assert log.saw(_chunk(_T - _HOUR // 2), _T + _MINUTE) == [_seen(_T - _HOUR, _T - _HOUR // 2)]
    assert log.saw(_chunk(_T + 5 * _HOUR), _T + 2 * _MINUTE)[0].until_us == _T + 2 * _MINUTE, "no time to come"


def test_a_lost_connection_opens_one_gap_and_a_replay_closes_it_under_the_same_span() -> None:
    log = _log(SourceSeen(since_us=_T - _HOUR, until_us=_T))
    gap = CoverageSpan(seen=False, since_us=_T, until_us=None, reason="reconnected")
    assert gap in log.ended("closed", _T + 1)
    assert gap not in log.ended("refused", _T + 2), "it is open already"
    log.began(with_cursor=True, now_us=_T + 10)
    assert log.saw(_chunk(_T + 20), _T + 20) == [], "it cannot tell yet"
    closed, span = log.saw(_chunk(_T + 30, resumed=True), _T + 30)
    assert closed == CoverageSpan(seen=False, since_us=_T, until_us=_T + 10, reason="reconnected", closed_by="replay")
    assert span == _seen(_T - _HOUR, _T + 30)


def test_a_source_that_went_on_later_leaves_a_gap_also_where_no_stop_opened_one() -> None:
    """After a `kill -9`: the last transaction is all there is."""
    log = _log(SourceSeen(since_us=_T - _HOUR, until_us=_T))
    log.began(with_cursor=True, now_us=_T + _HOUR)
    gap, span = log.saw(_chunk(_T + _MINUTE, resumed=False), _T + _HOUR)
    assert gap == CoverageSpan(seen=False, since_us=_T, until_us=_T + _MINUTE, reason="started")
    assert span == _seen(_T + _MINUTE, _T + _MINUTE)


def test_a_source_without_a_cursor_never_resumes() -> None:
    log = _log(SourceSeen(since_us=_T - _HOUR, until_us=_T, gap=OpenGap(_T, "stopped")))
    log.began(with_cursor=False, now_us=_T + _MINUTE)
    gap, _span = log.saw(_chunk(_T + _MINUTE, resumed=True), _T + _MINUTE)
    assert (gap.reason, gap.until_us, gap.closed_by) == ("stopped", _T + _MINUTE, None)


def test_of_a_source_that_never_saw_anything_nothing_is_told() -> None:
    log = _log()
    log.began(with_cursor=False, now_us=_T)
    assert log.ended("refused", _T) == []
    assert log.stopped(_T) == []
    assert log.seen == SourceSeen()


def test_the_records_of_a_span_have_one_id_while_it_grows_and_those_of_a_gap_while_it_closes() -> None:
    grown = [coverage_event(_seen(_T, _T + more), "bluesky", "jetstream", _T + _HOUR) for more in (0, _MINUTE)]
    assert grown[0].id == grown[1].id
    assert grown[1].at == from_us(_T + _MINUTE)
    open_gap = CoverageSpan(seen=False, since_us=_T, until_us=None, reason="stopped")
    closed = CoverageSpan(seen=False, since_us=_T, until_us=_T + 1, reason="stopped", closed_by="replay")
    silent = CoverageSpan(seen=False, since_us=_T, until_us=None, reason="silent")
    ids = [coverage_event(each, "bluesky", "jetstream", _T + _HOUR).id for each in (open_gap, closed, silent)]
    assert ids[0] == ids[1]
    assert len({grown[0].id, *ids}) == 3
    assert coverage_event(open_gap, "bluesky", "jetstream", _T + _HOUR).at == from_us(_T)


def test_a_gap_that_opens_again_where_it_was_closed_is_the_later_word() -> None:
    """A connection that was resumed and broke before anything came: both gaps begin where the last event was."""
    log = _log(SourceSeen(since_us=_T - _HOUR, until_us=_T))
    (opened,) = [span for span in log.ended("closed", _T) if not span.seen]
    log.began(with_cursor=True, now_us=_T + _MINUTE)
    closed = next(span for span in log.saw(_chunk(0, resumed=True), _T + _MINUTE) if not span.seen)
    (again,) = [span for span in log.ended("closed", _T + 2 * _MINUTE) if not span.seen]
    times = (_T, _T + _MINUTE, _T + 2 * _MINUTE)
    words = [coverage_event(each, "p", "s", now) for each, now in zip((opened, closed, again), times, strict=True)]
    assert len({word.id for word in words}) == 1
    assert words[2].at < words[1].at
    assert max(words, key=lambda word: word.observed_at or word.at) is words[2]
