"""The command that proves an alert of a run over files: what `antiphon demo` ends with."""

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from typing import Final

from streams.core.backtest import Results

__all__ = ["proof_command"]

_ID: Final = 12  # hex digits that are typed


def proof_command(
    results: Results,
    inputs: Sequence[str],
    *,
    roster: str | None,
    rules: str | None,
    formats: Sequence[str],
    out: str | None,
) -> str | None:
    """The commands that export the first alert's proof and verify it, to be pasted into a shell; `None` without alerts,
    and of standard input, which is gone.

    `inputs` are the files, or `--case` and its name; `out` is the folder with the results, if they were written.
    """
    if not results.alerts or "-" in inputs:
        return None
    first = min(results.alerts.values(), key=lambda alert: (alert.fired_at, alert.id))
    program, file = _program(), f"proof-{first.id[:_ID]}.zip"
    export = [*program, "proof", "export", first.id[:_ID], *inputs]
    for option, value in (("--roster", roster), ("--rules", rules), ("--results", out)):
        export += [] if value is None else [option, value]
    for name in formats:
        export += ["--format", name]
    return f"{shlex.join([*export, '--out', file])} && {shlex.join([*program, 'proof', 'verify', file])}"


def _program() -> list[str]:
    """How the shell finds this program again."""
    called = sys.argv[0]
    if os.path.basename(called) != "antiphon":
        return [sys.executable, "-m", "streams.cli.main"]
    found = shutil.which("antiphon")
    return ["antiphon"] if found is not None and os.path.realpath(found) == os.path.realpath(called) else [called]
