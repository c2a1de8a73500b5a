"""What figures there are, how each is measured, and the record of the last time that was done."""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from bench.figures.alarms import Alarms, measure_alarms
from bench.figures.console import ConsoleFigure, measure_console
from bench.figures.corrections import Corrections, measure_corrections
from bench.figures.environment import Environment
from bench.figures.evidence import EvidenceCost, measure_evidence
from bench.figures.growth import Growth, measure_growth
from bench.figures.hot_subject import HotSubject, measure_hot_subject
from bench.figures.latency import Latency, measure_latency
from bench.figures.ledger import LedgerFigure, measure_ledger
from bench.figures.live import LiveFigure, measure_live
from bench.figures.readers import ReadersFigure, measure_readers
from bench.figures.recovery import Recovery, measure_recovery
from bench.figures.scaling import Scaling, measure_scaling
from bench.figures.screen import ScreenFigure, measure_screen
from bench.figures.soak import Soak, measure_soak
from bench.figures.suspended import Suspended, measure_suspended
from bench.machine import Machine

__all__ = ["BY_NAME_ONLY", "FIGURES", "WITHOUT_BROKER", "FigureRun", "Figures"]

T = TypeVar("T")

FIGURES: Final[dict[str, Callable[[Environment], Any]]] = {
    "latency": measure_latency,
    "scaling": measure_scaling,
    "recovery": measure_recovery,
    "hot-subject": measure_hot_subject,
    "growth": measure_growth,
    "screen": measure_screen,
    "evidence": measure_evidence,
    "corrections": measure_corrections,
    "ledger": measure_ledger,
    "suspended": measure_suspended,
    "soak": measure_soak,
    "console": measure_console,
    "live": measure_live,
    "readers": measure_readers,  # these two need data that is not part of the project
    "alarms": measure_alarms,
}
"""Every figure by the name under which it is asked for, in the order in which they are told."""

BY_NAME_ONLY: Final = frozenset({"soak"})
"""What takes so long that it is measured only where it is named."""

WITHOUT_BROKER: Final = frozenset({"screen", "evidence", "growth", "readers", "alarms"})


class FigureRun(Struct, Generic[T], frozen=True, kw_only=True):
    """When a figure was measured (a date), on what, and what came out.

    `load` is how many processes of other people wanted a core in the minute before, `None` where nobody looked.
    """

    date: str
    machine: Machine
    figure: T
    load: float | None = None


class Figures(Struct, frozen=True, kw_only=True):
    """The newest run of each figure; `None` where there was none."""

    latency: FigureRun[Latency] | None = None
    scaling: FigureRun[Scaling] | None = None
    recovery: FigureRun[Recovery] | None = None
    hot_subject: FigureRun[HotSubject] | None = None
    growth: FigureRun[Growth] | None = None
    screen: FigureRun[ScreenFigure] | None = None
    evidence: FigureRun[EvidenceCost] | None = None
    corrections: FigureRun[Corrections] | None = None
    ledger: FigureRun[LedgerFigure] | None = None
    suspended: FigureRun[Suspended] | None = None
    soak: FigureRun[Soak] | None = None
    readers: FigureRun[ReadersFigure] | None = None
    alarms: FigureRun[Alarms] | None = None
    live: FigureRun[LiveFigure] | None = None
    console: FigureRun[ConsoleFigure] | None = None
