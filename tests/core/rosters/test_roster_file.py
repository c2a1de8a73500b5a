"""A roster file is taken whole or refused with every problem it has."""

import csv
import gzip
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.clock import to_us
from streams.core.officials import CATEGORIES
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.rosters.roster_file import COLUMNS, OPTIONAL_COLUMNS, RosterError, parse_roster

_FR_PARLIAMENT = Path(__file__).parents[3] / ".." / "shared" / "data" / "fr_parliament" / "roster.csv"

_GOOD = {
    "platform": "twitter",
    "account_id": "7",
    "handle": "embassy",
    "name": "An embassy",
    "country": "IR",
    "category": "diplomat",
    "source_url": "https://example.org/list",
    "valid_from": "",
    "valid_to": "",
    "domains": "",
}
_ALL_COLUMNS = (*COLUMNS, *OPTIONAL_COLUMNS)


def _file(*rows: dict[str, str], columns: Sequence[str] = COLUMNS) -> bytes:
    """A roster of good lines, but for what each row changes."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(_GOOD | row for row in rows)
    return out.getvalue().encode()


def _problems(data: bytes) -> set[tuple[int | None, str | None]]:
    """Where the problems are."""
    with pytest.raises(RosterError) as refusal:
        parse_roster(data, "roster.csv")
    _assert_readable(refusal.value)
    return {(problem.line, problem.column) for problem in refusal.value.problems}


def _assert_readable(error: RosterError) -> None:
    assert str(error).startswith("roster.csv: ")
    for text in (str(error), error.remedy, *(str(p) for p in error.problems), *(p.remedy for p in error.problems)):
        assert text.isprintable(), "nothing in a message may steer a terminal"
        assert 0 < len(text) < 400


_words = st.text("abcXYZ019_éخ", min_size=1, max_size=12)
_names = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(' ",\u200c'), max_size=20)
_ids = st.integers(1, 10**18 - 1).filter(lambda number: number % 100 or number < 10**15).map(str)
_days = st.dates(date(1990, 1, 1), date(2090, 1, 1)).map(str)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "account_id": st.just("") | _ids,
                "name": _names,
                "category": st.sampled_from(CATEGORIES),
                "valid_from": st.just("") | _days,
            }
        ),
        min_size=1,
        unique_by=lambda row: row["account_id"],
    ),
    st.permutations(COLUMNS),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    st.sampled_from([b"\n", b"\r\n"]),
)
def test_what_was_written_is_read_whatever_the_columns_order_and_the_line_ends(
    rows: list[dict[str, str]], columns: list[str], mark: bytes, line_end: bytes
) -> None:
    for number, row in enumerate(rows):
        row["handle"] = f"@handle{number}"
    data = mark + _file(*rows, columns=columns).replace(b"\n", line_end)
    expected = Roster(
        RosterEntry(
            platform="twitter",
            account_id=row["account_id"] or None,
            handle=row["handle"][1:],
            name=row["name"].strip(" ") or None,
            country="IR",
            category=row["category"],  # type: ignore[arg-type]  # drawn from the list of categories
            source_url="https://example.org/list",
            valid_from_us=to_us(datetime.fromisoformat(row["valid_from"]).replace(tzinfo=UTC))
            if row["valid_from"]
            else None,
        )
        for row in rows
    )
    read = parse_roster(data, "roster.csv")
    assert read.entries == expected.entries
    assert read.digest == expected.digest


def test_blank_lines_and_spaces_around_fields_do_not_count() -> None:
    line = b"\n  \n twitter , 7 , embassy , An embassy , IR , diplomat , https://example.org/list , , \n\n"
    assert parse_roster(_file().strip() + line, "roster.csv") == parse_roster(_file({}), "roster.csv")


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "first", "last"),
    [
        ("2021-01-21", "2021-01-21", "2021-01-21T00:00:00+00:00", "2021-01-21T23:59:59.999999+00:00"),
        ("2020-02-01", "2020-02-29", "2020-02-01T00:00:00+00:00", "2020-02-29T23:59:59.999999+00:00"),
        ("2021-01-21T12:00:00Z", "2021-01-21", "2021-01-21T12:00:00+00:00", "2021-01-21T23:59:59.999999+00:00"),
        (
            "2021-01-21T12:00:00.5+03:30",
            "2021-01-21t09:00:00z",
            "2021-01-21T08:30:00.500000+00:00",
            "2021-01-21T08:59:59.999999+00:00",
        ),
    ],
)
def test_a_day_is_a_whole_day_of_utc_and_a_time_is_exact(valid_from: str, valid_to: str, first: str, last: str) -> None:
    """`first` and `last` are the first and the last microsecond in force."""
    roster = parse_roster(_file({"valid_from": valid_from, "valid_to": valid_to}), "roster.csv")
    first_us, last_us = to_us(datetime.fromisoformat(first)), to_us(datetime.fromisoformat(last))
    in_force = [
        roster.official("twitter", "7", None, at_us) is not None
        for at_us in (first_us - 1, first_us, last_us, last_us + 1)
    ]
    assert in_force == [False, True, True, False]


# What may be wrong with one field, by column; each is a problem there and nowhere else.
_WRONG = {
    "platform": ["", "Twitter", "9gag", "twit ter", "a" * 33, "twitter:x", "x", "X", "twitter.com"],
    "account_id": [
        *("@embassy", "embassy", "1.28E+18", "1,28e18", "12 34", "x" * 257, "\u200b7", "0", "07", "7" * 21, "-7"),
        *("'7", '="7"', "7.0", "ID_2000000001", "2,000,000,001", "None", "nan", "N/A"),
    ],
    "handle": [
        *("@", "an embassy", "two,\u00a0words", "embassy.gov", "e-mbassy", "x" * 21, "none"),
        *("embassy;consulate", "@embassy,@consulate", "embassy/consulate", "embassy | consulate"),
        *("https://example.org/embassy", "https://twitter.com/", "https://twitter.com/home", "..@embassy", "@@embassy"),
    ],
    "name": ["a\x1b[2Jb", "a\x00b", "a\u202eb", "a\u2028b", "x" * 1_025, "\x9b31m"],
    "country": ["", "ir", "UK", "IRN", "Iran", "EL", "ZZ"],
    "category": ["", "Leader", "ambassador"],
    "source_url": [
        "",
        "example.org",
        "ftp://example.org/",
        "javascript:alert(1)",
        "https://",
        "https://[1",
        "https://a.example https://b.example",
        "file:///etc/passwd",
    ],
    "valid_from": ["2021-02-29", "2021-1-1", "21/01/2021", "2021-01-21T12:00:00", "2021-01-21T25:00:00Z", "٢٠٢١-٠١-٢١"],
    "valid_to": ["0000-01-01", "yesterday", "2021-01-21T12:00Z", "2021-01-21T12:00:00+99:99", "20210121"],
    "domains": [
        "https://khamenei.ir",
        "khamenei.ir/path",
        "Khamenei.ir",
        "khamenei.ir.",
        "khamenei.ir:443",
        "khamenei.ir,leader.ir",
        "ok.ir @leader",
        "ir",
        "127.0.0.1",
        "[::1]",
        "a..ir",
        "*.khamenei.ir",
        f"{'a' * 64}.ir",
        " ".join(f"d{n}.ir" for n in range(21)),
        "d.ir " * 1_100,
        "khamenei.ir\tleader.ir",
    ],
}


def test_the_table_of_wrong_fields_speaks_of_every_column() -> None:
    assert set(_WRONG) == set(_ALL_COLUMNS)


@pytest.mark.parametrize(("column", "value"), [(column, value) for column in _ALL_COLUMNS for value in _WRONG[column]])
def test_a_wrong_field_is_named_by_line_and_column(column: str, value: str) -> None:
    rows = ({"account_id": "1", "handle": ""}, {column: value})
    assert _problems(_file(*rows, columns=_ALL_COLUMNS)) == {(3, column)}


@given(
    st.lists(
        st.fixed_dictionaries({}, optional={column: st.sampled_from(values) for column, values in _WRONG.items()}),
        min_size=1,
        max_size=6,
    ).filter(any)
)
def test_all_problems_of_all_lines_are_found_in_one_pass(rows: list[dict[str, str]]) -> None:
    """Each line has an account of its own, unless its id or handle is what is wrong; the platform says what one is."""
    for row in rows:
        if not row.keys().isdisjoint({"account_id", "handle"}):
            row.pop("platform", None)
    own = [{"account_id": f"7{n}", "handle": f"embassy{n}"} for n in range(len(rows))]
    expected = {(line, column) for line, row in enumerate(rows, start=2) for column in row}
    lines = (mine | row for mine, row in zip(own, rows, strict=True))
    assert _problems(_file(*lines, columns=_ALL_COLUMNS)) == expected


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ()),
        ("khamenei.ir", ("khamenei.ir",)),
        (" leader.ir  khamenei.ir;khamenei.ir ; ", ("khamenei.ir", "leader.ir")),
        ("сайт.рф;xn--80aswg.xn--p1ai", ("xn--80aswg.xn--p1ai",)),
        (" ".join(f"d{n:02}.ir" for n in range(20)), tuple(f"d{n:02}.ir" for n in range(20))),
    ],
)
def test_domains_are_taken_once_each_in_ascii_and_in_order(written: str, read: tuple[str, ...]) -> None:
    (entry,) = parse_roster(_file({"domains": written}, columns=_ALL_COLUMNS), "roster.csv").entries
    assert entry.domains == read


def test_a_roster_without_the_column_is_one_without_domains() -> None:
    assert parse_roster(_file({}), "roster.csv") == parse_roster(_file({}, columns=_ALL_COLUMNS), "roster.csv")


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("https://Farsi.Khamenei.ir/path", "write farsi.khamenei.ir"),
        ("khamenei.ir.", "write khamenei.ir"),
        ("СаЙт.рф", "write xn--80aswg.xn--p1ai"),
        ("127.0.0.1", "write host names such as khamenei.ir, with spaces between them"),
    ],
)
def test_a_wrong_domain_comes_with_the_right_one(written: str, remedy: str) -> None:
    with pytest.raises(RosterError) as refusal:
        parse_roster(_file({"domains": written}, columns=_ALL_COLUMNS), "roster.csv")
    (problem,) = refusal.value.problems
    assert (problem.column, problem.remedy) == ("domains", remedy)


@pytest.mark.parametrize(
    "written",
    [
        *("@Embassy", ".@Embassy", "\uff20Embassy", "https://twitter.com/Embassy", "twitter.com/Embassy?lang=en"),
        *("https://mobile.twitter.com/@Embassy/", "http://x.com/Embassy/status/1", "twitter.com/#!/Embassy"),
    ],
)
def test_a_handle_may_be_written_as_people_write_it(written: str) -> None:
    (entry,) = parse_roster(_file({"account_id": "", "handle": written}), "roster.csv").entries
    assert entry.handle == "Embassy"
    twice = _file({"account_id": "", "handle": written}, {"account_id": "", "handle": "embassy"})
    assert _problems(twice) == {(3, None)}, "both ways name one account"


def test_ids_as_a_spreadsheet_leaves_them_are_refused_where_all_long_ones_are_so() -> None:
    rounded, exact = {"account_id": "1345678901234560000", "handle": "a"}, {"account_id": "1345678901234567890"}
    with pytest.raises(RosterError, match="1345678901234560000"):
        parse_roster(_file(rounded, {}), "roster.csv")
    assert len(parse_roster(_file(rounded, exact), "roster.csv").entries) == 2, "an exact one speaks for all"
    ending_in_00 = [{"account_id": f"13594117814322{n}00", "handle": "a"} for n in (463, 464, 511)]
    with pytest.raises(RosterError, match="1359411781432246400"):
        parse_roster(_file(*ending_in_00), "roster.csv")
    terms = [
        ending_in_00[0] | {"valid_from": f"{year}-01-01", "valid_to": f"{year}-12-31"} for year in (2019, 2020, 2021)
    ]
    assert len(parse_roster(_file(*terms), "roster.csv").entries) == 3, "one id three times is one"


def test_ids_and_handles_of_a_platform_that_is_not_known_are_any_words() -> None:
    row = {"platform": "pixelfed", "account_id": "https://pixel.example/users/a", "handle": "a@pixel.example"}
    (entry,) = parse_roster(_file(row), "roster.csv").entries
    assert (entry.account_id, entry.handle) == (row["account_id"], row["handle"])


@pytest.mark.parametrize(("written", "remedy"), [("UK", "write GB"), ("EL", "write GR"), ("fr", "write FR")])
def test_what_lists_write_for_a_state_comes_with_its_code(written: str, remedy: str) -> None:
    with pytest.raises(RosterError) as refusal:
        parse_roster(_file({"country": written}), "roster.csv")
    assert refusal.value.remedy == remedy


def test_bodies_above_states_have_codes() -> None:
    roster = parse_roster(_file({"country": "EU"}, {"account_id": "8", "handle": "un", "country": "UN"}), "roster.csv")
    assert {entry.country for entry in roster.entries} == {"EU", "UN"}


def test_an_account_needs_an_id_or_a_handle() -> None:
    assert _problems(_file({"account_id": "", "handle": ""})) == {(2, None)}


@pytest.mark.parametrize(
    ("valid_from", "valid_to"),
    [
        ("2021-01-22", "2021-01-21"),
        ("2021-01-21T12:00:00Z", "2021-01-21T12:00:00Z"),
        ("2021-01-21T12:00:00Z", "2021-01-20"),
    ],
)
def test_a_validity_that_ends_before_it_begins_is_a_problem(valid_from: str, valid_to: str) -> None:
    assert _problems(_file({"valid_from": valid_from, "valid_to": valid_to})) == {(2, "valid_to")}


_SPANS = [("", ""), ("", "2020-06-30"), ("2020-07-01", ""), ("2020-06-30", "2020-07-01"), ("2020-06-30T23:59:59Z", "")]


def _bounds(span: tuple[str, str]) -> tuple[str, str]:
    # By text alone: every moment these spans name is a day's start but for two.
    starts = {"": "0", "2020-07-01": "2020-07-01", "2020-06-30": "2020-06-30"}
    ends = {"": "9", "2020-06-30": "2020-07-01", "2020-07-01": "2020-07-02"}
    return starts.get(span[0], span[0]), ends[span[1]]


@pytest.mark.parametrize(("one", "other"), list(product(_SPANS, _SPANS)))
@pytest.mark.parametrize("way", ["one id", "one handle", "handle of an id"])
def test_overlapping_validities_of_one_account_are_problems_that_name_both_lines(
    one: tuple[str, str], other: tuple[str, str], way: str
) -> None:
    """An unrelated line stands between; the later line of the two is where the problem is."""
    accounts = {
        "one id": [{}, {"handle": "renamed"}],
        "one handle": [{"account_id": ""}, {"account_id": "", "handle": "@EMBASSY"}],
        "handle of an id": [{}, {"account_id": "", "handle": "Embassy"}],
    }[way]
    spans = [{"valid_from": span[0], "valid_to": span[1]} for span in (one, other)]
    rows = [account | span for account, span in zip(accounts, spans, strict=True)]
    data = _file(rows[0], {"account_id": "8", "handle": ""}, rows[1])
    (from_1, to_1), (from_2, to_2) = _bounds(one), _bounds(other)
    if from_1 < to_2 and from_2 < to_1:
        with pytest.raises(RosterError) as refusal:
            parse_roster(data, "roster.csv")
        (problem,) = refusal.value.problems
        assert problem.line == 4
        assert re.search(r"line 2\b", problem.what)
        assert problem.what.startswith("duplicate") == (one == other and way != "handle of an id")
    else:
        assert len(parse_roster(data, "roster.csv").entries) == 3


def test_every_line_within_a_longer_validity_is_a_problem() -> None:
    """Also the second one, which the line before it does not overlap."""
    months = [("2020-01-01", "2020-12-31"), ("2020-02-01", "2020-02-29"), ("2020-06-01", "2020-06-30")]
    with pytest.raises(RosterError) as refusal:
        parse_roster(_file(*({"valid_from": first, "valid_to": last} for first, last in months)), "roster.csv")
    assert [problem.line for problem in refusal.value.problems] == [3, 4]
    assert all("line 2," in problem.what for problem in refusal.value.problems)


def test_a_duplicate_is_found_also_where_the_line_has_other_faults() -> None:
    assert _problems(_file({}, {"country": "UK"})) == {(3, "country"), (3, None)}


def test_two_accounts_may_have_had_the_same_handle() -> None:
    assert len(parse_roster(_file({}, {"account_id": "8"}), "roster.csv").entries) == 2


@pytest.mark.parametrize("missing", COLUMNS)
def test_a_missing_column_is_a_problem_and_the_others_are_checked_nevertheless(missing: str) -> None:
    columns = [column for column in COLUMNS if column != missing]
    faulty = "country" if missing != "country" else "category"
    assert _problems(_file({faulty: "?"}, columns=columns)) == {(1, missing), (2, faulty)}


def test_an_unknown_and_a_repeated_column_are_problems() -> None:
    data = _file({}, columns=[*COLUMNS, "notes"]).replace(b"notes", b"State")
    assert _problems(data) == {(1, None)}
    assert _problems(_file({}, columns=COLUMNS).replace(b"valid_to", b"valid_until")) == {(1, None), (1, "valid_to")}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "the file is empty"),
        (_file(), "the file names no official"),
        (_file({}).replace(b",", b";"), "is not the header of a roster"),
        (b"id,who\n1,2\n", "is not the header of a roster"),
        (_file({}).decode().encode("utf-16"), "the file is UTF-16"),
        (b'{"id": "1"}\n{"id": "2"}\n', "the file is JSON"),
        (b'\xef\xbb\xbf\n [{"id": "1"}]', "the file is JSON"),
        (b"<!doctype html>\n<p>Log in", "the file is a page"),
        (b"PK\x03\x04\x14\x00", "the file is a spreadsheet"),
        (gzip.compress(_file({})), "the file is compressed"),
        (_file({}).replace(b"\n", b"\r"), "a carriage return inside the line"),
        (_file({}) + b'twitter,8,"quoted,,IR,leader,https://example.org/,,\n', "line 3: a quote is not closed"),
        (_file({}) + b'twitter,8,"a"b,,IR,leader,https://example.org/,,\n', "line 3: a quote is not closed"),
        (_file({}) + b"twitter,8,\xff,,IR,leader,https://example.org/,,\n", "line 3: byte 11 is not UTF-8"),
        (_file({}) + b"twitter,8\n", "line 3: 2 fields where the header has 9"),
        (_file({}) + b"x" * 70_000 + b"\n", "line 3: longer than 65,536 bytes"),
        (_file({}) + b" " * (64 * 1024 * 1024), "the file is larger than 64 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_or_line_that_cannot_be_read_says_why(data: bytes, words: str) -> None:
    with pytest.raises(RosterError, match=re.escape(words)) as refusal:
        parse_roster(data, "roster.csv")
    _assert_readable(refusal.value)
    assert len(refusal.value.problems) == 1, "one damaged line spoils no other"


def test_the_largest_fields_allowed_are_taken() -> None:
    row = {"platform": "pixelfed", "name": '"' * 1_024, "handle": "خ" * 1_024, "account_id": "7" * 256}
    (entry,) = parse_roster(_file(row), "roster.csv").entries
    assert (entry.name, entry.handle, entry.account_id) == (row["name"], row["handle"], row["account_id"])


def test_problems_beyond_a_thousand_are_counted_not_kept() -> None:
    with pytest.raises(RosterError) as refusal:
        parse_roster(
            _file(*({"account_id": str(n), "country": "UK", "handle": ""} for n in range(1, 1_501))), "roster.csv"
        )
    assert (len(refusal.value.problems), refusal.value.omitted) == (1_000, 500)
    assert "(and 1,499 more problems)" in str(refusal.value)


def _mutilated(data: bytes, cuts: Iterable[tuple[int, bytes]]) -> bytes:
    for at, new in cuts:
        place = at % (len(data) + 1)
        data = data[:place] + new + data[place + len(new) :]
    return data


@settings(max_examples=200)
@given(
    st.binary(max_size=200)
    | st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=3)), max_size=4).map(
        lambda cuts: _mutilated(_file({}, {"account_id": "8"}), cuts)
    )
)
def test_no_bytes_do_anything_but_give_a_roster_or_a_refusal(data: bytes) -> None:
    try:
        roster = parse_roster(data, "roster.csv")
    except RosterError as error:
        _assert_readable(error)
    else:
        assert roster.entries


@pytest.mark.realdata
def test_the_roster_of_the_french_parliament_is_taken_whole() -> None:
    if not _FR_PARLIAMENT.exists():
        pytest.skip("../shared/data/fr_parliament is absent")
    roster = parse_roster(_FR_PARLIAMENT.read_bytes(), "roster.csv")
    assert len(roster.entries) == 1_575
    assert {entry.country for entry in roster.entries} == {"FR"}
    official = roster.official("twitter", "1110890216", "somebody_else", 0)
    assert official is not None
    assert official.handle == "EPhilippePM"


@pytest.mark.parametrize(
    ("column", "text", "remedy"),
    [
        ("valid_to", "present", "leave the field empty"),
        ("valid_to", "Until now", "leave the field empty"),
        ("valid_to", "bis heute", "leave the field empty"),
        ("valid_to", "-", "leave the field empty"),
        ("valid_from", "n/a", "leave the field empty"),
        ("valid_from", "present", "write a day"),
        ("valid_to", "20210121", "write a day"),
        ("handle", "@one; @two", "write one line for each handle"),
        ("handle", "@one and @two", "write one line for each handle"),
        ("handle", "one, two", "write one line for each handle"),
        ("handle", "Embassy (@one)", "write the handle alone"),
    ],
)
def test_a_problem_that_lists_often_have_says_what_to_do(column: str, text: str, remedy: str) -> None:
    with pytest.raises(RosterError) as caught:
        parse_roster(_file({column: text}), "roster.csv")
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (2, column)
    assert problem.remedy.startswith(remedy)
