"""The plan of a run: which fault comes when and for how long, all of it from the seed. Does nothing itself."""

from enum import StrEnum
from random import Random
from typing import Final

from msgspec import Struct

__all__ = ["BROKER_FAULTS", "SOURCE_FAULTS", "Fault", "FaultKind", "plan"]


class FaultKind(StrEnum):
    """Every kind of fault there is; the value is what the report calls it."""

    WORKER_KILLED = "worker killed (kill -9)"
    WORKER_FROZEN = "worker frozen beyond its session, then woken"
    WORKER_ADDED = "worker added, later one dismissed"
    WORKER_DISMISSED = "worker dismissed, later one added"
    REBALANCE_STORM = "two workers added and one killed at once"
    BROKER_KILLED = "broker killed (kill -9) and restarted"
    BROKER_OUTAGE = "broker stopped beyond the delivery timeout"
    BROKER_FROZEN = "broker frozen, then woken"
    POWER_CUT = "broker loses power: newest segments cut back"
    NETWORK_CUT = "network cut: connections refused"
    NETWORK_STALLED = "network silent in both directions"
    NETWORK_DEAF = "network silent from broker to worker"
    NETWORK_MUTE = "network silent from worker to broker"
    BATCH_REPEATED = "source sends a batch again"
    BATCH_REORDERED = "source sends a batch in disorder"
    BATCH_LATE = "source sends a batch late"
    PARTITION_STOPPED = "raw partition stopped for days of event time"
    POISON = "poison among the records"
    DISK_FULL = "worker can write no file"
    CLOCK_JUMP = "worker's clock jumps and jumps back"
    ROSTER_CORRECTED = "roster corrected"


BROKER_FAULTS: Final = frozenset(
    {FaultKind.BROKER_KILLED, FaultKind.BROKER_OUTAGE, FaultKind.BROKER_FROZEN, FaultKind.POWER_CUT}
)
SOURCE_FAULTS: Final = frozenset(
    {
        FaultKind.BATCH_REPEATED,
        FaultKind.BATCH_REORDERED,
        FaultKind.BATCH_LATE,
        FaultKind.PARTITION_STOPPED,
        FaultKind.POISON,
    }
)

# How often beside each other, and how long each lasts (seconds). Sessions last 2 s, deliveries may take 5 s.
_SHAPE: Final[dict[FaultKind, tuple[float, float, float]]] = {
    FaultKind.WORKER_KILLED: (5.0, 0.0, 0.0),
    FaultKind.WORKER_FROZEN: (4.0, 3.0, 6.0),
    FaultKind.WORKER_ADDED: (1.5, 2.0, 8.0),
    FaultKind.WORKER_DISMISSED: (1.5, 1.0, 6.0),
    FaultKind.REBALANCE_STORM: (1.5, 4.0, 8.0),
    FaultKind.BROKER_KILLED: (1.5, 0.2, 2.0),
    FaultKind.BROKER_OUTAGE: (0.5, 7.0, 9.0),
    FaultKind.BROKER_FROZEN: (1.0, 1.0, 4.0),
    FaultKind.POWER_CUT: (0.0, 0.2, 2.0),  # only as many as asked for: each may mean to recount
    FaultKind.NETWORK_CUT: (2.0, 0.5, 6.0),
    FaultKind.NETWORK_STALLED: (1.5, 0.5, 6.0),
    FaultKind.NETWORK_DEAF: (1.5, 0.5, 6.0),
    FaultKind.NETWORK_MUTE: (1.5, 0.5, 6.0),
    FaultKind.BATCH_REPEATED: (2.0, 0.0, 0.0),
    FaultKind.BATCH_REORDERED: (2.0, 0.0, 0.0),
    FaultKind.BATCH_LATE: (2.0, 5.0, 20.0),
    FaultKind.PARTITION_STOPPED: (2.0, 5.0, 20.0),
    FaultKind.POISON: (3.0, 0.0, 0.0),
    FaultKind.DISK_FULL: (1.5, 2.0, 8.0),
    FaultKind.CLOCK_JUMP: (2.0, 2.0, 8.0),
    FaultKind.ROSTER_CORRECTED: (0.0, 0.0, 0.0),  # as asked for; it takes as long as it takes, whatever else goes on
}
_PAUSE_SECONDS: Final = (0.3, 2.0)
_POWER_PAUSE_SECONDS: Final = (3.0, 8.0)  # so that there is something to lose


class Fault(Struct, frozen=True, kw_only=True):
    """One fault. It begins `pause_seconds` after the one before and is undone `lasts_seconds` later, whatever else goes
    on by then. `draw` seeds whatever is chosen when it happens."""

    number: int
    kind: FaultKind
    pause_seconds: float
    lasts_seconds: float
    draw: int


def plan(seed: int, faults: int, power_cuts: int = 0, corrections: int = 0) -> list[Fault]:
    """`faults` faults, power cuts and corrections in order. Every other kind comes once at least, if there is room."""
    random = Random(f"plan {seed}")
    kinds = list(FaultKind)
    kinds.remove(FaultKind.POWER_CUT)
    kinds.remove(FaultKind.ROSTER_CORRECTED)
    random.shuffle(kinds)
    chosen = kinds[:faults]
    weights = [_SHAPE[kind][0] for kind in kinds]
    chosen += random.choices(kinds, weights, k=faults - len(chosen))
    chosen += [FaultKind.POWER_CUT] * power_cuts + [FaultKind.ROSTER_CORRECTED] * corrections
    random.shuffle(chosen)
    return [
        Fault(
            number=number,
            kind=kind,
            pause_seconds=random.uniform(*(_POWER_PAUSE_SECONDS if kind is FaultKind.POWER_CUT else _PAUSE_SECONDS)),
            lasts_seconds=random.uniform(*_SHAPE[kind][1:]),
            draw=random.randrange(2**32),
        )
        for number, kind in enumerate(chosen)
    ]
