"""How long to wait before the next connection: jittered, doubling, reset by a connection that lasted. Pure."""

from random import Random
from typing import Final

from streams.collectors.source import SourceError

__all__ = ["LONGEST_REQUEST_SECONDS", "Backoff"]

LONGEST_REQUEST_SECONDS: Final = 3_600.0
"""A server that asks us to stay away for longer is asked again after that: it may have been a mistake."""


class Backoff:
    """The pauses of one source. `first` and `longest` are seconds."""

    def __init__(self, first: float, longest: float, random: Random) -> None:
        self._first = first
        self._longest = longest
        self._random = random
        self._pause = first

    def after(self, error: SourceError, lasted_seconds: float) -> float:
        """Seconds to wait after a connection that lasted so long.

        A connection that outlived the pause before it was worth making: then the pauses begin again. The jitter is
        between half of the pause and all of it, so that collectors cut off together do not come back together. What a
        server asks for is the least that is waited. A pause that the source prescribes is waited as it is.
        """
        if error.pause_seconds is not None:
            return error.pause_seconds
        if lasted_seconds > self._pause:
            self._pause = self._first
        pause = self._pause * self._random.uniform(0.5, 1.0)
        self._pause = min(self._pause * 2, self._longest)
        asked = min(error.retry_after_seconds or 0.0, LONGEST_REQUEST_SECONDS)
        return max(pause, asked)
