"""Stock Faust: the same job in one agent, as Faust's documentation writes them."""

from typing import IO

from bench.implementations.implementation import Progress, RunningImplementation
from bench.implementations.peer import prepare_results, result_complaints, start_program
from bench.workload import Workload

__all__ = ["StockFaust"]


class StockFaust:
    """A worker with Faust's default settings. It reads a share of the events: all of them would take minutes."""

    name = "faust"
    description = "stock Faust: one agent, a table, results to a topic"
    does_the_job = True

    def __init__(self, share: int, seconds: float) -> None:
        self.share: int | None = share
        self.seconds = seconds

    def prepare(self, workload: Workload, trial: str) -> None:
        """The topic for its results; the table's changelog it makes itself."""
        prepare_results(workload, trial)

    def start(self, workload: Workload, trial: str, log: IO[bytes]) -> RunningImplementation:
        """A worker of a group of its own."""
        return start_program("bench.implementations.stock_faust_program", workload, trial, log)

    def complaints(self, workload: Workload, trial: str, progress: Progress) -> list[str]:
        """What it wrote must be right for as much as it has committed."""
        return result_complaints(workload, trial)
