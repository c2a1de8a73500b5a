"""Days and times as people write them: one meaning, or a refusal that says what to do."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.formats.fields.written_times import DayOrder, parse_written, parse_zoned, stated_order

_TIME = datetime(2021, 4, 25, 13, 5, 7, tzinfo=UTC)
_DAY = datetime(2021, 4, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2021-04-25T13:05:07Z",
        "2021-04-25 13:05:07 UTC",
        "2021-04-25 15:05:07+02:00",
        "2021-04-25T10:35:07-0230",
        "2021-04-25t18:05:07.000000000+05",
        "1619355907",
        "1619355907000",
        "1619355907000000",
        "Sun Apr 25 13:05:07 +0000 2021",
    ],
)
def test_a_time_with_its_zone_is_that_time(text: str) -> None:
    assert parse_written(text) == (_TIME, False)


@pytest.mark.parametrize(
    "text",
    [
        "2021-04-25",
        "2021/04/25",
        "2021-04-25 13:05",
        "2021-04-25T13:05:07",
        "25/04/2021",
        "4/25/2021",
        "25.4.2021",
        "25-04-2021 13:05",
        "4/25/2021, 1:05 PM",
        "25 Apr 2021",
        "25-apr-2021",
        "April 25, 2021",
        "Apr. 25 2021 13:05 UTC",
    ],
)
def test_a_day_is_that_day_and_a_time_without_a_zone_is_no_more(text: str) -> None:
    assert parse_written(text) == (_DAY, True)


@pytest.mark.parametrize("text", ["04/05/2021", "4.5.2021", "05-04-2021 10:00"])
def test_what_may_be_two_days_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ValueError, match=r"may be two days: write YYYY-MM-DD, or the order .* \(DD/MM/YYYY\)"):
        parse_written(text)


def test_the_order_that_is_stated_decides() -> None:
    assert parse_written("04/05/2021", "day first") == (datetime(2021, 5, 4, tzinfo=UTC), True)
    assert parse_written("04/05/2021", "month first") == (datetime(2021, 4, 5, tzinfo=UTC), True)
    assert parse_written("04/04/2021") == (datetime(2021, 4, 4, tzinfo=UTC), True)
    with pytest.raises(ValueError, match="no day of the calendar"):
        parse_written("25/04/2021", "month first")


@pytest.mark.parametrize(
    ("column", "order"),
    [
        ("date (DD/MM/YYYY)", "day first"),
        ("suspended [d.m.y]", "day first"),
        ("date_dmy", "day first"),
        ("Date MM-DD-YYYY", "month first"),
        ("date_mdy", "month first"),
        ("date", None),
        ("admin_madman", None),
        ("mm", None),
    ],
)
def test_a_columns_name_may_state_the_order(column: str, order: DayOrder | None) -> None:
    assert stated_order(column) == order


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("44311", "a spreadsheet's number of a day"),
        ("44311.54", "a spreadsheet's number of a day"),
        ("4/25/21", "a year of two digits"),
        ("31.02.2021", "no day of the calendar"),
        ("2021-02-30", "no day of the calendar"),
        ("2021-04-25T25:00:00Z", "is no time of the calendar"),
        ("25 Foo 2021", "is no day"),
        ("٢٠٢٢-٠٢-١٣", "is no day"),
        ("20220213", "is no day"),
        ("", "is no day"),
        ("soon", "is no day"),
    ],
)
def test_anything_else_is_refused_for_what_it_is(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_written(text)


@given(
    st.text(max_size=40)
    | st.from_regex(r"\A[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([T ][0-9:.]{0,12}[Z+-]?[0-9:]{0,5})?\Z")
)
def test_no_text_gives_anything_but_a_time_in_utc_or_a_refusal(text: str) -> None:
    orders: tuple[DayOrder | None, ...] = (None, "day first", "month first")
    for order in orders:
        with suppress(ValueError):
            at, is_day = parse_written(text, order)
            assert at.tzinfo is UTC
            assert not is_day or at.time().isoformat() == "00:00:00"


def test_a_time_at_the_end_of_the_calendar_with_an_offset_is_no_time() -> None:
    assert parse_zoned("9999-12-31T23:59:59-10:00") is None
    assert parse_zoned("0001-01-01T00:00:00+10:00") is None
