"""The command: `python -m tests.chaos.mutants [NAME …]`; applies each patch to a copy and says which check noticed it.

A patch begins with a sentence that says what is wrong in it. The checkout itself is never touched. A test that notices
a bug is run on the unchanged code, too: one that fails there says nothing.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

__all__ = ["CHECKS", "main"]

_ROOT: Final = Path(__file__).parents[3]
_PATCHES: Final = Path(__file__).parent
_TIMEOUT_SECONDS: Final = 600.0
_TESTS_PASSED: Final = 0
_TESTS_FAILED: Final = 1


class _Check(Struct, frozen=True):
    """A part of the tests, and what a patch must touch, one of these, for it to be worth asking."""

    name: str
    tests: tuple[str, ...]
    concerns: tuple[str, ...] = ("streams/",)


def _file(test: str, *concerns: str) -> _Check:
    return _Check(test, (test,), concerns)


# The narrowest first.
CHECKS: Final = (
    _file("tests/core/tracking/test_one_post.py", "streams/core/tracking/subject.py"),
    _file("tests/core/tracking/test_retracting.py", "streams/core/tracking/tracker.py", "streams/core/retractions.py"),
    _file(
        "tests/core/tracking/test_recounting.py",
        "streams/core/tracking/recounting.py",
        "streams/core/tracking/alerts.py",
    ),
    _file("tests/core/watching/test_country_corrections.py", "streams/core/watching/country_recount_state.py"),
    _Check(
        "tests/core/tracking",
        ("tests/core/tracking/test_track.py", "tests/core/tracking/test_track_oracle.py"),
        ("streams/core/tracking/",),
    ),
    _file("tests/core/watching/test_watch_cost.py", "streams/core/watching/watcher.py"),
    _file("tests/core/watching/test_watch_oracle.py", "streams/core/watching/"),
    _Check("tests/cli/test_alerts_retract.py", ("tests/cli/test_alerts_retract.py",), ("streams/jobs/retraction.py",)),
    _Check(
        "tests/kafka/test_batch_writer.py", ("tests/kafka/test_batch_writer.py",), ("streams/kafka/batch_writer.py",)
    ),
    _Check(
        "tests/kafka/test_dead_letter_record.py",
        ("tests/kafka/test_dead_letter_record.py",),
        ("streams/kafka/dead_letter_record.py",),
    ),
    _file("tests/kafka/test_reading.py", "streams/kafka/client.py"),
    _file("tests/ledger/test_store.py", "streams/ledger/"),
    _Check("tests/ledger", ("tests/ledger",), ("streams/ledger/",)),
    _file("tests/faust_driver/test_progress.py", "streams/faust_driver/progress.py"),
    _file("tests/faust_driver/test_commits.py", "streams/faust_driver/transport.py"),
    _file("tests/faust_driver/test_seek_back.py", "streams/faust_driver/transport.py"),
    _file("tests/agents/screen/test_progress_reports.py", "streams/agents/screen/progress_reports.py"),
    _file("tests/agents/screen/test_batch.py", "streams/agents/screen/batch.py"),
    _file("tests/agents/screen/test_agent.py", "streams/agents/screen/agent.py"),
    _file("tests/agents/track/test_batch.py", "streams/agents/track/batch.py"),
    _file(
        "tests/agents/track/test_subject_store.py",
        "streams/agents/track/subject_store.py",
        "streams/partitions/transactional_writer.py",
    ),
    _file("tests/agents/watch/test_ledger_store.py", "streams/agents/watch/ledger_store.py"),
    _file("tests/agents/track/test_agent.py", "streams/partitions/tasks.py"),
    _file(
        "tests/partitions/test_resumption.py",
        "streams/agents/screen/raw_log_checks.py",
        "streams/partitions/resumption.py",
        "streams/partitions/tasks.py",
        "streams/partitions/transactional_writer.py",
        "streams/kafka/log_marks.py",
        "streams/kafka/readiness.py",
    ),
    _file("tests/collectors/bluesky/test_tap_source.py", "streams/collectors/bluesky/tap_source.py"),
    _Check(
        "tests/collectors/bluesky/test_jetstream_source.py, test_jetstream_accounts.py",
        ("tests/collectors/bluesky/test_jetstream_source.py", "tests/collectors/bluesky/test_jetstream_accounts.py"),
        (
            "streams/collectors/bluesky/jetstream_cursor.py",
            "streams/collectors/bluesky/jetstream_accounts_source.py",
        ),
    ),
    _Check(
        "tests/collectors/test_publisher.py, test_takeover.py, test_kills.py",
        ("tests/collectors/test_publisher.py", "tests/collectors/test_takeover.py", "tests/collectors/test_kills.py"),
        ("streams/collectors/publisher.py",),
    ),
    _Check(
        "tests/agents, tests/partitions, tests/faust_driver",
        ("tests/agents", "tests/partitions", "tests/faust_driver"),
    ),
    _Check("the short chaos run", ("tests/chaos/test_chaos.py",)),
)


class _BrokenRig(Exception):  # noqa: N818 - reads as what happened
    """The check itself could not be made."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Shows that the tests notice deliberate bugs in the delivery path. Exit status 1 if one survives."""
    names = sorted(path.stem for path in _PATCHES.glob("*.patch"))
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.mutants", description=main.__doc__)
    parser.add_argument("name", nargs="*", help=f"mutants to try (default: all): {', '.join(names)}")
    wanted = parser.parse_args(arguments).name or names
    if unknown := sorted(set(wanted) - set(names)):
        parser.error(f"there is no mutant named {', '.join(unknown)}")
    width = max(map(len, wanted))
    survivors = []
    try:
        with tempfile.TemporaryDirectory(prefix="antiphon-no-mutant-") as scratch:
            sound = Path(scratch)
            _copy_checkout(sound)
            for name in wanted:
                _echo(f"{name:{width}}  ")
                began = time.monotonic()
                test = _noticed_by(_PATCHES / f"{name}.patch", sound)
                if test is None:
                    survivors.append(name)
                verdict = f"noticed by {test}" if test else "SURVIVED"
                _echo(f"{verdict}, {time.monotonic() - began:.0f} s\n")
    except _BrokenRig as reason:
        _echo(f"{reason}\n")
        return 1
    caught = len(wanted) - len(survivors)
    _echo(
        f"{caught} of {len(wanted)} mutants were noticed"
        + (f"; add tests for {', '.join(survivors)}\n" if survivors else "\n")
    )
    return 1 if survivors else 0


