"""Running the program as people do: a process of its own, with an environment that is known."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

__all__ = ["PROGRAM", "Finished", "clean_environment", "obeyed", "run"]

PROGRAM: Final = (sys.executable, "-m", "streams.cli.main")
_ROOT: Final = Path(__file__).parents[2]
_TIMEOUT_SECONDS: Final = 120
_ASIDE: Final = frozenset({"NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"})


class Finished(Struct, frozen=True, kw_only=True):
    """How a command ended: its status, and what it wrote."""

    status: int
    out: str
    err: str


def clean_environment(**variables: str) -> dict[str, str]:
    """This environment without settings of Antiphon's or anything that changes how terminals are written to."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("ANTIPHON_") and name not in _ASIDE
    }
    return kept | {"PYTHONPATH": str(_ROOT)} | variables


def run(*arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Finished:
    """`antiphon ARGUMENTS`, to its end. `env` is added to a clean environment."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=_TIMEOUT_SECONDS,
        env=clean_environment(**(env or {})),
        cwd=cwd,
        check=False,
    )
    return Finished(status=done.returncode, out=done.stdout, err=done.stderr)


def obeyed(text: str) -> list[str]:
    """The characters in what was printed that a terminal might obey: none, if all is well."""
    return [char for char in text if not char.isprintable() and char not in "\n\u200c\u200d"]
