"""JSON and YAML: Wikidata's results of queries, users of an API, maps of people, congress-legislators."""

import json
from typing import Any

import pytest

from streams.formats.roster_lists.yaml_values import UnreadableYamlError, yaml_value
from tests.formats.roster_lists.importing import SAID, Import, accounts

_PLAIN = {
    "person": "http://www.wikidata.org/entity/Q1",
    "personLabel": "A Person",
    "twitterUsername": "a_person",
    "twitterId": "7000001",
    "countryLabel": "France",
    "start": "2015-01-01T00:00:00Z",
    "end": "2016-12-31T00:00:00Z",
}


def _bound(value: str) -> dict[str, str]:
    return {"type": "uri" if value.startswith("http") else "literal", "value": value}


_BOUND = {name: _bound(value) for name, value in _PLAIN.items()}
_RESULTS = {"head": {"vars": list(_PLAIN)}, "results": {"bindings": [_BOUND]}}


@pytest.mark.parametrize(
    "document",
    [[_PLAIN], [_BOUND], _RESULTS, _PLAIN],
    ids=["the page's JSON", "verbose", "of the endpoint", "one a line"],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_wikidatas_json_is_read_with_days_as_days_and_the_thing_as_source(
    document: Any, indent: int | None, imported: Import
) -> None:
    result = imported(json.dumps(document, indent=indent), category="government")
    assert list(result.rows) == [
        {
            "platform": "twitter",
            "account_id": "7000001",
            "handle": "a_person",
            "name": "A Person",
            "country": "FR",
            "category": "government",
            "source_url": "https://www.wikidata.org/wiki/Q1",
            "valid_from": "2015-01-01",
            "valid_to": "2016-12-31",
            "domains": "",
        }
    ]


def test_properties_of_wikidata_name_their_platform(imported: Import) -> None:
    entry = {"P2002": "one", "P6552": "7000001", "P3789": "one_channel", "P12361": "one.example.org"}
    assert accounts(imported(json.dumps([entry]), **SAID | {"platforms": ()})) == [
        ("twitter", "7000001", "one"),
        ("telegram", "", "one_channel"),
        ("bluesky", "", "one.example.org"),
    ]


@pytest.mark.parametrize(
    "document",
    [
        {"users": [{"id": 7000001, "id_str": "7000001", "screen_name": "one", "name": "One"}], "next_cursor": 0},
        {"data": [{"id": "7000001", "username": "one", "name": "One"}], "meta": {"result_count": 1}},
        [{"id": "7000001", "username": "one", "name": "One"}],
        {"One": {"twitter": "one", "twitter_id": 7000001}},
    ],
)
def test_users_of_an_api_and_maps_by_name_are_entries(document: Any, imported: Import) -> None:
    result = imported(json.dumps(document), **SAID)
    assert [(row["account_id"], row["handle"], row["name"]) for row in result.rows] == [("7000001", "one", "One")]


@pytest.mark.parametrize("document", [["@one", "https://x.com/two"], {"handles": ["one", "two"]}])
def test_a_list_of_handles_is_one_in_json_too(document: Any, imported: Import) -> None:
    assert [handle for _, _, handle in accounts(imported(json.dumps(document), **SAID))] == ["one", "two"]


def test_an_id_that_went_through_floating_point_is_refused(imported: Import) -> None:
    result = imported('[{"handle": "one", "account_id": 1.2345678901234568E+18}]', **SAID)
    assert [each.column for each in result.untaken] == ["account_id"]


def test_posts_are_no_list_of_accounts(imported: Import) -> None:
    result = imported('{"id_str": "1", "full_text": "x", "user": {"screen_name": "one"}}\n', **SAID)
    assert result.rows == ()
    assert [each.what for each in result.untaken] == ["a post, not an account"]


@pytest.mark.parametrize("digits", ["7" * 10_000, "-" + "7" * 5_000, "1e400"])
def test_an_id_of_ten_thousand_digits_costs_its_entry(digits: str, imported: Import) -> None:
    result = imported(f'{{"handle": "one", "account_id": {digits}}}\n{{"handle": "two"}}\n', **SAID)
    assert accounts(result) == [("twitter", "", "two")]
    assert [each.place for each in result.untaken] == ["line 1"]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"a":' * 5_000 + "1" + "}" * 5_000])
def test_nesting_without_end_is_named(text: str, imported: Import) -> None:
    result = imported(f"{text}\n", **SAID)
    assert (result.rows, result.is_good) == ((), False)
    assert result.untaken


def test_a_place_that_is_no_json_is_named(imported: Import) -> None:
    result = imported('{"handle": "one"}\n{"handle": oops}\n{"handle": "two"}\n', **SAID)
    assert [handle for _, _, handle in accounts(result)] == ["one", "two"]
    assert result.untaken[0].place == "line 2"


_LEGISLATORS = """\
# A remark before the list.
- id:
    bioguide: R000600
    thomas: '02222'
  social:
    twitter: RepOne
    facebook: repone
    youtube_id: UCGdrLQbt1PYDTPsampx4t1A
    twitter_id: 3026622545
- id:
    bioguide: S000001
  name:
    official_full: Jane Two
  social:
    twitter: no
    mastodon: '@two@example.social'
- id:
    bioguide: T000001
  social:
    instagram: three
"""


def test_congress_legislators_are_read(imported: Import) -> None:
    options = SAID | {"platforms": (), "country": "US", "category": "parliament"}
    result = imported(_LEGISLATORS, **options)
    assert [(row["platform"], row["account_id"], row["handle"], row["name"]) for row in result.rows] == [
        ("twitter", "3026622545", "RepOne", ""),
        ("twitter", "", "no", "Jane Two"),
        ("mastodon", "", "two@example.social", "Jane Two"),
    ]
    assert result.passed_over == {"accounts of facebook": 1, "accounts of youtube": 1, "accounts of instagram": 1}
    assert result.untaken == ()


def test_yaml_keeps_ids_and_handles_as_they_are_written() -> None:
    assert yaml_value(b"a: no\nb: 0123\nc: 1e5\nd: 3026622545\ne: 2020-01-01\nf: !!python/name:os.system x\n") == {
        "a": "no",
        "b": "0123",
        "c": "1e5",
        "d": "3026622545",
        "e": "2020-01-01",
        "f": "x",
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a: &x [1]\nb: *x\n", "alias"),
        (b"[" * 100, "nested deeper than 32"),
        (b"- " * 100_000 + b"x", "nested deeper than 32"),
        (b"? [a]\n: b\n", "a map whose key is no text"),
        (b"a: [1\nb: 2", "no YAML"),
        (b"a: \x00", "no YAML"),
        (b"a: \xff\xfe", "no YAML"),
        (b"a: 1\n" * 2_000_000, "more than 8 MB"),
        (b"- a\n" * 1_100_000, "more than 1,000,000 values"),
    ],
    ids=["alias", "flow", "block", "key", "open", "control", "not UTF-8", "size", "count"],
)
def test_yaml_is_bounded(text: bytes, said: str) -> None:
    with pytest.raises(UnreadableYamlError, match=said):
        yaml_value(text)


def test_yaml_that_cannot_be_read_is_named_with_its_line(imported: Import) -> None:
    result = imported("- twitter: &a one\n- twitter: *a\n", **SAID)
    assert result.rows == ()
    assert [(each.place, "alias" in each.what) for each in result.untaken] == [("line 2", True)]
