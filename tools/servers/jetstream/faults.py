"""How a local Jetstream misbehaves. A test changes these while the server runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Faults", "Refusal"]


@dataclass(frozen=True)
class Refusal:
    """An answer instead of a connection."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass
class Faults:
    """`cut_after`: the connections of the future are cut without a word after so many events, one number for each.

    `live_tip`: whatever the cursor, connections begin live. `early_us`: cursors that are times are taken for so much
    earlier. `silent`: sockets stay open, and nothing comes but pings. `event_seconds`: how long each event takes.
    `refusals`: the next answers, one for each request. `warming_up`: 503.
    """

    cut_after: list[int] = field(default_factory=list)
    live_tip: bool = False
    early_us: int = 0
    silent: bool = False
    event_seconds: float = 0.0
    refusals: list[Refusal] = field(default_factory=list)
    warming_up: bool = False
