"""What a contestant is: the interface to the race."""

from collections.abc import Callable
from typing import IO, Final, Protocol

from msgspec import Struct

from bench.course import Course
from streams.kafka.child_process import ChildProcess

__all__ = ["WARM_UP_SHARE", "Contestant", "Entrant", "Progress"]

WARM_UP_SHARE: Final = 0.1
"""The steady phase begins when so much of a contestant's share is done: by then caches are warm and tables exist."""


class Progress(Struct, frozen=True):
    """How far an entrant is: raw events dealt with, and what follows from them.

    `is_warm` says that every stage has begun to work, `is_finished` that none has anything left to do. `rehearsed` are
    events dealt with before, elsewhere, to warm up: they are not timed.
    """

    events: int
    is_warm: bool = True
    is_finished: bool = True
    rehearsed: int = 0


class Entrant(Struct, frozen=True, kw_only=True):
    """A contestant that runs: its process and how to see how far it is."""

    process: ChildProcess
    progress: Callable[[], Progress]


class Contestant(Protocol):
    """One way to do the job, or to do a part of it that nobody can do without.

    `does_the_job` is false for the limits, which only read and decode. `share` is how many events it reads in a lap
    (`None`: all), `seconds` how long it is timed at least if it reads only a share.
    """

    @property
    def name(self) -> str:
        """Short and unique: the key in results."""

    @property
    def description(self) -> str:
        """What it does, for the table."""

    @property
    def does_the_job(self) -> bool:
        """Whether it looks up, counts and writes results, or only decodes."""

    @property
    def share(self) -> int | None:
        """How many events it reads in a lap."""

    @property
    def seconds(self) -> float:
        """How long it is timed at least."""

    def prepare(self, course: Course, lap: str) -> None:
        """Create what the lap needs on the broker; `lap` is unique. Raises `Unavailable` if it cannot run."""

    def start(self, course: Course, lap: str, log: IO[bytes]) -> Entrant:
        """Start its process; called with the process's cores set."""

    def complaints(self, course: Course, lap: str, progress: Progress) -> list[str]:
        """What is wrong with what it did, after its process has ended; empty if nothing is."""
