"""Partition tasks: one for each partition, side by side, since most of a transaction is waiting for the broker. Within
one batches keep their order.

Owns who holds which partition and what happens when somebody else takes it. What is held, and what is done with a
batch, comes in.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from itertools import groupby
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from aiokafka.errors import ProducerFenced
from msgspec.structs import replace

from streams.faust_driver.batches import Batch
from streams.kafka.reading import read_partition
from streams.kafka.retrying import AWAY
from streams.metrics import Metrics
from streams.partitions.batcher import Batcher
from streams.partitions.transactional_writer import StateInDoubtError
from streams.settings import Settings

__all__ = ["HoldBack", "PartitionState", "PartitionTasks"]

_log: Final = logging.getLogger(__name__)
# Two workers that both believe they own a partition would shut each other out by turns until the group tells one of
# them otherwise. It does so with the answer to the next heartbeat, of which there are four a session: whoever was shut
# out waits for that before it opens the state again, and gives up only after several sessions without an answer.
_HEARTBEATS: Final = 4
_RETRY_SESSIONS: Final = 5.0
_LOOK_SECONDS: Final = 0.05
_AWAY_SECONDS: Final = 0.5
# A transaction costs as much as fifty amplifications, whatever is in it, and the broker writes a dozen records for it.
# So a partition task makes one at once after a quiet time, and then at most one in this time unless enough has come
# together.
_PAUSE_SECONDS: Final = 0.2
_ENOUGH_RECORDS: Final = 1_000
_MOST_RECORDS: Final = 4_000


HoldBack: TypeAlias = Callable[[str, int, bool], object]
"""To be told by topic (full name) and partition whether nothing more of it is wanted for now."""


class PartitionState(Protocol):
    """What a partition task holds of its partition. Both raise `ProducerFenced` or aiokafka's errors."""

    @property
    def position(self) -> int:
        """The offset from which nothing is applied."""

    async def open(self) -> None:
        """Shut out earlier owners and get everything that was committed."""

    async def close(self) -> None:
        """Give it up."""


_PartitionState = TypeVar("_PartitionState", bound=PartitionState)


