"""Handing over: what a fetch brought, as aiokafka's parser makes it and a batch at a time.

aiokafka wraps each record in a `ConsumerRecord`, and goes through three steps of Python for it: together as much as
parsing it. Which batches count, after transactions and their ends, stays aiokafka's.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import chain, dropwhile, islice
from typing import Any

from aiokafka.consumer.fetcher import FetchResult

__all__ = ["hand_over_as_parsed"]


def hand_over_as_parsed(fetcher: Any) -> None:
    """Make an aiokafka fetcher hand over the records that its parser makes, for a topic and a partition that the caller
    knows. For readers that ask for many at once.
    """
    fetch = fetcher._proc_fetch_request

    async def fetch_unwrapped(*request: Any) -> Any:
        has_news = await fetch(*request)
        for result in fetcher._records.values():
            if isinstance(result, FetchResult) and result.has_more() and "getall" not in vars(result):
                result.getall = _Handing(result).take
        return has_news

    fetcher._proc_fetch_request = fetch_unwrapped


class _Handing:
    """What is left of one fetch of one partition."""

    def __init__(self, result: Any) -> None:
        self._result = result
        self._rest: Iterator[Any] | None = None

    def take(self, max_records: int | None = None) -> list[Any]:
        """As aiokafka's `FetchResult.getall`."""
        result = self._result
        if not result.check_assignment(result._topic_partition) or not result.has_more():
            return []
        fetched = result._partition_records
        if self._rest is None:  # nobody has begun to read
            fetched._records = _WholeBatches(fetched._records)
            fetched._consumer_record = lambda _tp, batch: batch.records_from(fetched.next_fetch_offset)
            self._rest = iter(())
        most = sys.maxsize if max_records is None else max_records
        taken: list[Any] = []
        while True:
            taken += islice(self._rest, most - len(taken))
            if len(taken) == most:
                fetched.next_fetch_offset = taken[-1].offset + 1
                result._update_position()
                return taken
            following = next(fetched, None)
            if following is None:
                result._update_position()
                result._partition_records = None
                return taken
            self._rest = following


class _WholeBatches:
    """Fetched batches, each of which aiokafka takes for a batch of one record: itself."""

    def __init__(self, batches: Any) -> None:
        self._batches = batches
        self.has_next = batches.has_next

    def next_batch(self) -> Any:
        batch = self._batches.next_batch()
        return batch if batch.is_control_batch else _WholeBatch(batch)


class _WholeBatch:
    __slots__ = ("_batch", "offset")

    def __init__(self, batch: Any) -> None:
        self._batch = batch
        self.offset = batch.next_offset - 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator["_WholeBatch"]:
        yield self

    def records_from(self, offset: int) -> Iterator[Any]:
        """A fetch from the middle of a batch brings all of it."""
        records: Iterable[Any] = self._batch
        if self._batch.base_offset < offset:
            records = dropwhile(lambda record: record.offset < offset, records)
        return chain(records)  # aiokafka's batch refuses to be asked again where it was left
