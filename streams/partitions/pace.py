"""How long a busy process waits before it writes again: what a transaction costs is paid more seldom then.

A process that has a core to itself and something left writes soon, so that an alert is quick. One that wants more than
it gets is behind anyway, and gets on faster by writing more at a time.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

__all__ = ["Pace", "process_pace"]

_LOOK_SECONDS: Final = 1.0
_BUSY_SHARE: Final = 0.9  # of a core; agents share one, whatever the machine has
_BUSY_FACTOR: Final = 3.0
_SCHEDULED: Final = Path("/proc/self/schedstat")  # of the main thread, in ns: on a processor, and waiting for one
_NS: Final = 1e-9


def wanted_seconds() -> float:
    """Processor time that this process has used so far, and that its main thread has waited for while others had it."""
    try:
        waited_ns = int(_SCHEDULED.read_bytes().split()[1])
    except (OSError, ValueError, IndexError):  # not Linux, or a kernel that does not count it
        waited_ns = 0
    return time.process_time() + waited_ns * _NS


class Pace:
    """Says by the processor time that this process used or waited for whether it is busy. Both clocks in seconds."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, wanted: Callable[[], float] = wanted_seconds
    ) -> None:
        self._clock = clock
        self._wanted = wanted
        self._looked_at = clock()
        self._wanted_then = wanted()
        self._is_busy = False

    def pause(self, seconds: float) -> float:
        """What becomes of a pause of so many seconds: three times as much where nine tenths of a core were wanted in
        the last second.
        """
        now = self._clock()
        passed = now - self._looked_at
        if passed >= _LOOK_SECONDS:
            wanted = self._wanted()
            self._is_busy = wanted - self._wanted_then >= _BUSY_SHARE * passed
            self._looked_at, self._wanted_then = now, wanted
        return seconds * _BUSY_FACTOR if self._is_busy else seconds


process_pace: Final = Pace()
"""That of this process."""
