"""One thing that was shown, or not, and a table of them for people. Knows nothing of what they are about."""

import time
import traceback
from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import Final

from msgspec import Struct

from streams.printable import printable

__all__ = ["Finding", "look", "table"]

_WHAT: Final = 58
_FIGURE: Final = 62


class Finding(Struct, frozen=True, kw_only=True):
    """What was to be shown, its figure (or, where it is not `ok`, what was wrong), and how long that took."""

    name: str
    what: str
    figure: str
    ok: bool
    seconds: float


def look(name: str, what: str, figure: Callable[[], str]) -> Finding:
    """What comes of looking: an `AssertionError` is a finding, too, any other error is not."""
    began = time.monotonic()
    try:
        found, ok = figure(), True
    except AssertionError as error:
        # An assertion without words has its line.
        found, ok = str(error) or str(traceback.extract_tb(error.__traceback__)[-1].line), False
    return Finding(name=name, what=what, figure=found, ok=ok, seconds=round(time.monotonic() - began, 1))


def table(findings: Sequence[Finding]) -> str:
    """A line or more for each, and at the end how many were right."""
    lines = [f"{'shown':{_WHAT}}  {'figure':{_FIGURE}}  ok", "─" * (_WHAT + _FIGURE + 6)]
    for finding in findings:
        left, right = wrap(finding.what, _WHAT), wrap(printable(" ".join(finding.figure.split())), _FIGURE) or [""]
        marks = ["yes" if finding.ok else "NO"]
        for row in range(max(len(left), len(right))):
            cells = [cell[row] if row < len(cell) else "" for cell in (left, right, marks)]
            lines.append(f"{cells[0]:{_WHAT}}  {cells[1]:{_FIGURE}}  {cells[2]}".rstrip())
    right_ones = sum(finding.ok for finding in findings)
    lines += ["", f"{right_ones} of {len(findings)} right"]
    return "\n".join(lines) + "\n"
