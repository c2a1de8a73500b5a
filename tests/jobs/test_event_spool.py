"""Events come back by time, as often as asked, however many fit into memory."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from streams.events import Account, Post
from streams.jobs.event_spool import EventSpool

_BEGAN = datetime(2021, 1, 1, tzinfo=UTC)


def _post(number: int, seconds: int) -> Post:
    at = _BEGAN + timedelta(seconds=seconds)
    return Post(platform="twitter", id=str(number + 1), at=at, actor=Account(id="7"), text="خبر 🌍")


@given(st.lists(st.integers(0, 20), max_size=40), st.integers(1, 50))
def test_events_come_by_time_and_equal_times_as_they_were_added(times: list[int], in_memory: int) -> None:
    posts = [_post(number, seconds) for number, seconds in enumerate(times)]
    expected = sorted(enumerate(posts, start=1), key=lambda item: item[1].at)
    with EventSpool(in_memory) as spool:
        for line, post in enumerate(posts, start=1):
            spool.add(post, "a.jsonl", line)
        for _ in range(2):
            assert [(each.line, each.event, each.path) for each in spool] == [(n, p, "a.jsonl") for n, p in expected]
        assert len(spool) == len(posts)


def test_what_was_kept_on_disk_is_gone_at_the_end() -> None:
    with EventSpool(2) as spool:
        for number in range(5):
            spool.add(_post(number, 0), "a.jsonl", number)
        directory = Path(spool.directory or "")
        assert len(list(directory.iterdir())) == 2
    assert not directory.exists()
