"""What peers have in common: a program that is told its job, a counter in a file, results in one shape."""

import asyncio
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from pathlib import Path
from typing import IO, Final

from aiokafka import TopicPartition
from msgspec import Struct, json

from bench.counter import SharedCounter
from bench.implementations.implementation import Progress, RunningImplementation
from bench.tally import Figures
from bench.workload import Workload, committed, create_plain_topics
from bench.world import PARTITIONS
from streams.kafka.child_process import start_child
from streams.kafka.client import consumer
from streams.settings import Settings

__all__ = ["Job", "Result", "group_of", "job_for", "prepare_results", "result_complaints", "start_program"]

_ROOT: Final = Path(__file__).parents[2]


class Job(Struct, frozen=True, kw_only=True):
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
    def of(argument: str) -> "Job":
        """The job that an argument stands for."""
        return json.decode(argument, type=Job)


class Result(Struct, frozen=True):
    """What a peer writes for each amplification by an official: the event, and the subject's figures after it."""

    event: str
    subject: str
    official: str
    amplifications: int
    distinct_officials: int


def group_of(workload: Workload, trial: str) -> str:
    """The consumer group of a peer in a trial."""
    return workload.settings.topic_prefix + trial


def prepare_results(workload: Workload, trial: str) -> None:
    """Create the topic for a trial's results."""
    asyncio.run(create_plain_topics(workload.settings, _results_topic(trial)))


def job_for(workload: Workload, trial: str, *, variant: str = "") -> Job:
    """What a program is told in a trial."""
    return Job(
        broker=workload.settings.broker,
        topics=workload.raw_topics,
        group=group_of(workload, trial),
        results=workload.settings.topic(_results_topic(trial)),
        officials=str(workload.officials),
        counter=str(workload.scratch / f"{trial}.counter"),
        acknowledged=str(workload.scratch / f"{trial}.acknowledged"),
        scratch=str(workload.scratch),
        variant=variant,
    )


def start_program(
    module: str, workload: Workload, trial: str, log: IO[bytes], *, variant: str = ""
) -> RunningImplementation:
    """Start `python -m MODULE JOB`."""
    job = job_for(workload, trial, variant=variant)
    dealt_with = SharedCounter(Path(job.counter))
    process = start_child([sys.executable, "-m", module, json.encode(job).decode()], output=log, cwd=_ROOT)
    return RunningImplementation(process=process, progress=lambda: Progress(dealt_with.value))


def result_complaints(
    workload: Workload,
    trial: str,
    read_up_to: Mapping[tuple[str, int], int] | None = None,
    under_way: Collection[str] = (),
) -> list[str]:
    """What is wrong with a trial's results, up to what its group has committed, or up to `read_up_to`.

    `under_way` are the events that a further topic still holds for it: not lost, and not told yet.
    """
    return asyncio.run(_result_complaints(workload, trial, read_up_to, under_way))


async def _result_complaints(
    workload: Workload, trial: str, read_up_to: Mapping[tuple[str, int], int] | None, under_way: Collection[str]
) -> list[str]:
    reported: list[str] = []
    figures: dict[str, Figures] = {}
    async for result in _results(workload.settings, _results_topic(trial)):
        reported.append(result.event)
        figures[result.subject] = Figures(result.amplifications, result.distinct_officials)
    if read_up_to is None:
        read_up_to = await committed(workload.settings, group_of(workload, trial), workload.tally.ends)
    wrong = workload.tally.complaints(reported, figures, read_up_to, under_way)
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


def _results_topic(trial: str) -> str:
    return f"{trial}-results"
