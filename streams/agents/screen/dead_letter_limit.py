"""The dead-letter limit: says when refused inputs have run on for so long that somebody has to look. Stops nothing
itself.
"""

from collections import deque
from typing import Final

__all__ = ["DeadLetterLimit"]

_WINDOW: Final = 10_000


class DeadLetterLimit:
    """Counts refusals in a row and among the last 10,000 records; beyond the limits it stops, for good.

    `stopped` says why, `None` while the limits hold.
    """

    def __init__(self, *, run: int, share: float) -> None:
        self.stopped: str | None = None
        self._run_limit = run
        self._window_limit = int(share * _WINDOW)
        self._run = 0
        self._window: deque[tuple[int, int]] = deque()  # (records, refused) of each batch
        self._records = 0
        self._refused = 0

    def observe(self, records: int, refused: int, trailing: int) -> None:
        """Take note of a batch: its records, the refused ones among them, and how many in a row were the last."""
        self._run = self._run + refused if refused == records else trailing
        self._window.append((records, refused))
        self._records += records
        self._refused += refused
        while self._records - self._window[0][0] >= _WINDOW:
            gone = self._window.popleft()
            self._records -= gone[0]
            self._refused -= gone[1]
        if self.stopped is not None:
            return
        if self._run >= self._run_limit:
            self.stopped = f"{self._run:,} raw records in a row were refused (dead_letter_run)"
        elif self._records >= _WINDOW and self._refused > self._window_limit * self._records / _WINDOW:
            self.stopped = (
                f"{self._refused:,} of the last {self._records:,} raw records were refused (dead_letter_share)"
            )
