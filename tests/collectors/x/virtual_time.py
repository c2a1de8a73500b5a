"""An event loop whose clock jumps to the next timer when nothing else happens: hours of silence take milliseconds."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["run_in_virtual_time"]

_T = TypeVar("_T")
_REAL_SECONDS = 0.002  # what loopback and the kernel may take to hand bytes over


class _Selector(selectors.DefaultSelector):
    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if found or (timeout is not None and timeout <= 0):
            return found
        found = super().select(_REAL_SECONDS if timeout is not None else 1.0)
        if not found and timeout is not None:
            self.passed += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._own = _Selector()
        super().__init__(self._own)

    def time(self) -> float:
        return self._own.passed


def run_in_virtual_time(work: Coroutine[Any, Any, _T]) -> _T:
    """Run it on such a loop."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work)
