"""Who runs: each contestant is a file that says how to start it, how far it is, and whether it did the job.

A contestant that is not Antiphon has its program beside it (`*_program.py`), which runs in a process of its own.
"""

from collections.abc import Sequence

from bench.contestants.antiphon import Antiphon
from bench.contestants.bare_aiokafka import BareAiokafka
from bench.contestants.contestant import Contestant
from bench.contestants.stock_faust import StockFaust

__all__ = ["Contestant", "contestants"]


def contestants(*, stock_share: int, stock_seconds: float) -> Sequence[Contestant]:
    """All of them, in the order of a round. Stock Faust reads that many events, for at least that many seconds."""
    return (
        BareAiokafka("orjson"),
        BareAiokafka("msgspec"),
        Antiphon(),
        StockFaust(share=stock_share, seconds=stock_seconds),
    )
