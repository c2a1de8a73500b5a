"""How long a busy process waits before it writes again: what a transaction costs is paid more seldom then.

A process that has a core to itself and something left writes soon, so that an alert is quick. One that wants more than
it gets is behind anyway, and gets on faster by writing more at a time.
"""

import time
from collections.abc import Callable
from typing import Final

__all__ = ["Pace", "process_pace"]

_LOOK_SECONDS: Final = 1.0
_BUSY_SHARE: Final = 0.9  # of a core; agents share one, whatever the machine has
_BUSY_FACTOR: Final = 3.0


class Pace:
    """Says by the processor time of this process, all threads together, whether it is busy. Both clocks in seconds."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, used: Callable[[], float] = time.process_time
    ) -> None:
        self._clock = clock
        self._used = used
        self._looked_at = clock()
        self._used_then = used()
        self._is_busy = False

    def pause(self, seconds: float) -> float:
        """What becomes of a pause of so many seconds: three times as much while the last second took nine tenths of a
        core.
        """
        now = self._clock()
        passed = now - self._looked_at
        if passed >= _LOOK_SECONDS:
            used = self._used()
            self._is_busy = used - self._used_then >= _BUSY_SHARE * passed
            self._looked_at, self._used_then = now, used
        return seconds * _BUSY_FACTOR if self._is_busy else seconds


process_pace: Final = Pace()
"""That of this process."""
