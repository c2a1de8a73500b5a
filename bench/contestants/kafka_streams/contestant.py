"""Kafka Streams in the race: its JVM, warmed up, and how far it is: events that passed, results that the broker has."""

import asyncio
from pathlib import Path
from typing import IO, Final

from msgspec import json

from bench.contestants.contestant import Entrant, Progress
from bench.contestants.kafka_streams.program import MAIN_CLASS, built_program
from bench.contestants.peer import Errand, errand_for, group_of, prepare_results, result_complaints
from bench.counter import SharedCounter
from bench.course import Course, committed
from streams.kafka.child_process import start_child

__all__ = ["KafkaStreams"]

_HEAP: Final = "1g"
# Compiling takes 6 s of processor time and is over after some two million events; each application that starts in a JVM
# makes it compile some things anew, for the first quarter of a million events or so.
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

    def prepare(self, course: Course, lap: str) -> None:
        """The program, built if it never was, and the topics for results; its other topics it makes itself."""
        built_program()
        for each in (lap, *_rehearsals_of(lap)):
            prepare_results(course, each)

    def start(self, course: Course, lap: str, log: IO[bytes]) -> Entrant:
        """A JVM of an application of its own."""
        program = built_program()
        errand = errand_for(course, lap)
        dealt_with, acknowledged = _counters(errand)
        rehearsals = [errand_for(course, each) for each in _rehearsals_of(lap)]
        rehearsed = [_counters(rehearsal)[0] for rehearsal in rehearsals]
        # RocksDB unpacks its library into the directory for temporary files.
        jvm = [f"-Xms{_HEAP}", f"-Xmx{_HEAP}", f"-Djava.io.tmpdir={errand.scratch}", _LOG_LEVEL]
        arguments = [_json(errand), str(min(course.tally.events, _REHEARSED_EVENTS)), *map(_json, rehearsals)]
        command = [str(program.java), *jvm, "-cp", program.classpath, MAIN_CLASS, *arguments]
        due = len(course.tally.amplified)

        def progress() -> Progress:
            written = acknowledged.value
            return Progress(
                dealt_with.value,
                is_warm=written >= due * _WARM_UP_SHARE,
                is_finished=written >= due,
                rehearsed=sum(counter.value for counter in rehearsed),
            )

        return Entrant(process=start_child(command, output=log), progress=progress)

    def complaints(self, course: Course, lap: str, progress: Progress) -> list[str]:
        """What it wrote must be right, and all offsets committed."""
        wrong = result_complaints(course, lap)
        done = asyncio.run(committed(course.settings, group_of(course, lap), course.tally.ends))
        if done != course.tally.ends:
            wrong.append(f"committed {sum(done.values())} events instead of {course.tally.events}")
        return wrong


def _rehearsals_of(lap: str) -> list[str]:
    return [f"{lap}-rehearsal-{number}" for number in range(_REHEARSALS)]


def _counters(errand: Errand) -> tuple[SharedCounter, SharedCounter]:
    return SharedCounter(Path(errand.counter)), SharedCounter(Path(errand.acknowledged))


def _json(errand: Errand) -> str:
    return json.encode(errand).decode()
