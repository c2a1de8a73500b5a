"""The folder of a run is gone after it, and that of a run that was killed at the start of the next."""

import subprocess
import sys
from pathlib import Path

import pytest

from streams.jobs.scratch import scratch_folder

_KILLED = """
import os, signal
from streams.jobs.scratch import scratch_folder
with scratch_folder() as folder:
    print(folder.parent, flush=True)
    (folder / "ledger").write_text("x")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def _own_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)


def test_what_a_killed_run_left_is_removed_and_what_lives_or_is_not_ours_stays(tmp_path: Path) -> None:
    foreign = tmp_path / "antiphon-demo-foreign"
    foreign.mkdir()
    link = tmp_path / "antiphon-demo-link"
    link.symlink_to(foreign)
    done = subprocess.run([sys.executable, "-c", _KILLED], capture_output=True, text=True, check=False, timeout=60)
    left = Path(done.stdout.strip())
    assert left.is_dir()
    with scratch_folder() as first:
        assert not left.exists()
        with scratch_folder() as second:
            assert first.is_dir()
            assert second != first
        assert first.is_dir()
        assert not second.exists()
    assert sorted(tmp_path.iterdir()) == [foreign, link]
