"""An account's creation: the platform's word, else the snowflake, else unknown."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.accounts import creation
from streams.core.clock import from_us, to_us
from streams.events import Account

_NOW_US = to_us(datetime(2021, 1, 21, tzinfo=UTC))
# The first snowflakes given to accounts were from 2016; 2035 is far beyond any event here.
_times = st.datetimes(datetime(2006, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # the zone follows
_snowflake_times_ms = st.integers(1_456_000_000_000, 2_051_222_400_000)


def _id_from(at_ms: int, rest: int = 0) -> str:
    # Twitter's published layout: 41 bits of milliseconds above 22 bits of machine and sequence.
    return str((at_ms - 1_288_834_974_657) * 4_194_304 + rest)


@given(_snowflake_times_ms, st.integers(0, 2**22 - 1), st.integers(0, 2**50))
def test_a_snowflake_gives_its_millisecond_unless_it_is_later_than_the_event(at_ms: int, rest: int, by_us: int) -> None:
    account = Account(id=_id_from(at_ms, rest))
    assert creation("twitter", account, at_ms * 1_000 + by_us) == (at_ms * 1_000, "snowflake")
    assert creation("twitter", account, at_ms * 1_000 - 1 - by_us) == (None, None)


@given(_times, st.timedeltas(timedelta(0), timedelta(days=9_000)), _snowflake_times_ms)
def test_the_reported_time_counts_before_the_snowflake_unless_it_is_later_than_the_event(
    reported: datetime, by: timedelta, at_ms: int
) -> None:
    account = Account(id=_id_from(at_ms), created_at=reported)
    bare = Account(id=account.id)
    assert creation("twitter", account, to_us(reported + by)) == (to_us(reported), "reported")
    for before_us in (to_us(reported) - 1, to_us(reported - by) - 1):
        assert creation("twitter", account, before_us) == creation("twitter", bare, before_us)


def test_a_reported_time_later_than_the_event_gives_way_to_the_snowflake() -> None:
    account = Account(id=_id_from(1_600_000_000_000), created_at=from_us(_NOW_US + 1))
    assert creation("twitter", account, _NOW_US) == (1_600_000_000_000_000, "snowflake")


def test_a_time_that_a_collector_took_from_the_snowflake_says_so() -> None:
    account = Account(id="5", created_at=from_us(1_000), created_at_source="snowflake")
    assert creation("twitter", account, 1_000) == (1_000, "snowflake")


def test_the_account_of_the_bundled_case_was_created_on_6_july_2020() -> None:
    created_us, source = creation("twitter", Account(id="1280000000000000001"), _NOW_US)
    assert created_us is not None
    assert from_us(created_us) == datetime(2020, 7, 6, 4, 45, 55, 907_000, tzinfo=UTC)
    assert source == "snowflake"


@pytest.mark.parametrize(
    ("platform", "account_id"),
    [
        ("twitter", str(10**17)),
        ("twitter", "12"),
        ("twitter", "0" + _id_from(1_500_000_000_000)),
        ("twitter", "١٢٨٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠١"),
        ("twitter", "-1280000000000000001"),
        ("twitter", " 1280000000000000001"),
        ("twitter", "1_280_000_000_000_000_001"),
        ("twitter", "9" * 256),
        ("twitter", "9" * 5_000),  # more digits than int() takes
        ("twitter", "did:plc:abc"),
        ("mastodon", "1280000000000000001"),
    ],
)
def test_an_id_that_is_no_twitter_snowflake_tells_no_creation_time(platform: str, account_id: str) -> None:
    assert creation(platform, Account(id=account_id), _NOW_US) == (None, None)


@given(st.integers(1, 2**63 - 1) | st.integers(10**17 - 2, 10**17 + 2))
def test_a_twitter_id_tells_a_creation_time_from_the_first_snowflake_on(number: int) -> None:
    known, _ = creation("twitter", Account(id=str(number)), 2**62)
    assert (known is None) == (number <= 10**17)


@given(st.text(max_size=30), st.text(max_size=10))
def test_no_text_in_place_of_an_id_raises(account_id: str, platform: str) -> None:
    """And none makes an account younger than the event."""
    for name in (platform, "twitter"):
        known, source = creation(name, Account(id=account_id), _NOW_US)
        assert (known is None) == (source is None)
        assert known is None or known <= _NOW_US