class PartitionTasks(Generic[_PartitionState]):
    """The partition tasks of one topic (plain name). `make` gives what is to be held of a partition, not yet opened;
    `apply` deals with a batch for good, and raises `ProducerFenced` when another worker has opened the same. `finish`
    is told each batch that is dealt with. `hold_back` is told by full topic and partition whether nothing more of it is
    wanted for now, because its partition task is full; the others go on. `pause_seconds` lie between two transactions
    of a partition, unless enough has come together.
    """

    def __init__(
        self,
        topic: str,
        settings: Settings,
        metrics: Metrics,
        *,
        make: Callable[[int], _PartitionState],
        apply: Callable[[_PartitionState, Batch], Awaitable[None]],
        finish: Callable[[Batch], object],
        generation: Callable[[], int],
        hold_back: HoldBack | None = None,
        pause_seconds: float = _PAUSE_SECONDS,
    ) -> None:
        self._topic = topic
        self._settings = settings
        self._session_seconds = settings.session_timeout_seconds
        self._metrics = metrics
        self._make = make
        self._apply = apply
        self._finish = finish
        self._generation = generation
        self._hold_back = hold_back
        self._pause_seconds = pause_seconds
        self._held: dict[int, _PartitionState] = {}
        self._partition_tasks: dict[int, Batcher[Batch | None]] = {}
        self._recovering: set[int] = set()
        self._behind: set[int] = set()  # opened, and not compared with the next batch yet

    def held(self) -> Iterable[_PartitionState]:
        """Everything that is held now."""
        return list(self._held.values())

    @property
    def recovering(self) -> frozenset[int]:
        """The partitions that are being opened, or waited for because another worker has shut this one out."""
        return frozenset(self._recovering)

    def finish_first(self, batch: Batch, count: int) -> None:
        """The first `count` records of a batch that `apply` is at are dealt with for good."""
        if batch.partition not in self._behind:  # else of what the group has committed already
            self._finish(replace(batch, records=batch.records[:count]))

    async def run(self, batches: AsyncIterator[Batch]) -> None:
        """Until the stream ends. Any error is fatal: what is not committed is read again by the next owner."""
        partition_tasks: list[asyncio.Task[None]] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                async for batch in batches:
                    self._metrics.batch_records.labels(self._topic).observe(len(batch.records))
                    self._metrics.last_record.labels(self._topic).set_to_current_time()
                    batcher = self._partition_tasks.get(batch.partition)
                    if batcher is None:
                        batcher = self._partition_tasks[batch.partition] = Batcher(
                            pause_seconds=self._pause_seconds, enough=_ENOUGH_RECORDS, full=_MOST_RECORDS
                        )
                        partition_tasks.append(tasks.create_task(self._run_partition(batch.partition, batcher)))
                    batcher.add(batch, len(batch.records))
                    if batcher.is_full and self._hold_back is not None:
                        self._hold_back(batch.topic, batch.partition, True)
                for task in partition_tasks:
                    task.cancel()
        finally:
            for partition in list(self._held):
                await self._close(partition)

    async def keep(self, partitions: set[int]) -> None:
        """Give up partitions that are no longer ours: what is held of them is somebody else's now."""
        for partition in self._partition_tasks.keys() - partitions:
            self._partition_tasks[partition].add(None, _ENOUGH_RECORDS)  # not after a pause

    async def _run_partition(self, partition: int, batcher: Batcher[Batch | None]) -> None:
        """A partition task outlives its partition's stay: one that comes back finds everything that was before in
        order.
        """
        while True:
            waiting = await batcher.take()
            for topic in {batch.topic for batch in waiting if batch is not None}:
                if self._hold_back is not None:
                    self._hold_back(topic, partition, False)
            for generation, batches in groupby(waiting, lambda batch: None if batch is None else batch.generation):
                together = [batch for batch in batches if batch is not None]
                if generation is None:
                    await self._close(partition)
                else:
                    try:
                        await self._deal_with(_joined(together))
                    finally:
                        self._note_recovered(partition, recovered=True)

    async def _deal_with(self, batch: Batch) -> None:
        shut_out_since: float | None = None
        lost_since: float | None = None
        while batch.generation == self._generation():  # else no longer ours, or read again from the committed offset
            try:
                try:
                    held = await self._open(batch.partition)
                except AWAY as error:
                    retry_seconds = self._settings.delivery_timeout_seconds
                    is_fenced = isinstance(error, ProducerFenced)
                    if is_fenced or lost_since is None or time.monotonic() - lost_since > retry_seconds:
                        raise
                    await self._close(batch.partition)  # the broker is not back yet
                    await asyncio.sleep(_AWAY_SECONDS)
                    continue
                if batch.partition in self._behind:
                    await self._catch_up(held, batch)
                    self._behind.discard(batch.partition)
                await self._apply(held, batch)
            except StateInDoubtError:
                _log.info(
                    "state in doubt: logs are compared", extra={"topic": self._topic, "partition": batch.partition}
                )
                lost_since = time.monotonic()
                self._note_recovered(batch.partition, recovered=False)
                await self._close(batch.partition)
                continue
            except ProducerFenced as error:
                _log.warning(
                    "partition taken over by another worker", extra={"topic": self._topic, "partition": batch.partition}
                )
                self._metrics.fenced.inc()
                self._note_recovered(batch.partition, recovered=False)
                await self._close(batch.partition)
                shut_out_since = shut_out_since or time.monotonic()
                retry_seconds = _RETRY_SESSIONS * self._session_seconds
                if time.monotonic() - shut_out_since > retry_seconds:
                    raise RuntimeError(
                        f"partition {batch.partition} of {self._topic} is taken away for {retry_seconds:.0f} s"
                    ) from error
                await self._wait_for_news(batch.generation)
                continue
            self._finish(batch)
            return

    async def _catch_up(self, held: _PartitionState, batch: Batch) -> None:
        """Apply what stands between the state that was just opened and the batch: the group's committed offset may be
        ahead of a changelog that was cut back.
        """
        until = batch.records[0].offset
        if held.position >= until:
            return
        _log.info("catching up", extra={"topic": self._topic, "partition": batch.partition, "position": held.position})
        reading = read_partition(self._settings, self._topic, batch.partition, held.position)
        async with aclosing(reading) as fetches:
            async for fetched in fetches:
                missed = [record for record in fetched if record.offset < until]
                for begin in range(0, len(missed), _MOST_RECORDS):
                    await self._apply(held, replace(batch, records=missed[begin : begin + _MOST_RECORDS]))
                if len(missed) < len(fetched):
                    return

    async def _wait_for_news(self, generation: int) -> None:
        """Until the group says that the partition is somebody else's, or a heartbeat has passed in which it did not."""
        until = time.monotonic() + self._session_seconds / _HEARTBEATS
        while generation == self._generation() and time.monotonic() < until:  # noqa: ASYNC110  # Faust's, sets no event
            await asyncio.sleep(_LOOK_SECONDS)

    async def _open(self, partition: int) -> _PartitionState:
        held = self._held.get(partition)
        if held is None:
            self._note_recovered(partition, recovered=False)
            held = self._held[partition] = self._make(partition)
            await held.open()
            self._behind.add(partition)
        self._note_recovered(partition, recovered=True)
        return held

    def _note_recovered(self, partition: int, *, recovered: bool) -> None:
        if recovered:
            self._recovering.discard(partition)
        else:
            self._recovering.add(partition)
        self._metrics.recovering.labels(self._topic).set(len(self._recovering))

    async def _close(self, partition: int) -> None:
        held = self._held.pop(partition, None)
        if held is not None:
            await held.close()


def _joined(batches: Sequence[Batch]) -> Batch:
    """Batches of one partition and generation as one, in which nothing stands twice: Faust may have read it again."""
    first, *others = batches
    records = list(first.records)
    for batch in others:
        read_up_to = records[-1].offset
        records += [record for record in batch.records if record.offset > read_up_to]
    return replace(first, records=records) if others else first
