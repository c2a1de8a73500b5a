"""What an implementation is: the interface to the race."""

from collections.abc import Callable
from typing import IO, Final, Protocol

from msgspec import Struct

from bench.workload import Workload
from streams.kafka.child_process import ChildProcess

__all__ = ["WARM_UP_SHARE", "Implementation", "Progress", "RunningImplementation"]

WARM_UP_SHARE: Final = 0.1
"""The steady phase begins after this part of an implementation's share: by then caches are warm and tables exist."""


class Progress(Struct, frozen=True):
    """How far a running implementation is: raw events dealt with, and what follows from them.

    `is_warm` says that every stage has begun to work, `is_finished` that none has anything left to do. `rehearsed` are
    events dealt with before, elsewhere, to warm up: they are not timed.
    """

    events: int
    is_warm: bool = True
    is_finished: bool = True
    rehearsed: int = 0


class RunningImplementation(Struct, frozen=True, kw_only=True):
    """An implementation that runs: its process and how to see how far it is."""

    process: ChildProcess
    progress: Callable[[], Progress]


class Implementation(Protocol):
    """One way to do the job, or to do a part of it that nobody can do without.

    `does_the_job` is false for the limits, which only read and decode. `share` is how many events it reads in a trial
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
        """How many events it reads in a trial."""

    @property
    def seconds(self) -> float:
        """How long it is timed at least."""

    def prepare(self, workload: Workload, trial: str) -> None:
        """Create what the trial needs on the broker; `trial` is unique. Raises `Unavailable` if it cannot run."""

    def start(self, workload: Workload, trial: str, log: IO[bytes]) -> RunningImplementation:
        """Start its process; called with the process's cores set."""

    def complaints(self, workload: Workload, trial: str, progress: Progress) -> list[str]:
        """What is wrong with what it did, after its process has ended; empty if nothing is."""
