"""Lists of suspensions under the headers that people give them, from the file to the event."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.deadletters import Reason, Rejection
from streams.errors import InputError
from streams.events import Suspension
from streams.formats.inputs.shapes import records_of
from streams.formats.reader import Reading
from streams.formats.suspensions.suspensions_csv import SuspensionsCsvReader
from streams.formats.tally import Tally, read_lines
from tests.formats.readings import only_event, rejected
from tests.formats.test_hostile_lines import outcome

_ID = "1359411781432246349"
_DAY = datetime(2021, 4, 1, 12, tzinfo=UTC)


def _read(text: str) -> tuple[Tally, list[Reading]]:
    tally = Tally()
    *_, lines = records_of(iter([text.encode()]))
    return tally, [reading for _, reading in read_lines(lines, SuspensionsCsvReader(), tally)]


def _suspension(text: str) -> Suspension:
    """The only event of a list with one row."""
    tally, readings = _read(text)
    assert (tally.lines, tally.skipped) == (2, {"header": 1}), readings
    return only_event(Suspension, readings[1])


@pytest.mark.parametrize(
    "text",
    [
        f"user_id,date\n{_ID},2021-04-01\n",
        f"\ufeffUser ID;Suspended at\r\n{_ID};2021-04-01\r\n",
        f"id|observed_date\n{_ID}|2021-04-01\n",
        f"twitter_id\tscreen_name\tsuspension_date\n{_ID}\tNova_Relay\t2021-04-01\n",
        f"date (DD/MM/YYYY),account_id\n01/04/2021,{_ID}\n",
        f"date_mdy,account_id\n04/01/2021,{_ID}\n",
        f'id,note,date\n{_ID},"two\nlines, and ""quotes""","April 1, 2021"\n',
        f"user_id,date,status\n{_ID},2021-04-01 23:10,suspended\n",
        f"user_id,date,,\n{_ID},2021-04-01,,\n",
    ],
)
def test_a_list_is_read_by_its_header(text: str) -> None:
    suspension = _suspension(text)
    assert (suspension.platform, suspension.actor.id, suspension.at) == ("twitter", _ID, _DAY)
    assert (suspension.status, suspension.precision) == ("suspended", "day")
    assert suspension.id == f"suspended:{_ID}:2021-04-01", "in whatever words the day is written"


def test_the_line_in_which_excel_says_the_delimiter_is_part_of_the_header() -> None:
    tally, _ = _read(f"sep=;\nid;observed_date\n{_ID};2021-04-01\n")
    assert (tally.events, tally.skipped, tally.rejected) == (1, {"header": 2}, {})


def test_all_columns_of_an_account_are_read_in_any_order_and_others_left_alone() -> None:
    suspension = _suspension(
        "followers_count,reason,username,id,created_at,suspended_on,account_status\n"
        f"150,spam,@Nova_Relay,{_ID},2021-02-10,1 Apr 2021,Deactivated\n"
    )
    assert (suspension.actor.handle, suspension.actor.followers) == ("Nova_Relay", 150)
    assert suspension.actor.created_at is not None
    assert suspension.status == "deactivated"


def test_a_time_of_day_with_its_zone_is_when_it_was_noticed() -> None:
    suspension = _suspension(f"user_id,suspended_at\n{_ID},2021-04-01T15:30:00+02:00\n")
    assert suspension.at == datetime(2021, 4, 1, 13, 30, tzinfo=UTC)
    assert suspension.precision == "noticed"


def test_a_list_of_returns_alone_has_returns() -> None:
    suspension = _suspension(f"user_id,unsuspended_at\n{_ID},2021-04-01\n")
    assert (suspension.status, suspension.at) == ("reinstated", _DAY)


def test_a_return_on_the_day_of_the_suspension_comes_after_it() -> None:
    _, readings = _read(f"user_id,suspended_at,reinstated_at\n{_ID},2021-04-01,1-Apr-2021\n")
    assert isinstance(readings[1], tuple)
    assert [event.at - _DAY for event in readings[1]] == [timedelta(0), timedelta(seconds=1)]


def test_accounts_of_another_platform_have_its_ids() -> None:
    did = "did:plc:" + "a" * 24
    suspension = _suspension(f"platform,did,id,date\nBsky,,{did},2021-04-01\n")
    assert (suspension.platform, suspension.actor.id) == ("bluesky", did)
    _, readings = _read(f"platform,id,date\nbluesky,{_ID},2021-04-01\n")
    assert "an id of Bluesky is a DID" in rejected(readings[1]).detail


