"""How far a source is, in figures for people and machines. Written on the event loop, read from anywhere."""

import time
from typing import Any

import msgspec
from msgspec import Struct

__all__ = ["SourceProgress"]


class SourceProgress(Struct, kw_only=True):
    """Counts since the process began. `gaps` are those that are over and that nothing closed, `newest_us` the source's
    newest time that Kafka has (Unix µs, 0: none).
    """

    source: str
    is_connected: bool = False
    frames: int = 0
    events: int = 0
    back_filled: int = 0
    letters: int = 0
    reconnects: int = 0
    gaps: int = 0
    newest_us: int = 0

    def lag_seconds(self) -> float:
        """How far that is behind the clock; 0 where nothing came yet."""
        return max(0.0, time.time() - self.newest_us / 1_000_000) if self.newest_us else 0.0

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return msgspec.structs.asdict(self) | {"lag_seconds": round(self.lag_seconds(), 3)}
