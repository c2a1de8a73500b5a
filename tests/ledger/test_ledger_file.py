"""Slots: one process a file, whatever was left behind in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.errors import ConfigurationError
from streams.ledger.ledger_file import LedgerFile, claim_ledger_file
from tests.ledger.records import an_entry

_ROOT = Path(__file__).parents[2]


def _claimed(directory: Path) -> LedgerFile:
    file = claim_ledger_file(directory, "watch-3")
    assert file is not None
    return file


def test_whoever_comes_second_gets_a_file_of_its_own(tmp_path: Path) -> None:
    """And the first one back when it is free again."""
    first, second = _claimed(tmp_path), _claimed(tmp_path)
    assert (first.path.name, second.path.name) == ("watch-3.sqlite", "watch-3.1.sqlite")
    first.ledger().put(an_entry("1", 1))
    assert len(second.ledger()) == 0
    assert claim_ledger_file(tmp_path, "watch-3", most=1) is None
    first.release()
    again = _claimed(tmp_path)
    assert again.path == first.path
    assert again.ledger().get(b"e/twitter:1") == an_entry("1", 1)
    again.release()
    second.release()


def test_the_file_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    """The lock goes with the process; the file it leaves behind is in order."""
    program = f"""
import os, signal
from pathlib import Path
from streams.ledger.ledger_file import claim_ledger_file
file = claim_ledger_file(Path({str(tmp_path)!r}), "watch-3")
file.ledger().begin()
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program], cwd=_ROOT, env=os.environ | {"PYTHONPATH": "."}, check=False)
    file = _claimed(tmp_path)
    assert file.path.name == "watch-3.sqlite"
    file.ledger().begin()
    file.release()


@pytest.mark.parametrize("content", [b"rubbish" * 1_000, b"SQLite format 3\x00" + bytes(4_000)])
def test_a_file_that_is_of_no_use_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    """With what it left beside it."""
    (tmp_path / "watch-3.sqlite").write_bytes(content)
    (tmp_path / "watch-3.sqlite-wal").write_bytes(content)
    file = _claimed(tmp_path)
    file.ledger().put(an_entry("1", 1))
    assert len(file.ledger()) == 1
    file.release()


def test_a_spoilt_file_is_not_used_again(tmp_path: Path) -> None:
    file = _claimed(tmp_path)
    file.ledger().put(an_entry("1", 1))
    file.release(spoilt=True)
    file = _claimed(tmp_path)
    assert len(file.ledger()) == 0
    file.release()


def test_what_officials_wrote_is_readable_for_the_owner_alone(tmp_path: Path) -> None:
    """Deleted posts are nobody else's business on a shared machine."""
    file = _claimed(tmp_path / "new" / "deep")
    file.ledger()
    assert (tmp_path / "new" / "deep").stat().st_mode & 0o077 == 0
    file.release()


def test_a_directory_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    """A file stands where the directory should be."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"data_dir: .* cannot be written to") as raised:
        claim_ledger_file(tmp_path / "file" / "sub", "watch-3")
    assert "data_dir" in raised.value.remedy
