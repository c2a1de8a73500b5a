"""The list of States is the official one, and XK."""

from importlib.resources import files

import pytest

from streams.core.states import STATES


def test_the_states_are_those_of_iso_3166_and_kosovo() -> None:
    """Compared with the list in the time zone database, where the package `tzdata` is installed."""
    try:
        table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    except ModuleNotFoundError:
        pytest.skip("the package tzdata is absent")
    codes = {line.split("\t")[0] for line in table.splitlines() if line and not line.startswith("#")}
    assert len(codes) == 249
    assert codes | {"XK"} == STATES
