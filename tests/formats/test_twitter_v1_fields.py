"""Ids and times of v1.1: the unknown is never guessed."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.formats.twitter.twitter_v1_fields import Ids, parse_created_at, parse_timestamp_ms

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

moments = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=0))


def as_twitter_writes(at: datetime) -> str:
    return f"{DAYS[at.weekday()]} {MONTHS[at.month - 1]} {at:%d %H:%M:%S} +0000 {at.year:04}"


def as_archives_write(at: datetime) -> str:
    """Up to 2018."""
    return f"{at.year:04}-{at:%m-%d %H:%M:%S} +0000"


@given(moments)
def test_a_time_as_twitter_writes_it_is_read_back(at: datetime) -> None:
    assert parse_created_at(as_twitter_writes(at)) == at
    assert parse_created_at(as_archives_write(at)) == at


@pytest.mark.slow
@pytest.mark.parametrize(
    ("write", "form"), [(as_twitter_writes, " %b %d %H:%M:%S %z %Y"), (as_archives_write, "%Y-%m-%d %H:%M:%S %z")]
)
def test_a_time_that_is_read_is_what_strptime_reads(write: Callable[[datetime], str], form: str) -> None:
    seen: Counter[bool] = Counter()

    @given(moments, st.integers(0, 29), st.sampled_from("0123456789 :+-.,TZ٣x") | st.characters())
    @settings(max_examples=500)
    def check(at: datetime, place: int, character: str) -> None:
        text = write(at)
        place = min(place, len(text) - 1)
        text = text[:place] + character + text[place + 1 :]
        parsed = parse_created_at(text)
        if parsed is not None:
            # A day's name is redundant; everything after it must mean the same to strptime.
            assert parsed == datetime.strptime(text[3:] if form.startswith(" ") else text, form).astimezone(UTC)
            assert parsed.tzinfo is UTC
        seen[parsed is None] += 1

    check()
    assert seen[True] > 50
    assert seen[False] > 50


@pytest.mark.parametrize(
    "text", ["2014-02-12 194251.1 +0000", "2014-02-12T19:42:51 +0000", "2014-W07-3 19:42:51 +0000"]
)
def test_other_forms_of_iso_times_are_no_times_of_archives(text: str) -> None:
    assert parse_created_at(text) is None


@given(st.text(max_size=40))
def test_no_text_makes_the_parser_raise(text: str) -> None:
    parsed = parse_created_at(text)
    assert parsed is None or parsed.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - naive by contract
def test_a_timestamp_is_exact_to_the_millisecond(at: datetime) -> None:
    at = at.replace(microsecond=at.microsecond // 1_000 * 1_000)
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_timestamp_ms(milliseconds) == parse_timestamp_ms(str(milliseconds)) == at


def through_a_double(number: int) -> int:
    """The number as JavaScript prints it: the shortest digits that give the same double, then zeros."""
    return int(Decimal(repr(float(number))))


def test_a_number_that_went_through_a_double_is_never_taken_for_another_id() -> None:
    seen: Counter[str] = Counter()

    @given(st.integers(1, 2**63 - 1) | st.integers(2**53 - 4, 2**53 + 4) | st.integers(10**17, 2 * 10**18))
    @settings(max_examples=500)
    def check(true_id: int) -> None:
        received = through_a_double(true_id)
        known = Ids().known(None, received)
        assert known in (None, str(true_id))
        seen["rounded" if received != true_id else "kept"] += 1
        seen["unknown" if known is None else "known"] += 1

    check()
    assert min(seen[name] for name in ("rounded", "kept", "unknown", "known")) > 5


@given(
    st.integers(1, 2**53 - 1)
    | st.integers(10**17, 2**63 - 1).filter(lambda number: number not in (through_a_double(number), int(float(number))))
)
def test_a_number_that_no_double_can_have_printed_is_an_id(number: int) -> None:
    if str(number)[15:].strip("0"):
        assert Ids().known(None, number) == str(number)


@given(st.integers(1, 2**63 - 1))
def test_any_number_is_an_id_in_a_file_of_exact_ones(number: int) -> None:
    assert Ids(exact_numbers=True).known(None, number) == str(number)


@given(st.integers(1, 2**64 - 1), st.none() | st.integers() | st.floats())
def test_the_string_form_decides_whatever_the_number_says(true_id: int, number: float | None) -> None:
    assert Ids().known(str(true_id), number) == str(true_id)
