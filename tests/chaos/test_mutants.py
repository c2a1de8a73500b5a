"""The deliberate bugs still fit the code: one that does not would be noticed by nobody, for the wrong reason."""

import subprocess
from pathlib import Path

import pytest

from tests.chaos.mutants.__main__ import CHECKS

_ROOT = Path(__file__).parents[2]
_PATCHES = sorted((Path(__file__).parent / "mutants").glob("*.patch"))


@pytest.mark.parametrize("patch", _PATCHES, ids=lambda path: path.stem)
def test_a_mutant_fits_the_code_as_it_is(patch: Path) -> None:
    if not (_ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    done = subprocess.run(
        ["git", "apply", "--check", str(patch)], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_tests_that_are_to_notice_are_there() -> None:
    asked = {path for check in CHECKS for path in (*check.tests, *check.concerns)}
    assert {path for path in asked if not (_ROOT / path).exists()} == set()
