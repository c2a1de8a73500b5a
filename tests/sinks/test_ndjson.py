"""Results as files: all of them or none, and what stood there before is whole or gone."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from streams.cases import KHAMENEI_SITE
from streams.core.backtest import Results
from streams.core.enriched_topics import ENRICHED_TOPICS
from streams.errors import InputError
from streams.sinks.ndjson import write_results

_NAMES = (*(topic.name for topic in ENRICHED_TOPICS), "dead-letters", "evidence")
_NOTHING = Results()


def _old_files(directory: Path) -> dict[str, bytes]:
    for name in _NAMES:
        (directory / f"{name}.ndjson").write_bytes(f"old {name}\n".encode())
    return _files(directory)


def _files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def test_new_files_replace_the_old_ones_and_leave_nothing_beside_them(tmp_path: Path) -> None:
    """A link in the place of a file is replaced and not followed, and so is one that looks like a file of ours."""
    _old_files(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"somebody's")
    for name in ("alerts.ndjson", ".alerts.ndjson.unfinished", ".alerts-x.unfinished"):
        (tmp_path / name).unlink(missing_ok=True)
        (tmp_path / name).symlink_to(elsewhere)
    write_results(tmp_path, _NOTHING, [])
    assert elsewhere.read_bytes() == b"somebody's"
    assert not (tmp_path / "alerts.ndjson").is_symlink()
    links = {".alerts.ndjson.unfinished", ".alerts-x.unfinished", "elsewhere"}
    assert _files(tmp_path) == {f"{name}.ndjson": b"" for name in _NAMES} | dict.fromkeys(links, b"somebody's")


def test_a_file_that_cannot_take_its_place_leaves_all_old_ones_as_they_were(tmp_path: Path) -> None:
    """Half-way through them: somebody made a directory of that name."""
    old = _old_files(tmp_path)
    (tmp_path / "alerts.ndjson").unlink()
    (tmp_path / "alerts.ndjson" / "inside").mkdir(parents=True)
    del old["alerts.ndjson"]
    with pytest.raises(InputError, match=r"alerts\.ndjson is a directory"):
        write_results(tmp_path, _NOTHING, [])
    assert _files(tmp_path) == old
    assert (tmp_path / "alerts.ndjson" / "inside").is_dir()


@pytest.mark.slow
def test_a_full_disk_costs_neither_the_printed_report_nor_the_old_files(tmp_path: Path) -> None:
    """The program itself, which may write no more than 20 kB to a file."""
    old = _old_files(tmp_path)
    case = KHAMENEI_SITE
    command = [sys.executable, "-m", "streams.cli.main", "backtest", str(case.events), "--format", "canonical"]
    done = subprocess.run(
        [*command, "--roster", str(case.roster), "--out", str(tmp_path)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "the results cannot be written" in done.stderr
    assert "Khamenei_site" in done.stdout
    assert "84" in done.stdout
    assert _files(tmp_path) == old
