"""Partition tasks: within one partition batches keep their order, and no partition waits for another."""

import asyncio

from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from streams.faust_driver.batches import Batch
from streams.metrics import Metrics
from streams.partitions.tasks import PartitionTasks
from streams.settings import Settings
from tests.agents.records import Finished, batch_of

_TOPIC = "subject-events"
_RECORDS = 4_000  # as many as fill a partition task


class _PartitionState:
    """A partition of which nothing has to be opened."""

    position = 0

    def __init__(self, partition: int) -> None:
        self.partition = partition

    async def open(self) -> None:
        """It is open."""

    async def close(self) -> None:
        """There is nothing to close."""


class _Source:
    """A consumer of two partitions that can be told to hold one back, as Faust's can; `given` counts by partition."""

    def __init__(self, counts: dict[int, int]) -> None:
        self.left = dict(counts)
        self.given = dict.fromkeys(counts, 0)
        self.held_back: set[int] = set()
        self._news = asyncio.Event()

    def hold_back(self, topic: str, partition: int, is_full: bool) -> None:
        assert topic == f"somewhere-{_TOPIC}"
        (self.held_back.add if is_full else self.held_back.discard)(partition)
        self._news.set()

    def __aiter__(self) -> "_Source":
        return self

    async def __anext__(self) -> Batch:
        while any(self.left.values()):
            for partition in sorted(self.left, key=lambda each: self.given[each]):
                if self.left[partition] and partition not in self.held_back:
                    self.left[partition] -= 1
                    number = self.given[partition]
                    self.given[partition] += 1
                    batch = batch_of(f"somewhere-{_TOPIC}", [b""] * _RECORDS, first=number * _RECORDS)
                    return replace(batch, partition=partition)
            self._news.clear()
            await self._news.wait()
        await asyncio.Event().wait()
        raise StopAsyncIteration


def _partition_tasks(
    source: _Source, finished: Finished, stuck: dict[int, asyncio.Event]
) -> PartitionTasks[_PartitionState]:
    async def apply(held: _PartitionState, _batch: Batch) -> None:
        if held.partition in stuck:
            await stuck[held.partition].wait()

    return PartitionTasks(
        _TOPIC,
        Settings(),
        Metrics(CollectorRegistry()),
        make=_PartitionState,
        apply=apply,
        finish=finished,
        generation=lambda: 1,
        hold_back=source.hold_back,
    )


def test_a_full_partition_task_keeps_no_other_partition_waiting_and_takes_no_more_than_it_holds() -> None:
    """Partition 0 stands still with far more to come; all of partition 1 is dealt with meanwhile, then all of 0."""

    async def check() -> None:
        finished, source, stuck = Finished(), _Source({0: 50, 1: 50}), {0: asyncio.Event()}
        running = asyncio.ensure_future(_partition_tasks(source, finished, stuck).run(source))
        records = {0: 0, 1: 0}

        async def wait_for(partition: int) -> None:
            seen = 0
            while records[partition] < 50 * _RECORDS:
                await finished.wait_for(seen + 1)
                for batch in finished.batches[seen:]:
                    records[batch.partition] += len(batch.records)
                seen = len(finished.batches)

        await wait_for(1)
        assert records[0] == 0
        assert source.given[0] == 2  # one that it is at, one that waits
        stuck.pop(0).set()
        records.update({0: 0, 1: 0})
        await wait_for(0)
        for partition in (0, 1):
            offsets = [
                record.offset for each in finished.batches if each.partition == partition for record in each.records
            ]
            assert offsets == list(range(50 * _RECORDS))
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(check())