def _noticed_by(patch: Path, sound: Path) -> str | None:
    """The first test that fails with the patch applied and passes in the sound copy, `None` if all pass."""
    with tempfile.TemporaryDirectory(prefix="antiphon-mutant-") as scratch:
        copy = Path(scratch)
        _copy_checkout(copy)
        _apply(patch, copy)
        changed = patch.read_text(encoding="utf-8")
        for check in CHECKS:
            if not any(part in changed for part in check.concerns):
                continue
            failed = _failed(check.tests, copy)
            if failed is not None:
                if _failed(failed, sound) is not None:
                    raise _BrokenRig(f"{', '.join(failed)}: fails without any bug")
                return ", ".join(failed)
    return None


def _copy_checkout(copy: Path) -> None:
    """The files that git has or would add, as they are now, and Kafka's jars by a link."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=_ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode != 0:
        raise _BrokenRig("mutants need a git checkout, to know which files to copy")
    for name in listing.stdout.decode().split("\0"):
        if name and (_ROOT / name).is_file():
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((_ROOT / name).read_bytes())
    if (_ROOT / ".cache").is_dir():
        (copy / ".cache").symlink_to(_ROOT / ".cache")


def _apply(patch: Path, copy: Path) -> None:
    done = subprocess.run(
        ["git", "apply", str(patch)],
        cwd=copy,
        env=os.environ | {"GIT_CEILING_DIRECTORIES": str(copy.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise _BrokenRig(f"{patch.name} does not fit the code any more; write it anew\n{done.stderr}")


def _failed(tests: Sequence[str], copy: Path) -> Sequence[str] | None:
    """The first of the tests that fails, all of them where they do not end, `None` if all pass."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=native", "-p", "no:cacheprovider", *tests]
    with tempfile.TemporaryFile() as output:
        try:
            done = subprocess.run(
                command,
                cwd=copy,
                # As in CI: the same examples each time, and nothing left out.
                env=os.environ | {"PYTHONPATH": str(copy), "CI": "true"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return tests
        if done.returncode == _TESTS_PASSED:
            return None
        output.seek(0)
        printed = output.read().decode(errors="replace")
        # A test that could not be made ready is an ERROR: that is the rig, and no bug in the delivery path.
        lines = printed.splitlines()
        failed = [line.removeprefix("FAILED ").split(" - ")[0] for line in lines if line.startswith("FAILED ")]
        if done.returncode == _TESTS_FAILED and failed:
            return failed[:1]
        raise _BrokenRig(f"{', '.join(tests)}: could not be run\n{printed[-4_000:]}")


def _echo(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
