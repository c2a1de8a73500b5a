"""Kafka Streams in the race: its JVM, warmed up, and how far it is: events that passed, results that the broker has."""

import asyncio
from pathlib import Path
from typing import IO, Final

from msgspec import json

from bench.counter import SharedCounter
from bench.implementations.implementation import Progress, RunningImplementation
from bench.implementations.kafka_streams.program import MAIN_CLASS, built_program
from bench.implementations.peer import Job, group_of, job_for, prepare_results, result_complaints
from bench.workload import Workload, committed
from streams.kafka.child_process import start_child

__all__ = ["KafkaStreams"]

_HEAP: Final = "1g"
# Compiling takes 6 s of processor time and is over after some two million events; each application that starts in a JVM
# makes it compile some things again, for the first quarter of a million events or so.
_REHEARSALS: Final = 2
_REHEARSED_EVENTS: Final = 1_000_000
_WARM_UP_SHARE: Final = 0.3
_LOG_LEVEL: Final = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"


class KafkaStreams:
    """One stream thread, at-least-once, RocksDB: Kafka Streams' default settings.

    The heap is fixed, everything else is the JVM's choice, which for a process with one core is the serial collector.
    Before it is timed it does the whole job twice in the same JVM, with topics and groups for that.
    """

    name = "kafka-streams"
    description = "Kafka Streams (Java): decode with Jackson, repartition by subject, aggregate in a store"
    does_the_job = True
    share: int | None = None
    seconds = 0.0

    def prepare(self, workload: Workload, trial: str) -> None:
        """The program, built if it never was, and the topics for results; its other topics it makes itself."""
        built_program()
        for each in (trial, *_rehearsals_of(trial)):
            prepare_results(workload, each)

    def start(self, workload: Workload, trial: str, log: IO[bytes]) -> RunningImplementation:
        """A JVM of an application of its own."""
        program = built_program()
        job = job_for(workload, trial)
        dealt_with, acknowledged = _counters(job)
        rehearsals = [job_for(workload, each) for each in _rehearsals_of(trial)]
        rehearsed = [_counters(rehearsal)[0] for rehearsal in rehearsals]
        # RocksDB unpacks its library into the directory for temporary files.
        jvm = [f"-Xms{_HEAP}", f"-Xmx{_HEAP}", f"-Djava.io.tmpdir={job.scratch}", _LOG_LEVEL]
        arguments = [_json(job), str(min(workload.tally.events, _REHEARSED_EVENTS)), *map(_json, rehearsals)]
        command = [str(program.java), *jvm, "-cp", program.classpath, MAIN_CLASS, *arguments]
        due = len(workload.tally.amplified)

        def progress() -> Progress:
            written = acknowledged.value
            return Progress(
                dealt_with.value,
                is_warm=written >= due * _WARM_UP_SHARE,
                is_finished=written >= due,
                rehearsed=sum(counter.value for counter in rehearsed),
            )

        return RunningImplementation(process=start_child(command, output=log), progress=progress)

    def complaints(self, workload: Workload, trial: str, progress: Progress) -> list[str]:
        """What it wrote must be right, and all offsets committed."""
        wrong = result_complaints(workload, trial)
        done = asyncio.run(committed(workload.settings, group_of(workload, trial), workload.tally.ends))
        if done != workload.tally.ends:
            wrong.append(f"committed {sum(done.values())} events instead of {workload.tally.events}")
        return wrong


def _rehearsals_of(trial: str) -> list[str]:
    return [f"{trial}-rehearsal-{number}" for number in range(_REHEARSALS)]


def _counters(job: Job) -> tuple[SharedCounter, SharedCounter]:
    return SharedCounter(Path(job.counter)), SharedCounter(Path(job.acknowledged))


def _json(job: Job) -> str:
    return json.encode(job).decode()
