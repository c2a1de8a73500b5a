"""Whatever a list holds, the roster made of it passes the check, and every entry is taken, passed over or named."""

import csv
import json
from collections import Counter
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.rosters.roster_file import parse_roster
from streams.errors import InputError
from streams.formats.roster_lists.roster_import import Imported, roster_csv
from tests.formats.roster_lists.importing import SAID, imported_from

# What each column is meant for; a third of the cells hold anything else.
_MEANT: Final = {
    "platform": ("twitter", "x", "telegram", "weibo"),
    "account_id": ("7000001", "7000002", "1.2E+18", "1234567890123456800", "'7000001", "-1001234567890"),
    "handle": ("one", "@one", "ONE", "two", "@two @three", "https://x.com/one", "t.me/one_channel", "@a@b.example"),
    "twitter": ("one", "@two;@three", "https://twitter.com/four"),
    "Twitter Link": ("https://www.twitter.com/five", "https://www.twitter.com/five.tv"),
    "twitter_id": ("7000001", "7000003"),
    "telegram": ("one_channel",),
    "bluesky did": ("did:plc:ewvi7nxzyoun6zhxrhs64oiz",),
    "facebook": ("https://www.facebook.com/one",),
    "id": ("1", "7000004"),
    "name": ("One", "Two, too", "a\nb"),
    "country": ("FR", "Germany", "UK", "Atlantis", "EU"),
    "state": ("FR", "CA"),
    "category": ("diplomat", "media", "nonsense"),
    "Typology": ("SC", "IP"),
    "source_url": ("https://example.org/1", "example.org"),
    "item": ("Q42", "http://www.wikidata.org/entity/Q1"),
    "url": ("https://x.com/six", "https://example.org/six"),
    "website": ("https://www.example.org/", "www.gov.za exämple.org"),
    "domains": ("example.org;khamenei.ir",),
    "valid_from": ("2020-01-01", "13/01/2020", "03/04/2020", "0001-01-01"),
    "start (DD/MM/YYYY)": ("03/04/2020",),
    "valid_to": ("2020-12-31", "2021-06-30T10:00:00Z", "present", "9999-12-31"),
    "media company": ("A company",),
    "other": ("anything",),
}
_ANYTHING: Final = ("", "-", "x" * 1_100, "no handle", '"', "\x00", "\u202e", "=1+1", "ＯＮＥ", "NA", "2020")
_anything: Final = st.sampled_from(_ANYTHING) | st.text(max_size=12)
_cells: Final = st.sampled_from([value for values in _MEANT.values() for value in values]) | _anything
_names: Final = st.lists(st.sampled_from(list(_MEANT)), min_size=3, max_size=12, unique=True)
_options: Final = st.fixed_dictionaries(
    {},
    optional={
        "platforms": st.sampled_from([("twitter",), ("twitter", "telegram"), ("weibo",)]),
        "country": st.just("FR"),
        "category": st.just("diplomat"),
        "source_url": st.just("https://example.org/"),
        "dates": st.sampled_from(["day first", "month first"]),
        "without_ids": st.booleans(),
    },
)


@st.composite
def _entries(draw: st.DrawFn) -> list[dict[str, str]]:
    names = draw(_names)
    cells = (st.sampled_from(_MEANT[name]) | st.sampled_from(_MEANT[name]) | _anything for name in names)
    rows = draw(st.lists(st.tuples(*cells), min_size=1, max_size=8))
    return [dict(zip(names, row, strict=True)) for row in rows]


def _as_table(entries: list[dict[str, str]], delimiter: str) -> bytes:
    text = StringIO()
    writer = csv.DictWriter(text, list(entries[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(entries)
    return text.getvalue().encode("utf-8", "replace")


def imported(data: bytes, options: dict[str, Any]) -> Imported | None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list"
        path.write_bytes(data)
        try:
            return imported_from(path, **options)
        except InputError:
            return None


def hold_to_roster(result: Imported) -> None:
    """The check passes it, and it comes out of a second import as it went in."""
    if not result.rows:
        assert not result.is_good
        return
    data = roster_csv(result.rows, "list")
    assert len(parse_roster(data, "roster").entries) == len(result.rows)
    again = imported(data, {"platforms": tuple({row["platform"] for row in result.rows})})
    assert again is not None
    assert (again.rows, again.untaken, again.repeated) == (result.rows, (), 0)


def hold_to_reasons(result: Imported) -> None:
    assert result.not_taken == 0 or result.untaken
    assert sum(result.untaken_by_column.values()) >= result.not_taken
    for each in result.untaken:
        assert each.place
        assert each.what
        assert each.remedy
        assert f"{each.place}{each.what}{each.remedy}".isprintable()
        assert len(each.what) < 500


def _counted(result: Imported | None) -> Counter[str]:
    if result is None:
        return Counter({"refused whole": 1})
    return Counter(
        {
            "taken": len(result.rows),
            "repeated": result.repeated,
            "passed over": len(result.passed_over),
            **{f"untaken: {column}": count for column, count in result.untaken_by_column.items()},
        }
    )


@pytest.mark.slow
def test_what_is_made_of_any_table_or_json_passes_the_check() -> None:
    seen: Counter[str] = Counter()

    @given(entries=_entries(), form=st.sampled_from([",", ";", "\t", "|", "json", "pretty json"]), options=_options)
    @settings(max_examples=200)
    def check(entries: list[dict[str, str]], form: str, options: dict[str, Any]) -> None:
        if "json" in form:
            data = json.dumps(entries, indent=2 if "pretty" in form else None).encode()
        else:
            data = _as_table(entries, form)
        result = imported(data, options)
        seen.update(_counted(result))
        if result is not None:
            hold_to_roster(result)
            hold_to_reasons(result)

    check()
    columns = ("handle", "account_id", "platform", "country", "category", "source_url", "valid_from", "valid_to")
    covered = ("taken", "passed over", "refused whole", *(f"untaken: {column}" for column in columns))
    assert {what for what in covered if not seen[what]} == set()


@given(lines=st.lists(_cells, min_size=1, max_size=12))
def test_what_is_made_of_any_lines_passes_the_check(lines: list[str]) -> None:
    result = imported("\n".join(lines).encode("utf-8", "replace"), SAID)
    if result is not None:
        hold_to_roster(result)
        hold_to_reasons(result)


_json: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _cells,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(list(_MEANT)), inner, max_size=4),
    max_leaves=12,
)


@given(value=_json)
def test_any_value_of_json_is_taken_or_named(value: Any) -> None:
    result = imported(json.dumps(value).encode(), SAID)
    if result is not None:
        hold_to_roster(result)
        hold_to_reasons(result)


@given(data=st.binary(min_size=1, max_size=200))
def test_any_bytes_are_taken_or_named(data: bytes) -> None:
    result = imported(data, SAID)
    if result is not None:
        hold_to_roster(result)
        hold_to_reasons(result)
