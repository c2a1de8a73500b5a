"""The command: `python -m tests.fuzz [TARGET …] [--seconds N]`; status 1 if anything was found."""

import argparse
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.fuzz.keeping import smallest_of, write_kept
from tests.fuzz.target import CORPUS, kept_inputs, timed
from tests.fuzz.targets import TARGETS, target_named

__all__ = ["main"]

_GRACE_SECONDS: Final = 120  # for the start, and for an input that hangs
_RUNS: Final = re.compile(r"stat::number_of_executed_units: (\d+)")
_COVERED: Final = re.compile(r"cov: (\d+)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzzes readers, shapes of files and archives, guided by coverage (Atheris), each target in its own process."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=main.__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all of them, if none is named")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument("--directory", type=Path, default=Path(".cache/fuzz"), help="findings, corpora and logs")
    parser.add_argument("--again", type=Path, metavar="FILE", help="repeat one input of the named target, no fuzzing")
    parser.add_argument("--keep", action="store_true", help="choose tests/fuzz/corpus again from what was found so far")
    parser.add_argument("--list", action="store_true", help="name the targets")
    wanted = parser.parse_args(arguments)
    if wanted.list:
        _say("\n".join(TARGETS))
        return 0
    names: list[str] = wanted.targets or list(TARGETS)
    for name in names:
        try:
            target_named(name)
        except KeyError:
            parser.error(f"there is no target {name}: one of {', '.join(TARGETS)}")
    if wanted.again is not None:
        if len(wanted.targets) != 1:
            parser.error("--again needs the one target that the input is for")
        timed(target_named(names[0]), wanted.again.read_bytes())
        _say("nothing wrong with it")
        return 0
    if wanted.keep:
        for name in names:
            _say(f"{name}: {_keep(name, wanted.directory)} inputs kept")
        return 0
    return 1 if sum(_fuzz(name, wanted.seconds, wanted.directory / name) for name in names) else 0


def _fuzz(name: str, seconds: int, directory: Path) -> int:
    """Fuzz a target, say in a line what came of it, and how many findings there are."""
    findings = directory / "findings"
    shutil.rmtree(findings, ignore_errors=True)
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "log.txt"
    command = [sys.executable, "-m", "tests.fuzz.engine", name, str(seconds), str(directory)]
    begun = time.monotonic()
    with log.open("wb") as output:
        try:
            status = subprocess.run(
                command, stdout=output, stderr=output, check=False, timeout=seconds + _GRACE_SECONDS
            ).returncode
        except subprocess.TimeoutExpired:
            status = -1
    said = log.read_text("utf-8", "replace")
    runs = _RUNS.findall(said)
    covered = _COVERED.findall(said)
    found = sorted(path for path in findings.glob("*") if path.suffix != ".txt")
    is_broken = status != 0 and not found
    _say(
        f"{name}: {time.monotonic() - begun:.0f} s, {int(runs[-1]) if runs else 0:,} executions, "
        f"{covered[-1] if covered else 0} branches, {len(found)} findings"
    )
    for path in found:
        _say(f"  {path.name}: python -m tests.fuzz {name} --again {path}")
    if is_broken:
        _say(f"  ended with status {status}: {log}")
    return len(found) + is_broken


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _keep(name: str, directory: Path) -> int:
    inputs = [path.read_bytes() for path in (directory / name / "corpus").glob("*")]
    return write_kept(smallest_of(TARGETS[name], [*inputs, *kept_inputs(name)]), CORPUS / name)


if __name__ == "__main__":
    sys.exit(main())
