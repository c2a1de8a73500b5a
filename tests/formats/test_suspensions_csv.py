"""The format `suspensions-csv`: what each kind of line becomes, and the real file line by line."""

import csv
import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.deadletters import Reason, Rejection
from streams.events import Account, Suspension
from streams.formats.inputs.files import open_lines
from streams.formats.reader import Reading, Skipped
from streams.formats.suspensions.suspensions_csv import COLUMNS, SuspensionsCsvReader
from streams.formats.tally import Tally, read_lines
from tests.formats.test_hostile_lines import outcome

_ROW = {
    "observed_date": "2022-02-13",
    "user_id": "434458299",
    "screen_name": "someone",
    "account_created_date": "2011-12-11",
    "reversed_date": "",
    "status_flags": "",
    "followers": "48403",
    "ranking": "308",
    "section": "tracked",
}


def _line(**changes: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow((_ROW | changes).values())
    return out.getvalue().encode()


def _read(**changes: str) -> Reading:
    return SuspensionsCsvReader().read(_line(**changes))


def _events(**changes: str) -> tuple[Suspension, ...]:
    reading = _read(**changes)
    assert isinstance(reading, tuple), reading
    assert all(isinstance(event, Suspension) for event in reading)
    return reading  # type: ignore[return-value]  # just asserted


def _noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+00:00")


def test_a_line_is_a_suspension_noticed_on_its_day() -> None:
    (suspension,) = _events()
    assert (suspension.status, suspension.at) == ("suspended", _noon("2022-02-13"))
    assert suspension.actor == Account(
        id="434458299",
        handle="someone",
        created_at=datetime(2011, 12, 11, tzinfo=UTC),
        created_at_source="reported",
        followers=48403,
    )


def test_a_reversal_is_a_reinstatement_that_says_nothing_of_how_the_account_was_before() -> None:
    suspension, reinstatement = _events(reversed_date="2022-02-15")
    assert (reinstatement.status, reinstatement.at) == ("reinstated", _noon("2022-02-15"))
    assert (reinstatement.actor.handle, reinstatement.actor.followers) == (None, None)
    assert reinstatement.actor.created_at == suspension.actor.created_at


def test_a_reversal_on_the_day_of_the_suspension_comes_after_it() -> None:
    suspension, reinstatement = _events(reversed_date="2022-02-13")
    assert suspension.at < reinstatement.at < suspension.at + timedelta(hours=12)


def test_a_reversal_before_the_suspension_is_that_of_an_earlier_one() -> None:
    suspension, reinstatement = _events(reversed_date="2022-01-31")
    assert reinstatement.at == _noon("2022-01-31") < suspension.at


def test_the_same_observation_has_the_same_id_in_a_later_edition_of_the_file() -> None:
    (before,) = _events()
    after, reinstatement = _events(reversed_date="2022-02-15", followers="50000")
    assert before.id == after.id != reinstatement.id


def test_a_snowflake_id_says_when_the_account_was_created_better_than_the_day_does() -> None:
    (suspension,) = _events(user_id="1491235704206102528", account_created_date="2022-02-08")
    assert suspension.actor.created_at_source == "snowflake"
    assert suspension.actor.created_at is not None
    assert suspension.actor.created_at.date().isoformat() == "2022-02-09", "as the real file has it"
    assert suspension.actor.created_at.time().isoformat() != "00:00:00"


@pytest.mark.parametrize(
    ("flags", "status", "verified"),
    [
        ("protected", "suspended", None),
        ("verified|protected", "suspended", True),
        ("deleted", "deleted", None),
        ("deactivated|verified", "deactivated", True),
        ("suspended", "suspended", None),
    ],
)
def test_flags_say_what_became_of_the_account_and_what_it_was_like(
    flags: str, status: str, verified: bool | None
) -> None:
    (suspension,) = _events(status_flags=flags)
    assert (suspension.status, suspension.actor.verified) == (status, verified)


def test_a_quoted_field_and_spaces_around_fields_are_read() -> None:
    line = b'\xef\xbb\xbf2022-02-13, 434458299 ,"some""one, too",2011-12-11,,,7,,"x"'
    reading = SuspensionsCsvReader().read(line)
    assert isinstance(reading, tuple)
    assert isinstance(reading[0], Suspension)
    assert (reading[0].actor.handle, reading[0].actor.followers) == ('some"one, too', 7)


@pytest.mark.parametrize(
    "changes",
    [
        {"account_created_date": ""},
        {"account_created_date": "11/12/2011"},
        {"followers": ""},
        {"followers": "-1"},
        {"followers": "9" * 5_000},
        {"screen_name": ""},
        {"screen_name": "x" * 2_000},
    ],
)
def test_an_unreadable_detail_of_an_account_is_unknown(changes: dict[str, str]) -> None:
    (suspension,) = _events(**changes)
    (column,) = changes
    name = {"account_created_date": "created_at", "screen_name": "handle"}.get(column, column)
    assert getattr(suspension.actor, name) is None
    assert (suspension.actor.created_at is None) == (suspension.actor.created_at_source is None)


def test_a_row_without_a_day_is_skipped_by_name() -> None:
    """As in a list of accounts of which some were suspended."""
    assert _read(observed_date="") == Skipped("without_time")


def test_an_id_that_a_data_frame_has_written_as_a_decimal_is_read_where_it_is_exact() -> None:
    (suspension,) = _events(user_id="434458299.0")
    assert suspension.actor.id == "434458299"


def test_a_handle_may_be_the_name_of_a_column() -> None:
    (suspension,) = _events(screen_name="user_id")
    assert suspension.actor.handle == "user_id"


@pytest.mark.parametrize("line", [",".join(COLUMNS).encode(), b"\xef\xbb\xbf" + ",".join(COLUMNS).upper().encode()])
def test_the_header_is_skipped_by_name(line: bytes) -> None:
    assert SuspensionsCsvReader().read(line) == Skipped("header")


@pytest.mark.parametrize(
    ("line", "reason", "place"),
    [
        (_line(user_id=""), Reason.NOT_AN_EVENT, "user_id"),
        (_line(user_id="1.28E+18"), Reason.NOT_AN_EVENT, "user_id: '1.28E+18' is what a spreadsheet"),
        (_line(user_id="1,28e+18"), Reason.NOT_AN_EVENT, "user_id: '1,28e+18' is what a spreadsheet"),
        (_line(user_id="1359411781432246349.0"), Reason.NOT_AN_EVENT, "export ids as text"),
        (_line(user_id="@someone"), Reason.NOT_AN_EVENT, "user_id"),
        (_line(observed_date="2022-02-30"), Reason.BAD_TIME, "observed_date"),
        (_line(observed_date="20220213"), Reason.BAD_TIME, "observed_date"),
        (_line(observed_date="2022-W06-7"), Reason.BAD_TIME, "observed_date"),
        (_line(observed_date="٢٠٢٢-٠٢-١٣"), Reason.BAD_TIME, "observed_date"),
        (_line(reversed_date="soon\x1b[2J"), Reason.BAD_TIME, "reversed_date"),
        (_line(status_flags="shadowbanned"), Reason.UNKNOWN_SHAPE, "status_flags"),
        (_line(status_flags="deleted|suspended"), Reason.UNKNOWN_SHAPE, "status_flags"),
        (b"date,handle", Reason.UNKNOWN_SHAPE, "no column with the ids of accounts, such as user_id"),
        (_line() + b",more", Reason.NOT_AN_EVENT, "10 fields where 9 belong"),
        (b"2022-02-13;434458299;someone", Reason.NOT_AN_EVENT, "3 fields where 9 belong"),
        (_line(screen_name="a,b")[:-20], Reason.NOT_AN_EVENT, "fields"),
        (b'2022-02-13,"434458299,someone', Reason.NOT_AN_EVENT, "a quote that is not closed"),
        (b'2022-02-13,"434"458299,someone', Reason.NOT_AN_EVENT, "a quote that is not closed"),
        (_line(screen_name="x" * 200_000), Reason.NOT_AN_EVENT, "a field too long"),
        (_line() + b"\xff", Reason.NOT_AN_EVENT, "not UTF-8"),
        (_line().replace(b",", b"\r", 1), Reason.NOT_AN_EVENT, ""),
        (b'{"kind": "suspension"}', Reason.NOT_AN_EVENT, "1 fields"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_line_that_says_no_suspension_is_refused_for_what_is_wrong_with_it(
    line: bytes, reason: Reason, place: str
) -> None:
    reading = SuspensionsCsvReader().read(line)
    assert isinstance(reading, Rejection)
    assert reading.reason is reason
    assert place in reading.detail
    assert reading.detail.isprintable()


@pytest.mark.slow
def test_a_line_broken_anywhere_gives_events_that_survive_the_wire_or_a_reason() -> None:
    seen: Counter[str] = Counter()
    odd = st.sampled_from(
        ["", "0", "9999-12-31", "0001-01-01", "2" * 21, '"', "\x00", "\u202e", "x" * 2_000, "verified"]
    )
    changes = st.dictionaries(
        st.sampled_from(COLUMNS), odd | st.text(st.characters(exclude_categories=["Cs"])), max_size=3
    )
    cut = st.tuples(st.integers(0, 80), st.binary(max_size=2))

    @settings(max_examples=500)
    @given(changes, st.none() | cut)
    def check(changed: dict[str, str], damage: tuple[int, bytes] | None) -> None:
        line = _line(**changed)
        if damage is not None:
            line = line[: damage[0]] + damage[1] + line[damage[0] + len(damage[1]) :]
        seen[outcome("suspensions-csv", line)] += 1

    check()
    assert {"Suspension", "not_an_event", "bad_time", "unknown_shape"} <= seen.keys(), seen


@pytest.mark.slow
def test_the_real_file_is_accounted_for_line_by_line(shared_data: Path) -> None:
    (path,) = (shared_data / "suspensions").glob("*.csv.gz")
    tally, statuses, sources = Tally(), Counter[str](), Counter[str | None]()
    ids: dict[str, datetime] = {}
    with open_lines(str(path)) as lines:
        for _, reading in read_lines(lines, SuspensionsCsvReader(), tally):
            if isinstance(reading, tuple):
                for event in reading:
                    assert isinstance(event, Suspension)
                    statuses[event.status] += 1
                    sources[event.actor.created_at_source] += 1
                    if event.status == "suspended":
                        assert None not in (event.actor.handle, event.actor.followers)
                        assert ids.setdefault(event.id, event.at) == event.at
    assert (tally.lines, tally.skipped, tally.rejected) == (65_914, {"header": 1}, {})
    assert statuses == {"suspended": 65_913, "reinstated": 13_639}
    assert len(ids) == 65_912, "one account is on the list of one day twice"
    assert sources.keys() == {"snowflake", "reported"}
