"""Event times and durations survive the way to microseconds and back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.clock import FIRST_US, LAST_US, from_us, parse_duration_us, to_us

_offsets = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)
_moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=_offsets)  # noqa: DTZ001  # the zone comes from _offsets


@given(_moments)
def test_a_time_comes_back_as_it_was_in_utc(moment: datetime) -> None:
    """No rounding, whatever the zone: floats would lose microseconds far from 1970."""
    back = from_us(to_us(moment))
    assert back == moment
    assert back.utcoffset() == timedelta(0)


@given(st.integers())
def test_a_count_beyond_the_calendar_is_its_first_or_last_moment(at_us: int) -> None:
    """Total and monotone: neither an offset nor a period that is added to a legal time ends anything."""
    assert FIRST_US <= to_us(from_us(at_us)) <= LAST_US
    assert to_us(from_us(at_us)) == sorted((FIRST_US, at_us, LAST_US))[1]


@given(st.sampled_from([FIRST_US, LAST_US]), _offsets)
def test_the_ends_of_the_calendar_have_a_count_in_every_zone(end_us: int, offset: timezone) -> None:
    there = from_us(end_us).replace(tzinfo=offset)
    assert timedelta(microseconds=end_us - to_us(there)) == there.utcoffset()
    assert from_us(to_us(there)).utcoffset() == timedelta(0)


@given(_moments, _moments)
def test_microseconds_order_and_subtract_as_times_do(a: datetime, b: datetime) -> None:
    assert (to_us(a) < to_us(b)) == (a < b)
    assert timedelta(microseconds=to_us(a) - to_us(b)) == a - b


def test_the_epoch_is_zero_and_times_before_it_are_negative() -> None:
    assert to_us(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert to_us(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


@given(st.integers(1, 999_999), st.sampled_from([("s", "seconds"), ("m", "minutes"), ("h", "hours"), ("d", "days")]))
def test_a_duration_is_what_timedelta_says(number: int, unit: tuple[str, str]) -> None:
    letter, word = unit
    assert parse_duration_us(f"{number}{letter}") == timedelta(**{word: number}) // timedelta(microseconds=1)


_NO_DURATIONS = ["", "7", "d", "0d", "-7d", "7 d", "1.5h", "7D", "٧d", "1000000d", "7dd", "7d\n"]


@given(st.sampled_from(_NO_DURATIONS) | st.text(max_size=12).filter(lambda text: not text[:-1].isdecimal()))
def test_anything_else_is_refused_and_repeated_in_the_message(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration such as") as refusal:
        parse_duration_us(text)
    assert repr(text) in str(refusal.value)
