"""What peers have in common: a program that is told its errand, a counter in a file, results in one shape."""

import asyncio
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from pathlib import Path
from typing import IO, Final

from aiokafka import TopicPartition
from msgspec import Struct, json

from bench.contestants.contestant import Entrant, Progress
from bench.counter import SharedCounter
from bench.course import Course, committed, create_plain_topics
from bench.tally import Figures
from bench.world import PARTITIONS
from streams.kafka.child_process import start_child
from streams.kafka.client import consumer
from streams.settings import Settings

__all__ = ["Errand", "Result", "errand_for", "group_of", "prepare_results", "result_complaints", "start_program"]

_ROOT: Final = Path(__file__).parents[2]


class Errand(Struct, frozen=True, kw_only=True):
    """What a peer's program is told, as its only argument in JSON: topics as the broker names them, files by path.

    It reads `topics` from their beginning, raises `counter` by the events it has dealt with, and ends on SIGTERM with
    its offsets committed. One whose results follow later than that raises `acknowledged` by those the broker has.
    """

    broker: str
    topics: list[str]
    group: str
    results: str
    officials: str
    counter: str
    acknowledged: str
    scratch: str
    variant: str = ""

    @staticmethod
    def of(argument: str) -> "Errand":
        """The errand that an argument stands for."""
        return json.decode(argument, type=Errand)


class Result(Struct, frozen=True):
    """What a peer writes for each amplification by an official: the event, and the subject's figures after it."""

    event: str
    subject: str
    official: str
    amplifications: int
    distinct_officials: int


def group_of(course: Course, lap: str) -> str:
    """The consumer group of a peer in a lap."""
    return course.settings.topic_prefix + lap


def prepare_results(course: Course, lap: str) -> None:
    """Create the topic for a lap's results."""
    asyncio.run(create_plain_topics(course.settings, _results_topic(lap)))


def errand_for(course: Course, lap: str, *, variant: str = "") -> Errand:
    """What a program is told in a lap."""
    return Errand(
        broker=course.settings.broker,
        topics=course.raw_topics,
        group=group_of(course, lap),
        results=course.settings.topic(_results_topic(lap)),
        officials=str(course.officials),
        counter=str(course.scratch / f"{lap}.counter"),
        acknowledged=str(course.scratch / f"{lap}.acknowledged"),
        scratch=str(course.scratch),
        variant=variant,
    )


def start_program(module: str, course: Course, lap: str, log: IO[bytes], *, variant: str = "") -> Entrant:
    """Start `python -m MODULE ERRAND`."""
    errand = errand_for(course, lap, variant=variant)
    dealt_with = SharedCounter(Path(errand.counter))
    process = start_child([sys.executable, "-m", module, json.encode(errand).decode()], output=log, cwd=_ROOT)
    return Entrant(process=process, progress=lambda: Progress(dealt_with.value))


def result_complaints(
    course: Course,
    lap: str,
    read_up_to: Mapping[tuple[str, int], int] | None = None,
    under_way: Collection[str] = (),
) -> list[str]:
    """What is wrong with a lap's results, for as much as its group has committed, or as `read_up_to` says it has read.

    `under_way` are the events that a further topic still holds for it: not lost, and not told yet.
    """
    return asyncio.run(_result_complaints(course, lap, read_up_to, under_way))


async def _result_complaints(
    course: Course, lap: str, read_up_to: Mapping[tuple[str, int], int] | None, under_way: Collection[str]
) -> list[str]:
    reported: list[str] = []
    figures: dict[str, Figures] = {}
    async for result in _results(course.settings, _results_topic(lap)):
        reported.append(result.event)
        figures[result.subject] = Figures(result.amplifications, result.distinct_officials)
    if read_up_to is None:
        read_up_to = await committed(course.settings, group_of(course, lap), course.tally.ends)
    wrong = course.tally.complaints(reported, figures, read_up_to, under_way)
    if not any(read_up_to.values()):
        wrong.append("committed nothing")
    return wrong


async def _results(settings: Settings, topic: str) -> AsyncIterator[Result]:
    decode = json.Decoder(Result).decode
    tps = [TopicPartition(settings.topic(topic), partition) for partition in range(PARTITIONS)]
    client = consumer(settings)
    await client.start()
    try:
        client.assign(tps)
        await client.seek_to_beginning(*tps)
        ends = await client.end_offsets(tps)
        while [tp for tp in tps if await client.position(tp) < ends[tp]]:
            for records in (await client.getmany(timeout_ms=300)).values():
                for record in records:
                    yield decode(record.value)
    finally:
        await client.stop()


def _results_topic(lap: str) -> str:
    return f"{lap}-results"
