"""Quix Streams: the same job as streaming dataframes, in two forms. Knows what is re-keyed and not counted yet."""

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import IO, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct, json

from bench.counter import SharedCounter
from bench.implementations.implementation import Progress, RunningImplementation
from bench.implementations.packages import require_package
from bench.implementations.peer import group_of, job_for, prepare_results, result_complaints, start_program
from bench.workload import Workload, committed, create_plain_topics
from bench.world import PARTITIONS
from streams.kafka.client import client_options
from streams.settings import Settings

__all__ = ["CONCATENATED", "REKEYED", "QuixStreams", "rekeyed_topic"]

REKEYED: Final = "rekeyed"
"""Each raw topic is screened into one topic by subject, and that is counted."""
CONCATENATED: Final = "concatenated"
"""`concat` and `group_by`: the raw topics are read in step with each other, by time, which this job does not need."""
_NAMES: Final = {REKEYED: "quix-streams", CONCATENATED: "quix-streams-concat"}
_DESCRIPTIONS: Final = {
    REKEYED: "each topic screened into one keyed by subject, stateful apply (RocksDB, changelog), results to a topic",
    CONCATENATED: "the same by concat and group_by, which align both topics by time",
}


class QuixStreams:
    """An application with default settings. Without a `share` it reads all events and counts all that officials do."""

    does_the_job = True

    def __init__(self, form: str, share: int | None = None, seconds: float = 0.0) -> None:
        self._form = form
        self.name = _NAMES[form]
        self.description = f"Quix Streams: {_DESCRIPTIONS[form]}"
        self.share = share
        self.seconds = seconds

    def prepare(self, workload: Workload, trial: str) -> None:
        """The topics for its results and for what it re-keys; its own kinds of topics it makes itself."""
        require_package("quixstreams")
        prepare_results(workload, trial)
        if self._form == REKEYED:
            asyncio.run(create_plain_topics(workload.settings, rekeyed_topic(trial)))

    def start(self, workload: Workload, trial: str, log: IO[bytes]) -> RunningImplementation:
        """An application of a group of its own; when it reads everything it is finished with its last result."""
        program = start_program("bench.implementations.quix_streams_program", workload, trial, log, variant=self._form)
        if self.share is not None:
            return program
        acknowledged = SharedCounter(Path(job_for(workload, trial).acknowledged))
        due = len(workload.tally.amplified)

        def progress() -> Progress:
            return Progress(program.progress().events, is_finished=acknowledged.value >= due)

        return RunningImplementation(process=program.process, progress=progress)

    def complaints(self, workload: Workload, trial: str, progress: Progress) -> list[str]:
        """What it wrote must be right for as much as it has committed, but for what it left between its two stages."""
        under_way = asyncio.run(_under_way(workload.settings, group_of(workload, trial)))
        wrong = result_complaints(workload, trial, under_way=under_way)
        if self.share is None:
            done = asyncio.run(committed(workload.settings, group_of(workload, trial), workload.tally.ends))
            if done != workload.tally.ends or under_way:
                wrong.append(
                    f"committed {sum(done.values())} events instead of {workload.tally.events}, "
                    f"and left {len(under_way)} amplifications between its stages"
                )
        return wrong


def rekeyed_topic(group: str) -> str:
    """The topic between the stages; Quix Streams names its own `repartition__GROUP--...`."""
    return f"{group}-by-subject"


async def _under_way(settings: Settings, group: str) -> Collection[str]:
    """The events in the topic between the stages that the group has not committed."""
    client = AIOKafkaConsumer(**client_options(settings), group_id=group, enable_auto_commit=False)
    await client.start()
    try:
        names = [name for name in await client.topics() if _is_between(name, group)]
        assert names, "there is no topic between the stages"
        tps = [TopicPartition(name, partition) for name in names for partition in range(PARTITIONS)]
        client.assign(tps)
        for tp in tps:
            client.seek(tp, await client.committed(tp) or 0)
        ends = await client.end_offsets(tps)
        decode = json.Decoder(_Rekeyed).decode
        found: set[str] = set()
        while [tp for tp in tps if await client.position(tp) < ends[tp]]:
            for records in (await client.getmany(timeout_ms=300)).values():
                found.update(decode(record.value).event for record in records)
        return found
    finally:
        await client.stop()


def _is_between(name: str, group: str) -> bool:
    return name == rekeyed_topic(group) or name.startswith(f"repartition__{group}--")


class _Rekeyed(Struct):
    event: str
