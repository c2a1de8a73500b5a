"""Commits as Faust makes them, over a consumer of ours: what failed is not taken for done.

The broker is left out: a commit that a rebalance overtakes cannot be had from a real one on demand. The chaos has them.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from faust.types import TP

from streams.faust_driver.transport import BatchConsumer, BatchTransport, DisklessApp

_POSTS = TP("posts", 0)


class _Group:
    """A consumer that is assigned one partition, and what the broker has been told, while it answers as it should."""

    def __init__(self, overtaken: int) -> None:
        app = DisklessApp("group", broker="kafka://127.0.0.1:1", store="memory://")
        transport = BatchTransport(app.conf.broker, app, app.loop)
        self.consumer: Any = transport.create_consumer(
            callback=self._flush, on_partitions_revoked=self._flush, on_partitions_assigned=self._flush
        )
        self.progress = self.consumer.progress
        self.consumer.assignment = lambda: {_POSTS}
        self.consumer._commit = self._commit
        app.producer.flush = self._flush
        self.committed: list[dict[TP, int]] = []
        self.generation = 0
        self._overtaken = overtaken
        self.rebalance()

    def rebalance(self) -> None:
        """The partition stays where it is, and all of it is read again."""
        self.generation += 1
        self.progress.begin(self.generation)
        self.progress.finish("posts", 0, self.generation, 10)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        if self._overtaken:
            self._overtaken -= 1
            self.rebalance()
            return False
        self.committed.append(dict(offsets))
        return True

    async def _flush(self, *_: object) -> None:
        """There is nothing to flush, or to call back."""


def test_a_commit_that_a_rebalance_overtook_is_made_again_though_nothing_more_is_finished() -> None:
    """Faust notes it as committed. What the partition ends with was then never committed, and its lag stayed."""

    async def check() -> None:
        group = _Group(overtaken=2)
        assert [await group.consumer.force_commit() for _ in range(4)] == [False, False, True, False]
        assert group.committed == [{_POSTS: 10}]

    asyncio.run(check())


def test_what_was_committed_before_a_rebalance_is_committed_again_where_it_was_read_again() -> None:
    """It may have gone back to what another member committed meanwhile."""

    async def check() -> None:
        group = _Group(overtaken=0)
        assert await group.consumer.force_commit()
        assert not await group.consumer.force_commit()
        group.rebalance()
        assert await group.consumer.force_commit()
        assert group.committed == [{_POSTS: 10}, {_POSTS: 10}]

    asyncio.run(check())


def test_a_partition_without_a_position_ends_no_worker() -> None:
    """Stock Faust asks every assigned partition for its position, and fails in the middle of a rebalance."""
    consumer = BatchConsumer.__new__(BatchConsumer)
    asyncio.run(consumer.verify_all_partitions_active())
