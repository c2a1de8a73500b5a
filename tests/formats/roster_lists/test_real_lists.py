"""Real lists of officials: how many accounts are taken of each, and what is not."""

from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from tests.formats.roster_lists.importing import accounts, entries, imported_from

pytestmark = pytest.mark.realdata

_SOURCE: Final = {"source_url": "https://example.org/list"}
_INDEPENDENT: Final = dict.fromkeys(("ip", "isf", "ism", "isfm", "isfm?"), "state_media")


def test_every_member_of_congress_with_an_account_is_taken(shared_data: Path) -> None:
    path = shared_data / "rosters" / "us_congress_legislators-social-media.yaml"
    result = imported_from(path, country="US", category="parliament", **_SOURCE)
    assert (result.entries, result.untaken, result.repeated) == (519, (), 0)
    assert Counter(row["platform"] for row in result.rows) == {"twitter": 506, "mastodon": 13}
    assert sum(row["account_id"] != "" for row in result.rows) == 409
    assert accounts(result)[0] == ("twitter", "3026622545", "RepAmata")
    assert result.passed_over == {
        "accounts of facebook": 490,
        "accounts of instagram": 407,
        "accounts of youtube": 318,
    }
    assert len(entries(result)) == 519


def test_all_handles_of_chinas_diplomats_and_media_are_taken(shared_data: Path) -> None:
    path = shared_data / "rosters" / "cn_diplomacy_media_handles_2022.csv"
    result = imported_from(path, platforms=("twitter",), country="CN", **_SOURCE)
    assert (result.entries, result.untaken, result.repeated, result.passed_over) == (78, (), 0, {})
    assert Counter(entry.category for entry in entries(result)) == {"diplomat": 65, "state_media": 13}
    assert result.rows[0]["name"].startswith("CHEN Xu, Ambassador")


def test_all_handles_of_russias_embassies_are_taken(shared_data: Path) -> None:
    path = shared_data / "rosters" / "ru_government_embassy_handles_2022-03.txt"
    result = imported_from(path, platforms=("twitter",), country="RU", category="diplomat", **_SOURCE)
    assert (result.entries, result.untaken, result.repeated) == (75, (), 0)
    assert len(entries(result)) == 75


@pytest.mark.parametrize(
    ("options", "taken", "repeated", "untaken"),
    [
        ({}, {"twitter": 98, "telegram": 50}, 44, {"category": 50, "handle": 33}),
        ({"categories": _INDEPENDENT}, {"twitter": 129, "telegram": 55}, 51, {"handle": 33}),
    ],
    ids=["as the matrix has it", "with those that it calls independent"],
)
def test_of_the_state_media_matrix_all_is_taken_but_what_no_account_can_be_called(
    options: dict[str, Any], taken: dict[str, int], repeated: int, untaken: dict[str, int], shared_data: Path
) -> None:
    path = shared_data / "rosters" / "asd_State_Media_Matrix.csv"
    result = imported_from(path, **_SOURCE, **options)
    assert result.entries == 1_157
    assert Counter(row["platform"] for row in result.rows) == taken
    assert (result.repeated, result.untaken_by_column) == (repeated, untaken)
    assert result.passed_over["entries without an account"] == 824
    (first,) = [row for row in result.rows if row["handle"] == "borneobulletin"]
    assert (first["country"], first["name"], first["domains"]) == ("BN", "Borneo Bulletin", "borneobulletin.com.bn")
    assert {each.what.split("'")[1] for each in result.untaken if each.column == "handle"} >= {"cctv.chinese", "1tv.ge"}
    assert len(entries(result)) == sum(taken.values())
    assert not result.is_good, "more than a tenth of the accounts are not taken"


@pytest.mark.slow
def test_a_roster_of_the_former_column_comes_out_whole(shared_data: Path) -> None:
    result = imported_from(shared_data / "fr_parliament" / "roster.csv")
    assert (len(result.rows), result.untaken, result.repeated) == (1_575, (), 0)
    assert Counter(entry.country for entry in entries(result)) == {"FR": 1_575}
