"""Rosters of the kind that real users have, which the check refuses or which never match: right after the import.

The folders lie beside the project (`../shared/field`) and are no part of it; each says in its README what is right.
"""

import csv
import json
from pathlib import Path
from typing import Final

import pytest

from tests.cli.conftest import Antiphon

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

_FIELD: Final = Path(__file__).parents[2] / ".." / "shared" / "field"

# By folder and roster: options, and the amplifications and the officials that a backtest then finds.
_CASES: Final = {
    **{
        ("roster_never_matches", name): ((), 9, 4)
        for name in (
            *("handle_url", "handle_url_query", "handle_dot_at", "handle_fullwidth_at", "platform_x"),
            *("id_dot_zero", "id_apostrophe", "id_prefix", "id_formula", "id_thousands", "one_id_None"),
        )
    },
    ("roster_two_in_a_cell", "roster"): ((), 8, 4),
    ("roster_rounded_id", "excel"): (("--without-ids",), 3, 1),
}


@pytest.fixture(scope="module")
def field() -> Path:
    if not _FIELD.is_dir():
        pytest.skip("left out: ../shared/field is not there, and is not part of the project")
    return _FIELD.resolve()


@pytest.mark.parametrize("case", _CASES, ids="/".join)
def test_an_imported_roster_finds_the_officials(
    antiphon: Antiphon, field: Path, case: tuple[str, str], tmp_path: Path
) -> None:
    options, amplifications, officials = _CASES[case]
    out = str(tmp_path / "roster.csv")
    imported = antiphon("roster", "import", str(field / case[0] / f"{case[1]}.csv"), *options, "--out", out)
    assert imported.exit_code == 0, imported.stderr
    assert antiphon("roster", "check", out).exit_code == 0
    result = antiphon("backtest", str(field / case[0] / "in.jsonl"), "--roster", out, "--json")
    document = json.loads(result.stdout)
    seen = [alerted["dossier"]["distinct_officials"] for alerted in document["alerted"]]
    assert (document["amplifications"], max(seen, default=officials)) == (amplifications, officials)


def test_a_handle_under_account_id_is_named_with_where_it_belongs(antiphon: Antiphon, field: Path) -> None:
    result = antiphon("roster", "import", str(field / "roster_never_matches" / "id_is_handle.csv"), COLUMNS="150")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "a handle under handle" in result.stderr


def test_an_id_that_a_spreadsheet_rounded_is_not_taken(antiphon: Antiphon, field: Path) -> None:
    result = antiphon("roster", "import", str(field / "roster_rounded_id" / "excel.csv"), "--json")
    document = json.loads(result.stdout)
    assert document["not_taken_by_column"] == {"account_id": document["not_taken"]}
    assert "spreadsheet" in document["untaken"][0]["what"]


def test_accounts_of_the_european_union_and_what_it_calls_its_members_are_taken(
    antiphon: Antiphon, field: Path
) -> None:
    result = antiphon("roster", "import", str(field / "roster_european_union" / "roster.csv"))
    assert result.exit_code == 0
    assert [row["country"] for row in csv.DictReader(result.stdout.splitlines())] == ["IR", "EU", "GR", "GB"]
