"""The list of States is the official one, XK, and the bodies above States."""

from importlib.resources import files

import pytest

from streams.core.countries import COUNTRIES, OTHER_NAMES, SUPRANATIONAL
from streams.core.rosters.roster_problems import Problems
from streams.core.rosters.roster_row import check_row


def test_the_states_are_those_of_iso_3166_and_kosovo() -> None:
    """Compared with the list in the time zone database, where the package `tzdata` is installed."""
    try:
        table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    except ModuleNotFoundError:
        pytest.skip("the package tzdata is absent")
    codes = {line.split("\t")[0] for line in table.splitlines() if line and not line.startswith("#")}
    assert len(codes) == 249
    assert codes | {"XK"} | SUPRANATIONAL.keys() == COUNTRIES
    assert codes.isdisjoint(SUPRANATIONAL), "a body has no State's code"


def test_what_lists_write_instead_of_a_code_is_no_code_and_stands_for_one() -> None:
    assert COUNTRIES.isdisjoint(OTHER_NAMES)
    assert COUNTRIES.issuperset(OTHER_NAMES.values())


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("Iran", "write IR"),
        ("ir", "write IR"),
        ("IRN", "write IR"),
        ("Islamic Republic of Iran", "write IR"),
        ("NATO", "write QN"),
        ("Atlantis", "write the ISO 3166-1 alpha-2 code"),
    ],
)
def test_a_state_by_its_name_is_told_its_code(written: str, remedy: str) -> None:
    problems = Problems()
    check_row(7, {"country": written}, problems)
    (problem,) = problems.error("r.csv").problems
    assert (problem.line, problem.column) == (7, "country")
    assert problem.remedy.startswith(remedy)
