"""Chooses the inputs that are kept: the smallest ones that together run every step from line to line that all run."""

import hashlib
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, Final, TypeAlias

from tests.fuzz.target import Target

__all__ = ["MOST_KEPT_BYTES", "smallest_of", "write_kept"]

MOST_KEPT_BYTES: Final = 3_000
"""Of one target. All corpora together stay below 100 KB."""

_MOST_INPUT: Final = 1_500
_PRODUCT: Final = "/streams/"

_Step: TypeAlias = tuple[str, int, int]


def _steps(check: Callable[[bytes], None], data: bytes) -> set[_Step]:
    found: set[_Step] = set()

    def look(frame: FrameType, event: str, argument: Any) -> Any:
        name = frame.f_code.co_filename
        if _PRODUCT not in name:
            return None
        last = frame.f_lineno

        def line(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal last
            found.add((name, last, frame.f_lineno))
            last = frame.f_lineno
            return line

        return line

    sys.settrace(look)
    try:
        with suppress(Exception):
            check(data)
    finally:
        sys.settrace(None)
    return found


def smallest_of(target: Target, inputs: Iterable[bytes]) -> list[bytes]:
    """Those of the inputs that run what neither a seed nor a smaller one runs, until they are too many."""
    seen: set[_Step] = set()
    for seed in target.seeds():
        seen |= _steps(target.check, seed)
    kept: list[bytes] = []
    size = 0
    for data in sorted(set(inputs), key=lambda data: (len(data), data)):
        if len(data) > _MOST_INPUT or size + len(data) > MOST_KEPT_BYTES:
            break
        steps = _steps(target.check, data)
        if not steps <= seen:
            seen |= steps
            size += len(data)
            kept.append(data)
    return kept


def write_kept(inputs: Iterable[bytes], directory: Path) -> int:
    """Make the directory hold these inputs alone; says how many."""
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.iterdir():
        path.unlink()
    count = 0
    for data in inputs:
        (directory / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
        count += 1
    return count
