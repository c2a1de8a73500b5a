"""Bytewax: the same job as one dataflow in one worker. How far it got is read from its own recovery store."""

import pickle
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import IO, Final

from bench.counter import SharedCounter
from bench.implementations.implementation import Progress, RunningImplementation
from bench.implementations.packages import require_package
from bench.implementations.peer import group_of, job_for, prepare_results, result_complaints, start_program
from bench.workload import Workload

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

    def prepare(self, workload: Workload, trial: str) -> None:
        """The topic for its results."""
        require_package("bytewax")
        prepare_results(workload, trial)

    def start(self, workload: Workload, trial: str, log: IO[bytes]) -> RunningImplementation:
        """A worker, finished when the broker has acknowledged every result that is due."""
        acknowledged = SharedCounter(Path(job_for(workload, trial).acknowledged))
        due = len(workload.tally.amplified)
        program = start_program("bench.implementations.bytewax_program", workload, trial, log)

        def progress() -> Progress:
            return Progress(program.progress().events, is_finished=acknowledged.value >= due)

        return RunningImplementation(process=program.process, progress=progress)

    def complaints(self, workload: Workload, trial: str, progress: Progress) -> list[str]:
        """Right results for as much as it would not read again, which at the end of its input must be everything."""
        offsets = _offsets(recovery_store(str(workload.scratch), group_of(workload, trial)))
        read_up_to = {
            (name, partition): offsets.get(f"{partition}-{workload.settings.topic(name)}", 0)
            for name, partition in workload.tally.ends
        }
        wrong = result_complaints(workload, trial, read_up_to)
        if read_up_to != workload.tally.ends:
            wrong.append(f"its recovery store has {sum(read_up_to.values())} events instead of {workload.tally.events}")
        return wrong


def recovery_store(scratch: str, group: str) -> Path:
    """The folder of a trial's recovery store."""
    return Path(scratch) / f"{group}.recovery"


def _offsets(store: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for path in sorted(store.glob("part-*.sqlite3")):
        with closing(sqlite3.connect(path)) as database:
            for key, offset, _epoch in database.execute(_OFFSETS, (f"%.{INPUT_STEP}",)):
                found[key] = pickle.loads(offset)  # noqa: S301 - written by the program that this one started
    return found