def test_rows_that_say_nothing_usable_are_counted_by_name() -> None:
    tally, _ = _read(
        "user_id,suspended_at,status\n"
        f"{_ID},,\n"
        f"{_ID},2021-04-01,active\n"
        f"{_ID},2021-04-01,protected\n"
        ",,\n"
        "\n"
        "user_id,suspended_at,status\n"
        f"{_ID},2021-04-01,suspended\n"
    )
    assert (tally.lines, tally.events, tally.rejected) == (8, 1, {})
    assert tally.skipped == {"without_time": 1, "not_suspended": 2, "blank": 2, "header": 2}


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        (
            f"user_id,date\n{_ID},04/01/2021",
            Reason.BAD_TIME,
            "date: '04/01/2021' may be two days: write YYYY-MM-DD, or the order",
        ),
        (f"user_id,date\n{_ID},44287", Reason.BAD_TIME, "a spreadsheet's number of a day"),
        ("user_id,date\n1.35941E+18,2021-04-01", Reason.NOT_AN_EVENT, "user_id: '1.35941E+18' is what a spreadsheet"),
        (
            "screen_name,suspended_at\nNova_Relay,2021-04-01",
            Reason.UNKNOWN_SHAPE,
            "no column with the ids of accounts, such as user_id (handles change hands): screen_name, suspended_at",
        ),
        (f"user_id,note\n{_ID},x", Reason.UNKNOWN_SHAPE, "no column with the day of the suspension"),
        (f"user_id,date\n{_ID},2021-04-01,x", Reason.NOT_AN_EVENT, "3 fields where 2 belong"),
        (f"user_id,date\n{_ID}", Reason.NOT_AN_EVENT, "1 fields where 2 belong"),
        (f"user_id,date,status\n{_ID},2021-04-01,shadowbanned", Reason.UNKNOWN_SHAPE, "status: 'shadowbanned'"),
        (f"platform,user_id,date\n#!,{_ID},2021-04-01", Reason.NOT_AN_EVENT, "platform: '#!' is no platform"),
    ],
)
def test_a_row_of_no_use_is_refused_with_its_column_and_what_to_do(text: str, reason: Reason, detail: str) -> None:
    refused = rejected(SuspensionsCsvReader().read(text.encode()))
    assert (refused.reason, detail in refused.detail) == (reason, True), refused.detail


def test_a_quote_too_many_costs_its_own_row_alone() -> None:
    rows = "".join(f"{_ID},2021-04-{day:02},x\n" for day in range(1, 31))
    tally, _ = _read(f'user_id,date,note\n{_ID},2021-03-01,"open\n{rows}{_ID},2021-05-01,"quoted"\n')
    assert (tally.lines, tally.events) == (33, 31)
    assert tally.rejected == {Reason.NOT_AN_EVENT: 1}


def test_a_dead_letter_of_a_row_can_be_read_by_itself() -> None:
    """It has the header: a list with another column order is not taken for one with the nine columns."""
    *_, lines = records_of(iter([b"user_id,date\n5,soon\n"]))
    tally = Tally()
    ((_, _), (line, refused)) = read_lines(lines, SuspensionsCsvReader(), tally)
    assert isinstance(refused, Rejection)
    assert line.number == 2
    mended = SuspensionsCsvReader().read(line.data.replace(b"soon", b"2021-04-01"))
    assert only_event(Suspension, mended).actor.id == "5"


def test_a_list_whose_ids_a_spreadsheet_rounded_is_refused_whole() -> None:
    with pytest.raises(InputError, match="1359411781432240000"):
        _read("screen_name,user_id,date\nNova_Relay,1359411781432240000,2021-04-01\n")


def test_whatever_a_row_or_its_header_hold_there_is_an_answer() -> None:
    names = ["user_id", "date", "status", "platform", "created_at", "followers", "note", "date (DD/MM/YYYY)", "x" * 300]
    odd = st.sampled_from([_ID, "2021-04-01", "04/05/2021", "1.3E+18", "", '"', "\n", "\x00", "\u202e", "9" * 5_000])

    @settings(max_examples=300)
    @given(st.lists(st.sampled_from(names), min_size=1, max_size=6), st.lists(odd | st.text(max_size=9), max_size=6))
    def check(header: list[str], row: list[str]) -> None:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows([header, row])
        outcome("suspensions-csv", out.getvalue().encode("utf-8", "surrogatepass").removesuffix(b"\n"))

    check()
