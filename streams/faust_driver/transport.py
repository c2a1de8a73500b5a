"""The Faust driver: `Consumer` hands each fetched partition to the agents as one message, `Transport` names it.

Stock Faust makes two asyncio tasks, crosses locks and yields to the loop for every record; here that price is paid once
a fetch. Groups, rebalancing, flow control and the agents' streams stay Faust's.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, ClassVar, Final, Protocol, TypeAlias

import faust
from aiokafka.errors import CommitFailedError
from faust.serializers.schemas import Schema
from faust.transport.drivers import aiokafka as stock
from faust.types import TP, ConsumerMessage
from mode import Service

from streams.faust_driver.batches import Batch
from streams.faust_driver.checksums import check_quickly
from streams.faust_driver.connections import Disconnects, count_disconnects
from streams.faust_driver.handing_over import hand_over_as_parsed
from streams.faust_driver.large_frames import receive_large_frames
from streams.faust_driver.progress import Progress
from streams.faust_driver.unpacking import unfold_within

__all__ = ["BatchConsumer", "BatchSchema", "BatchTransport", "DisklessApp", "left_in_log", "seek_back"]

_log: Final = logging.getLogger(__name__)
_MEMBERSHIP_LOOK_SECONDS: Final = 1.0


Resume: TypeAlias = Callable[
    [Mapping[tuple[str, int], tuple[int, str]]], Awaitable[Mapping[tuple[str, int], int]]
]  # committed offsets and notes in, other offsets to read from out


class Logs(Protocol):
    """Who knows whether a log is still the one that was read."""

    async def resume(self, committed: Mapping[tuple[str, int], tuple[int, str]]) -> Mapping[tuple[str, int], int]:
        """From where to read partitions that are not to be read from their committed offset; 0 is the beginning."""

    async def compare(self, last: Mapping[tuple[str, int], Any]) -> None:
        """Raise where a log does not have the record that was last read of it."""


class DisklessApp(faust.App):  # type: ignore[misc]  # faust ships no types
    """Keeps nothing in files: a full or read-only disk is no reason not to start."""

    def _create_directories(self) -> None:
        """Stock makes the directories of tables. There are none."""


class BatchSchema(Schema):  # type: ignore[misc]  # faust ships no types
    """Hands the batch to the agent as it is: records are decoded by whoever knows what they are."""

    def loads_key(self, app: Any, message: Any, **_options: Any) -> None:
        """A batch has no key."""

    def loads_value(self, app: Any, message: Any, **_options: Any) -> Any:
        """The `Batch`."""
        return message.value


class BatchConsumerThread(stock.AIOKafkaConsumerThread):  # type: ignore[misc]  # faust ships no types
    """Reads only what was committed: a raw event of an aborted transaction never happened."""

    disconnects: Disconnects | None = None

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        self.disconnects = count_disconnects(consumer._client)
        receive_large_frames(consumer._client)
        consumer._isolation_level = "read_committed"
        return consumer

    async def on_start(self) -> None:
        """Start the consumer, and keep it from wrapping every record in another object."""
        await super().on_start()
        if self._consumer is not None:
            commit_with_notes(self._consumer, self.consumer.progress.note)
            hand_over_as_parsed(self._consumer._fetcher)
            check_quickly(self._consumer._client, self._consumer._fetcher)
            unfold_within(self._consumer._client, self._consumer._fetcher, self.transport.unpacked_max_bytes)

    def look_again(self) -> None:
        """Make a fetch that waits for news look at what is there already: more partitions are wanted now."""
        if self._consumer is not None:
            self.thread_loop.call_soon_threadsafe(_end_waits, self._consumer._fetcher)

    async def seek_to_committed(self) -> Any:
        """Go back to what is committed; Faust drops what came in the middle of a rebalance, and asks for this then."""
        logs: Logs | None = self.consumer.transport.logs
        return await self.call_thread(seek_back, self._ensure_consumer(), None if logs is None else logs.resume)

    @Service.task  # type: ignore[untyped-decorator]  # mode's
    async def _watch_membership(self) -> None:
        """Fail when the group refuses this member for good. Faust asks only for what it was assigned, and so would wait
        for ever for its first assignment."""
        while not self.should_stop:
            await self.sleep(_MEMBERSHIP_LOOK_SECONDS)
            if self._consumer is not None and not self.should_stop:
                self._consumer._coordinator.check_errors()

    def on_crash(self, msg: str, *fmt: Any, **_kwargs: Any) -> None:
        """Stock prints to standard error. What crashed is logged by `crash` and ends the worker."""
        _log.debug(msg.format(*fmt))


async def seek_back(consumer: Any, resume: Resume | None = None) -> Any:
    """Move an aiokafka consumer in each of its partitions to what its group has committed, or to the first record.

    aiokafka's own `seek_to_committed` leaves a partition of which nothing is committed yet where it is: what was read
    of it in the middle of a rebalance, and dropped, would never be read again. `resume` may name other offsets to read
    from. Returns the offsets.
    """
    committed = await consumer.seek_to_committed()
    assigned = consumer.assignment()
    if resume is not None and assigned:
        kept = await consumer._coordinator.fetch_committed_offsets(list(assigned))
        begin = await resume(
            {(tp.topic, tp.partition): (each.offset, each.metadata or "") for tp, each in kept.items()}
        )
        for tp in consumer.assignment() & assigned:
            offset = begin.get((tp.topic, tp.partition))
            if offset is not None:
                committed[tp] = offset
                if offset:
                    consumer.seek(tp, offset)
        if begin:  # so that whoever looks at the group sees what is to be read again
            with suppress(CommitFailedError):  # in the next generation, then
                await consumer.commit({tp: (begin[tuple(tp)], "") for tp in assigned if tuple(tp) in begin})
    untouched = [tp for tp, offset in committed.items() if not offset and tp in assigned]
    if untouched:
        await consumer.seek_to_beginning(*untouched)
    return committed


def left_in_log(consumer: Any, tp: TP, next_offset: int) -> int:
    """How many offsets a partition has from this one on, by the last answer to a fetch; 0 for one not assigned."""
    subscription = None if consumer is None else consumer._subscription.subscription
    assignment = None if subscription is None else subscription.assignment
    state = None if assignment is None or tp not in assignment.tps else assignment.state_value(tp)
    return 0 if state is None else max(0, (state.highwater or 0) - next_offset)


def _end_waits(fetcher: Any) -> None:
    for waiter in list(fetcher._fetch_waiters):
        fetcher._notify(waiter)


def commit_with_notes(consumer: Any, note: Callable[[str, int, int], str]) -> None:
    """Make an aiokafka consumer commit a text with each offset."""
    commit = consumer.commit

    async def commit_noted(offsets: Mapping[Any, tuple[int, str]]) -> None:
        await commit({tp: (offset, note(tp.topic, tp.partition, offset)) for tp, (offset, _none) in offsets.items()})

    consumer.commit = commit_noted


class BatchConsumer(stock.Consumer):  # type: ignore[misc]  # faust ships no types
    """One message a fetch and partition; commits what `progress` says is finished, whatever Faust acknowledged."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.progress = Progress()
        self._last: dict[tuple[str, int], Any] = {}  # the last record given of each partition
        self._disconnects = 0
        self._held_back: set[TP] = set()
        self._wanted = asyncio.Event()

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109  # stock's
        """Fetch, and yield each partition's records as one message whose offset is that of the last record."""
        fetched, active = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        if fetched is None or self.should_stop:
            return
        await self._compare_logs()
        if not self.flow_active:
            await self._seek_back()
            return
        for tp, records in fetched.items():
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return  # a rebalance began: the rest is read again from the committed offset
            if records and (active is None or tp in active or tp in self._buffered_partitions):
                self._last[tp.topic, tp.partition] = records[-1]
                self.progress.give(tp.topic, tp.partition, generation, records[0].offset, records[-1].offset + 1)
                yield tp, self._message(tp, generation, records)

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109  # stock's
        """Stock sleeps for a second where every partition is held back, also when one is wanted again."""
        if self.flow_active and self._held_back and not self._get_active_partitions():
            self._wanted.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), timeout)
            return {}, set()
        return await super()._wait_next_records(timeout)

    def hold_back(self, topic: str, partition: int) -> None:
        """Fetch nothing more of a partition until `let_go`, or a rebalance. What is fetched already still comes."""
        self._held_back.add(TP(topic, partition))
        self.on_buffer_full(TP(topic, partition))

    def let_go(self, topic: str, partition: int) -> None:
        """Fetch a partition again."""
        tp = TP(topic, partition)
        if tp in self._held_back:
            self._held_back.discard(tp)
            self.on_buffer_drop(tp)
            self._wanted.set()
            self._thread.look_again()

    def on_buffer_drop(self, tp: TP) -> None:
        """Faust's own queue has room again, in which all partitions of a topic wait."""
        if tp not in self._held_back:
            super().on_buffer_drop(tp)

    async def _compare_logs(self) -> None:
        """After a connection broke: a broker that lost records had to end first, and what was just fetched may come
        from a log that was cut back and has grown again."""
        logs: Logs | None = self.transport.logs
        disconnects = self._thread.disconnects.count if self._thread.disconnects is not None else 0
        if logs is None or disconnects == self._disconnects:
            return
        await logs.compare(dict(self._last))
        self._disconnects = disconnects

    def _message(self, tp: TP, generation: int, records: list[Any]) -> ConsumerMessage:
        last = records[-1]
        batch = Batch(
            tp.topic, tp.partition, generation, records, left_in_log(self._thread._consumer, tp, last.offset + 1)
        )
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1_000,
            last.timestamp_type,
            None,
            None,
            batch,
            None,
            None,
            None,
            tp,
            generation_id=generation,
        )

    async def verify_all_partitions_active(self) -> None:
        """Stock looks for partitions that stand still, and fails where one has no position yet, as in the middle of a
        rebalance. `streams.probes.watchdog` looks instead.
        """

    def standing(self) -> dict[tuple[str, int], int]:
        """Of each assigned partition the offset from which nothing is dealt with, as far as that is known.

        With everything dealt with that is where the next fetch begins: behind what transactions leave in the log, which
        no agent ever sees.
        """
        inner = self._thread._consumer
        subscription = None if inner is None else inner._subscription.subscription
        assignment = None if subscription is None else subscription.assignment
        standing: dict[tuple[str, int], int] = {}
        if assignment is None:
            return standing
        for tp in assignment.tps:
            state = assignment.state_value(tp)
            # Read once: the consumer's thread may forget it at any moment.
            done = self.progress.unfinished(tp.topic, tp.partition)
            position = None if state is None else state._position
            if position is not None:
                standing[tp.topic, tp.partition] = position if done is None else done
        return standing

    async def _seek_back(self) -> None:
        try:
            await self.perform_seek()
        except Exception as error:  # noqa: BLE001  # as stock does: the rebalance under way seeks again
            _log.warning("seek after a stopped flow failed", extra={"error": repr(error)})

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Commit what is finished (Faust does, from the callback below), then forget the partitions."""
        await super().on_partitions_revoked(revoked)
        self.progress.forget((tp.topic, tp.partition) for tp in revoked)
        for tp in revoked:
            self._last.pop((tp.topic, tp.partition), None)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """From here on only batches of the new generation count."""
        self.progress.begin(generation_id)
        self._held_back.clear()  # stock asks for all of them again
        self._wanted.set()
        await super().on_partitions_assigned(assigned, generation_id)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterable[TP]:
        pending = [TP(topic, partition) for topic, partition in self.progress.partitions()]
        return [tp for tp in pending if topics is None or tp in topics or tp.topic in topics]

    def _new_offset(self, tp: TP) -> int | None:
        return self.progress.take(tp.topic, tp.partition)

    def _should_commit(self, _tp: TP, _offset: int) -> bool:
        """`progress` has decided it. Stock asks what it has committed, and notes commits there that failed: one that a
        rebalance overtook was never made good where nothing came after it, and the group stood still for ever.
        """
        return True

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        generation = self.progress.generation
        did_commit = bool(await super()._commit_offsets(offsets, start_new_transaction))
        if did_commit:
            self.progress.commit(generation, {(tp.topic, tp.partition): offset for tp, offset in offsets.items()})
        return did_commit

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Batches leave gaps by nature; Faust would expand each into a list of offsets."""


class BatchTransport(stock.Transport):  # type: ignore[misc]  # faust ships no types
    """The driver to set as `app.transport`."""

    logs: Logs | None = None

    Consumer: ClassVar[type[Any]] = BatchConsumer
    unpacked_max_bytes: int
    """What a fetched batch may unpack to; to be set before the app starts."""

    driver_version = f"antiphon on {stock.Transport.driver_version}"
