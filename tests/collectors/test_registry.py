"""Collectors of other packages, found by their entry points."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.collectors.registry import COLLECTORS, all_collectors
from streams.errors import InputError
from tests.collectors.lines_collector import LINES


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The entry points of an installed package, to be written by the test."""
    about = tmp_path / "antiphon_lines-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: antiphon-lines\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    all_collectors.cache_clear()
    yield about / "entry_points.txt"
    all_collectors.cache_clear()


def test_a_collector_of_another_package_stands_beside_ours(installed: Path) -> None:
    installed.write_text("[antiphon.collectors]\nlines = tests.collectors.lines_collector:LINES\n")
    assert all_collectors()["lines"] is LINES
    assert all_collectors().keys() == {"lines", *(each.name for each in COLLECTORS)}


@pytest.mark.parametrize(
    ("point", "why"),
    [
        ("lines = tests.collectors.lines_collector:LinesSource", "it is a type, not a Collector"),
        ("lines = tests.collectors.no_such_module:LINES", "ModuleNotFoundError"),
        ("other = tests.collectors.lines_collector:LINES", "the collector calls itself 'lines'"),
        (f"{COLLECTORS[0].name} = tests.collectors.lines_collector:LINES", "another collector has this name"),
    ],
)
def test_one_that_cannot_be_used_is_named_with_its_package(installed: Path, point: str, why: str) -> None:
    installed.write_text(f"[antiphon.collectors]\n{point}\n")
    with pytest.raises(InputError) as refused:
        all_collectors()
    assert "of antiphon-lines cannot be used" in refused.value.message
    assert why in refused.value.message
