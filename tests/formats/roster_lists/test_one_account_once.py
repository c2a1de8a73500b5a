"""A roster has an account once for each moment: what repeats one is counted, what contradicts one is named."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.roster_lists.importing import SAID, Import, accounts, entries, imported_from

_HEADER = "handle,account_id,name,country,category,start,end,website\n"


def test_a_repeated_account_is_counted_and_its_sites_are_joined(imported: Import) -> None:
    result = imported(
        f"{_HEADER}one,,,FR,media,,,a.example.org\nONE,,One,FR,media,,,b.example.org\n@one,,,FR,media,,,\n", **SAID
    )
    assert (len(result.rows), result.repeated, result.not_taken) == (1, 2, 0)
    (entry,) = entries(result)
    assert (entry.name, entry.domains) == ("One", ("a.example.org", "b.example.org"))


@pytest.mark.parametrize(
    ("second", "column", "fact"),
    [("DE,media", "country", "country"), ("FR,diplomat", "category", "category")],
)
def test_an_account_of_two_states_or_categories_is_named(second: str, column: str, fact: str, imported: Import) -> None:
    result = imported(f"{_HEADER}one,,,FR,media,,,\none,,,{second},,,\n", **SAID)
    assert [(row["country"], row["category"]) for row in result.rows] == [("FR", "state_media")]
    (untaken,) = result.untaken
    assert (untaken.place, untaken.column) == ("line 3", column)
    assert untaken.what == f"the account is at line 2 for the same time with another {fact}"


def test_terms_that_follow_each_other_are_both_taken_and_one_that_overlaps_is_named(imported: Import) -> None:
    result = imported(
        f"{_HEADER}one,7000001,,FR,diplomat,2020-01-01,2020-12-31,\n"
        "one,7000001,,FR,government,2021-01-01,,\n"
        "one,7000001,,FR,government,2020-06-01,2021-06-01,\n",
        **SAID,
    )
    assert [row["valid_from"] for row in result.rows] == ["2020-01-01", "2021-01-01"]
    assert [each.place for each in result.untaken] == ["line 4"]


def test_an_entry_by_handle_yields_to_one_with_the_id(imported: Import) -> None:
    result = imported(f"{_HEADER}one,,,FR,media,,,\none,7000001,,FR,media,,,\n", **SAID)
    assert accounts(result) == [("twitter", "7000001", "one")]
    assert result.repeated == 1


def test_a_handle_that_passed_from_one_id_to_another_is_taken_twice(imported: Import) -> None:
    result = imported(f"{_HEADER}one,7000001,,FR,media,,,\none,7000002,,FR,media,,,\none,,,FR,media,,,\n", **SAID)
    assert accounts(result) == [("twitter", "7000001", "one"), ("twitter", "7000002", "one")]
    assert result.repeated == 1
    assert len(entries(result)) == 2


_terms = st.tuples(
    st.sampled_from(["one", "two", ""]),
    st.sampled_from(["", "7000001", "7000002"]),
    st.sampled_from(["FR", "DE"]),
    st.sampled_from(["", "2020-01-01", "2020-06-01", "2021-01-01"]),
    st.sampled_from(["", "2020-05-31", "2020-12-31", "2021-06-30T10:00:00Z"]),
)


@pytest.mark.slow
def test_of_any_rows_about_few_accounts_each_is_kept_a_repetition_or_named(tmp_path: Path) -> None:
    seen: Counter[str] = Counter()

    @given(rows=st.lists(_terms, min_size=2, max_size=9))
    def check(rows: list[tuple[str, str, str, str, str]]) -> None:
        path = tmp_path / "list.csv"
        lines = ["handle,account_id,country,start,end", *map(",".join, rows)]
        path.write_text("\n".join(lines) + "\n")
        result = imported_from(path, **SAID)
        counted = len(result.rows) + result.repeated + result.not_taken + sum(result.passed_over.values())
        assert counted == len(rows)
        if result.rows:
            assert len(entries(result)) == len(result.rows)  # as the check says it
        seen.update(kept=len(result.rows), repeated=result.repeated, **result.untaken_by_column)

    check()
    assert {what for what in ("kept", "repeated", "country", "valid_from") if not seen[what]} == set()
