"""How a process is: whether its event loop beats, and what it still lacks before it can work.

Owns both answers; knows neither how they are asked for (`streams.probes.http_server`) nor what follows from them.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

__all__ = ["ALIVE_SECONDS", "Health"]

_BEAT_SECONDS: Final = 1.0
ALIVE_SECONDS: Final = 10.0
"""An event loop that has not beaten for so long does not work. The longest that anything of ours keeps it is a tenth
of a second."""


class Health:
    """Beats on the event loop; may be asked from any thread."""

    def __init__(self) -> None:
        self.beats = 0
        self._beat_at = time.monotonic()
        self._needs: dict[str, Callable[[], str | None]] = {}

    async def beat(self) -> None:
        """Beat once a second until cancelled."""
        while True:
            self.beats += 1
            self._beat_at = time.monotonic()
            await asyncio.sleep(_BEAT_SECONDS)

    @property
    def silent_seconds(self) -> float:
        """How long ago the event loop last had time for a beat."""
        return time.monotonic() - self._beat_at

    def need(self, name: str, lack: Callable[[], str | None]) -> None:
        """The process is ready only when `lack` returns `None`, and not while it returns what is lacking.

        It is called from any thread, and must neither block nor raise.
        """
        self._needs[name] = lack

    def lacking(self) -> dict[str, str]:
        """What is lacking, by name; nothing when the process is ready."""
        return {name: answer for name, lack in list(self._needs.items()) if (answer := lack()) is not None}
