"""Bytewax: the same job as one dataflow in one worker. How far it got is read from its own recovery store."""

import pickle
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import IO, Final

from bench.contestants.contestant import Entrant, Progress
from bench.contestants.packages import require_package
from bench.contestants.peer import errand_for, group_of, prepare_results, result_complaints, start_program
from bench.counter import SharedCounter
from bench.course import Course

__all__ = ["INPUT_STEP", "Bytewax", "recovery_store"]

INPUT_STEP: Final = "events"
# A key of a Kafka source's state is PARTITION-TOPIC; SQLite takes the other columns from the row that has the maximum.
_OFFSETS: Final = "SELECT state_key, ser_change, MAX(snap_epoch) FROM snaps WHERE step_id LIKE ? GROUP BY state_key"


class Bytewax:
    """A worker with its recovery store. It uses no consumer group, so nothing is committed to Kafka by its design.

    What stands for that is the snapshot that Bytewax makes when its input ends: the offsets from which it would resume.
    """

    name = "bytewax"
    description = "Bytewax: one dataflow, keyed state, recovery store (SQLite), results to a topic"
    does_the_job = True
    share: int | None = None
    seconds = 0.0

    def prepare(self, course: Course, lap: str) -> None:
        """The topic for its results."""
        require_package("bytewax")
        prepare_results(course, lap)

    def start(self, course: Course, lap: str, log: IO[bytes]) -> Entrant:
        """A worker, finished when the broker has acknowledged every result that is due."""
        acknowledged = SharedCounter(Path(errand_for(course, lap).acknowledged))
        due = len(course.tally.amplified)
        program = start_program("bench.contestants.bytewax_program", course, lap, log)

        def progress() -> Progress:
            return Progress(program.progress().events, is_finished=acknowledged.value >= due)

        return Entrant(process=program.process, progress=progress)

    def complaints(self, course: Course, lap: str, progress: Progress) -> list[str]:
        """Right results for as much as it would not read again, which at the end of its input must be everything."""
        offsets = _offsets(recovery_store(str(course.scratch), group_of(course, lap)))
        read_up_to = {
            (name, partition): offsets.get(f"{partition}-{course.settings.topic(name)}", 0)
            for name, partition in course.tally.ends
        }
        wrong = result_complaints(course, lap, read_up_to)
        if read_up_to != course.tally.ends:
            wrong.append(f"its recovery store has {sum(read_up_to.values())} events instead of {course.tally.events}")
        return wrong


def recovery_store(scratch: str, group: str) -> Path:
    """The folder of a lap's recovery store."""
    return Path(scratch) / f"{group}.recovery"


def _offsets(store: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for path in sorted(store.glob("part-*.sqlite3")):
        with closing(sqlite3.connect(path)) as database:
            for key, offset, _epoch in database.execute(_OFFSETS, (f"%.{INPUT_STEP}",)):
                found[key] = pickle.loads(offset)  # noqa: S301 - written by the program that this one started
    return found
