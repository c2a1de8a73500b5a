"""What the bare clients have in common: they decode, and write nothing."""

from bench.contestants.contestant import Progress
from bench.course import Course

__all__ = ["BareClient"]


class BareClient:
    """A contestant that fetches and decodes every event, and nothing else."""

    does_the_job = False
    share: int | None = None
    seconds = 0.0

    def complaints(self, course: Course, lap: str, progress: Progress) -> list[str]:
        """It must have decoded every event once; one that cannot be decoded ends it early."""
        if progress.events == course.tally.events:
            return []
        return [f"decoded {progress.events} events instead of {course.tally.events}"]
