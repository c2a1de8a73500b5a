"""How long a busy process waits before it writes again: what a transaction costs is paid more seldom then.

A process that has a core to itself and something left writes soon, so that an alert is quick. One that wants more than
it gets, or works off a backlog, is behind anyway, and gets on faster by writing more at a time.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

__all__ = ["PACE_LOOK_SECONDS", "Pace", "process_pace"]

PACE_LOOK_SECONDS: Final = 0.25
"""A longer pause is to be asked for again after so long: the backlog may be done."""

_LOOK_SECONDS: Final = 1.0
_BUSY_SHARE: Final = 0.9  # of a core; agents share one, whatever the machine has
_BUSY_FACTOR: Final = 3.0
_BACKLOG_SHARE: Final = 0.1  # what an alert may be late by more, of what it is late anyway
_BACKLOG_FACTOR: Final = 10.0
_SCHEDULED: Final = Path("/proc/self/schedstat")  # of the main thread, in ns: on a processor, and waiting for one
_NS: Final = 1e-9


def busy_seconds() -> float:
    """Processor time that this process has used so far, and that its main thread has waited for while others had it."""
    try:
        waited_ns = int(_SCHEDULED.read_bytes().split()[1])
    except (OSError, ValueError, IndexError):  # not Linux, or a kernel that does not count it
        waited_ns = 0
    return time.process_time() + waited_ns * _NS


class Pace:
    """Says how long a pause is to be: by the processor time that this process used or waited for, and by how long what
    it reads has lain in its logs. Both clocks in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, wanted: Callable[[], float] = busy_seconds) -> None:
        self._clock = clock
        self._wanted = wanted
        self._looked_at = clock()
        self._wanted_then = wanted()
        self._is_busy = False
        self._backlog_seconds = 0.0
        self._least_seconds: float | None = None  # of what was read since the last look
        self._read_at = float("-inf")

    def note_read(self, waited_seconds: float, left: int) -> None:
        """Something was read that had lain in its log for so long, and behind it the log has `left` more: none, and
        there is no backlog, whatever clocks say.
        """
        waited_seconds = max(0.0, waited_seconds) if left else 0.0
        # Of several logs that with the newest records: what is quick is not made late by another log's backlog.
        least = self._least_seconds
        self._least_seconds = waited_seconds if least is None else min(least, waited_seconds)
        self._read_at = self._clock()

    def pause(self, seconds: float) -> float:
        """What becomes of a pause of so many seconds: three times as much where nine tenths of a core were wanted in
        the last second; and up to ten times as much, a tenth of the time by which the process is late, while it works
        off a backlog.
        """
        now = self._clock()
        passed = now - self._looked_at
        if passed >= _LOOK_SECONDS:
            wanted = self._wanted()
            self._is_busy = wanted - self._wanted_then >= _BUSY_SHARE * passed
            self._looked_at, self._wanted_then = now, wanted
            self._backlog_seconds, self._least_seconds = self._least_seconds or 0.0, None
        longer = seconds * _BUSY_FACTOR if self._is_busy else seconds
        if now - self._read_at > PACE_LOOK_SECONDS:  # all is read
            return longer
        return max(longer, min(seconds * _BACKLOG_FACTOR, self._backlog_seconds * _BACKLOG_SHARE))


process_pace: Final = Pace()
"""That of this process."""
