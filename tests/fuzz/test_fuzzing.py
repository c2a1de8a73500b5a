"""The fuzzer itself, for a moment: it runs on a reader and on an archive, and it finds a fault that chance does not."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.fuzz.targets import TARGETS

_ROOT: Final = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def _fuzz(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    if importlib.util.find_spec("atheris") is None:
        reason = "left out: Atheris, the fuzzer, which has wheels for Linux on x86-64"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    command = [sys.executable, "-m", "tests.fuzz", "--directory", str(directory), *arguments]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=240, check=False)


def test_it_finds_a_fault_behind_three_bytes_and_repeats_it(tmp_path: Path) -> None:
    found = _fuzz(tmp_path, "planted", "--seconds", "10")
    assert found.returncode == 1, found.stdout + found.stderr
    assert "1 findings" in found.stdout
    (finding,) = (path for path in (tmp_path / "planted" / "findings").iterdir() if path.suffix != ".txt")
    assert finding.read_bytes().startswith(b"Ant")
    assert f"python -m tests.fuzz planted --again {finding}" in found.stdout
    again = _fuzz(tmp_path, "planted", "--again", str(finding))
    assert again.returncode == 1
    assert "the planted fault" in again.stderr


@pytest.mark.parametrize("name", ["twitter-v1", "tar"])
def test_it_runs_on_the_product_and_finds_nothing(name: str, tmp_path: Path) -> None:
    ran = _fuzz(tmp_path, name, "--seconds", "2")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = ran.stdout.split()
    executions, branches = (int(said[said.index(word) - 1].replace(",", "")) for word in ("executions,", "branches,"))
    assert executions > len(TARGETS[name].seeds())
    assert branches > 50
    assert len(list((tmp_path / name / "corpus").iterdir())) > len(TARGETS[name].seeds())


def test_an_unknown_target_is_an_error_that_names_the_known_ones() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "nothing"], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert "twitter-v1" in ran.stderr
