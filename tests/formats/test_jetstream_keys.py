"""Record keys of Bluesky that name a time: what is a day old when it arrives has the time of its key."""

from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import example, given
from hypothesis import strategies as st

from streams.formats.bluesky.jetstream_fields import event_time, key_time
from tools.servers.jetstream.log import tid

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_times = st.integers(0, 253_402_300_799_999_999).map(lambda us: _EPOCH + timedelta(microseconds=us))  # to the year 9999
_TODAY: Final = datetime(2026, 11, 28, 12, 0, 30, tzinfo=UTC)


@given(st.lists(st.tuples(_times, st.integers(-3 * 86_400_000, 3 * 86_400_000)), min_size=1, max_size=4))
@example([(_TODAY, -86_400_000), (_TODAY, -86_400_001), (_TODAY, -86_370_000), (_TODAY, -86_429_000), (_TODAY, 60_000)])
def test_a_record_has_the_time_of_its_key_exactly_where_that_is_a_day_older(
    seen: list[tuple[datetime, int]],
) -> None:
    for witnessed_at, milliseconds in seen:
        written_us = (witnessed_at - _EPOCH) // timedelta(microseconds=1) + 1_000 * milliseconds
        if not 0 < written_us < 1 << 53:
            continue
        key = tid(written_us, clock=7)
        written_at = key_time(key)
        assert written_at is not None
        assert event_time(key, witnessed_at) == (written_at if written_at < witnessed_at - _DAY else witnessed_at)


@given(st.text("234567abcdefghijklmnopqrstuvwxyz._~-", min_size=1, max_size=15), _times)
def test_a_key_that_names_no_time_says_nothing(key: str, witnessed_at: datetime) -> None:
    written_at = key_time(key)
    if written_at is None:
        assert event_time(key, witnessed_at) == witnessed_at
