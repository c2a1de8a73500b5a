"""What the bare clients have in common: they decode, and write nothing."""

from bench.implementations.implementation import Progress
from bench.workload import Workload

__all__ = ["BareClient"]


class BareClient:
    """An implementation that fetches and decodes every event, and nothing else."""

    does_the_job = False
    share: int | None = None
    seconds = 0.0

    def complaints(self, workload: Workload, trial: str, progress: Progress) -> list[str]:
        """It must have decoded every event once; one that cannot be decoded ends it early."""
        if progress.events == workload.tally.events:
            return []
        return [f"decoded {progress.events} events instead of {workload.tally.events}"]
