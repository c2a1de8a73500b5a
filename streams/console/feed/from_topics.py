"""Fills a store from the topics of a broker and follows them without end: in no group, only what is committed.

Where the topics are others than those that a store was filled from, another is built beside it and takes its place;
pages are answered from the old one meanwhile. Nothing is ever written to the broker.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from streams.console.feed.logs import kept_marks, other_log, with_mark
from streams.console.store.building import StoreBuilding, remove_database
from streams.console.store.connections import current_of, database_path
from streams.console.store.feed_status import Building, FeedStatus, write_feed_status
from streams.console.store.writing import TAKEN, PartitionPart, StoreWriter
from streams.errors import AntiphonError
from streams.kafka.administration import topic_states
from streams.kafka.client import consumer, start_client
from streams.kafka.failures import broker_errors
from streams.kafka.log_marks import LogPlace, Mark
from streams.kafka.reading import missing_topic
from streams.settings import Settings
from streams.topic import TOMBSTONE_MS
from streams.topic_names import ALERTS

__all__ = ["TopicFeed"]

_log: Final = logging.getLogger(__name__)
_TopicPartitions: TypeAlias = dict[TopicPartition, LogPlace]
_Marks: TypeAlias = dict[TopicPartition, list[Mark]]

_CLIENT: Final = "antiphon-console"  # the client's id: a quota of the broker can bind it
_FETCH_BYTES: Final = 8_388_608  # of one answer of a broker, and so of what is in memory
_PARTITION_BYTES: Final = 2_097_152
_UNPACKED_BYTES: Final = 16_777_216  # a batch of evidence, whatever agents are told to refuse
_MOST_RECORDS: Final = 10_000  # a transaction
_FETCH_MS: Final = 300  # an alert is on a page within two seconds
_STATUS_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 5.0  # where the topics end
_CHECK_SECONDS: Final = 60.0  # whether they are still the same
_AGAIN_SECONDS: Final = 0.5
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 30.0


class _TopicsChangedError(Exception):
    """Something about the topics has changed: the session has to start again."""


class TopicFeed:
    """`run` fills and follows until `stop` is called. One feed at a time may have a store."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        unpacked = max(settings.unpacked_max_bytes, _UNPACKED_BYTES)
        self._settings = msgspec.structs.replace(settings, app_id=_CLIENT, unpacked_max_bytes=unpacked)
        self._folder = folder
        self._stopping = asyncio.Event()
        self._origin = f"topics {settings.topic_prefix}*" if settings.topic_prefix else "topics"
        self._status = FeedStatus(origin=f"{self._origin} at {settings.broker}")
        self._written_at = 0.0

    def stop(self) -> None:
        """End after what is under way."""
        self._stopping.set()

    async def run(self) -> None:
        """Never raises for a broker or a disk that is not there: it says so in its status, and tries again."""
        pause = _FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                with broker_errors(self._settings):
                    await self._session()
            except _TopicsChangedError as change:
                _log.info("console feed restarted: %s", change)
                await self._wait(_AGAIN_SECONDS)
                continue
            except AntiphonError as error:
                problem = f"{error.message}. {error.remedy}"
            except sqlite3.Error as error:
                problem = f"the store cannot be written: {error}. Make room, or name another --store"
                if not isinstance(error, sqlite3.OperationalError):
                    self._throw_away()
            else:
                continue
            _log.warning("console feed: %s", problem)
            self._tell(problem=problem, building=None)
            pause = _FIRST_PAUSE_SECONDS if time.monotonic() - began > _CHECK_SECONDS else pause
            await self._wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _session(self) -> None:
        """Until something changes, or the end."""
        partitions = await self._partitions()
        writer, why = await self._writer(partitions)
        if writer is None:
            writer = await self._build(partitions, why)
            if writer is None:
                return
        try:
            async with _Reading(self._settings, partitions, writer) as reading:
                await self._follow(reading, partitions)
        finally:
            writer.close()

    async def _partitions(self) -> dict[str, int]:
        counts = {state.topic.name: state.partitions for state in await topic_states(self._settings)}
        if not counts.get("alerts"):
            raise missing_topic(self._settings, ALERTS)
        return {topic: counts[topic] for topic in TAKEN if counts[topic]}

    async def _writer(self, partitions: Mapping[str, int]) -> tuple[StoreWriter | None, str]:
        """The store that is there, if it is one of these topics; else why not."""
        current = current_of(self._folder)
        if current is None:
            return None, "there is no store yet"
        writer = StoreWriter.open(database_path(self._folder, current.generation))
        try:
            about = writer.about()
            why = ""
            if (about.get("kind"), about.get("origin")) != ("topics", self._origin):
                why = f"the store is of {about.get('origin')}"
            elif _now_ms() - int(about.get("checked_ms", 0)) > TOMBSTONE_MS:
                why = "nothing was read for so long that deletions may have been missed"
            else:
                why = await other_log(self._settings, writer.places(), partitions)
        except BaseException:
            writer.close()
            raise
        if not why:
            return writer, ""
        writer.close()
        return None, why

    async def _build(self, partitions: Mapping[str, int], why: str) -> StoreWriter | None:
        """Another store, beside the one in use; `None` where the end came before it was whole."""
        _log.info("console store is built: %s", why)
        with StoreBuilding(self._folder, kind="topics", origin=self._origin) as building:
            async with _Reading(self._settings, partitions, building.writer) as reading:
                of, began_ms = reading.behind(), building.began_ms
                while (behind := reading.behind()) or not reading.looked:
                    if self._stopping.is_set():
                        return None
                    progress = Building(read=max(0, of - behind), of=of, began_ms=began_ms, why=why)
                    self._tell(problem="", building=progress, ends=reading.ends_by_topic())
                    await reading.take()
            await asyncio.to_thread(building.put_in_place)
            building.writer.say_checked(began_ms)
        self._tell(problem="", building=None)
        return building.writer

    async def _follow(self, reading: "_Reading", partitions: Mapping[str, int]) -> None:
        looked = checked = time.monotonic()
        while not self._stopping.is_set():
            await reading.take()
            now = time.monotonic()
            if now - looked >= _LOOK_SECONDS:
                looked = now
                await reading.look()
            if now - checked >= _CHECK_SECONDS:
                checked = now
                await self._check(reading, partitions)
            self._tell(problem="", building=None, ends=reading.ends_by_topic())

    async def _check(self, reading: "_Reading", partitions: Mapping[str, int]) -> None:
        if await self._partitions() != partitions:
            raise _TopicsChangedError("the topics have other partitions than before")
        if why := await other_log(self._settings, reading.writer.places(), partitions):
            raise _TopicsChangedError(why)
        if not reading.behind():
            await asyncio.to_thread(reading.writer.say_checked, _now_ms())

    def _throw_away(self) -> None:
        """A file that is broken is of no use: it is only a cache."""
        current = current_of(self._folder)
        if current is not None:
            remove_database(self._folder, current.generation)

    def _tell(self, *, problem: str, building: Building | None, ends: Mapping[str, int] | None = None) -> None:
        changed = (problem, building is None) != (self._status.problem, self._status.building is None)
        if not changed and time.monotonic() - self._written_at < _STATUS_SECONDS:
            return
        self._written_at = time.monotonic()
        kept = self._status.ends if ends is None else dict(ends)
        self._status = msgspec.structs.replace(
            self._status, at_ms=_now_ms(), problem=problem, building=building, ends=kept
        )
        write_feed_status(self._folder, self._status)


class _Reading:
    """A consumer of all topics that goes on from where a store is, and writes to it what it fetches."""

    def __init__(self, settings: Settings, partitions: Mapping[str, int], writer: StoreWriter) -> None:
        self.writer = writer
        self.looked = False
        self._prefix = settings.topic_prefix
        self._tps: _TopicPartitions = {
            TopicPartition(settings.topic(topic), number): (topic, number)
            for topic, count in partitions.items()
            for number in range(count)
        }
        self._client: AIOKafkaConsumer = consumer(
            settings,
            auto_offset_reset="none",
            fetch_max_bytes=_FETCH_BYTES,
            max_partition_fetch_bytes=_PARTITION_BYTES,
            fetch_max_wait_ms=_FETCH_MS,
        )
        self._positions: dict[TopicPartition, int] = {}
        self._starts: dict[TopicPartition, int] = {}
        self._written_starts: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._marks: _Marks = {}
        self._from_beginning: set[TopicPartition] = set()

    async def __aenter__(self) -> "_Reading":
        try:
            await start_client(self._client)
            self._client.assign(list(self._tps))
            await self.look()
            places = self.writer.places()
            for tp, place in self._tps.items():
                # The roster in force follows from the whole of its topic, which is small.
                known = 0 if place[0] == "officials" else places.get(place, (0, b""))[0]
                self._positions[tp] = max(known, self._starts[tp])
                self._client.seek(tp, self._positions[tp])
                if place[0] == "officials":
                    self._from_beginning.add(tp)
        except BaseException:
            await self._client.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.stop()

    async def look(self) -> None:
        """See where the topics begin and end now."""
        self._starts = await self._client.beginning_offsets(list(self._tps))
        self._ends = await self._client.end_offsets(list(self._tps))

    def behind(self) -> int:
        """Offsets that were there at the last look and are still to be read."""
        return sum(max(0, self._ends[tp] - position) for tp, position in self._positions.items())

    def ends_by_topic(self) -> dict[str, int]:
        """Where each topic ended at the last look, or was read to since, over its partitions."""
        found: dict[str, int] = {}
        for tp, (topic, _number) in self._tps.items():
            found[topic] = found.get(topic, 0) + max(self._ends[tp], self._positions[tp])
        return found

    async def take(self) -> None:
        """Write what one fetch brings."""
        try:
            fetched: dict[TopicPartition, list[Any]] = await self._client.getmany(
                timeout_ms=_FETCH_MS, max_records=_MOST_RECORDS
            )
        except OffsetOutOfRangeError as error:
            raise _TopicsChangedError(f"the topics do not have what was to be read: {error}") from error
        parts = [part for tp in self._tps if (part := await self._part(tp, fetched.get(tp, ()))) is not None]
        if parts:
            await asyncio.to_thread(self.writer.take, parts)
        self.looked = True

    async def _part(self, tp: TopicPartition, records: Sequence[Any]) -> PartitionPart | None:
        # Also without records: behind them stand the marks of transactions.
        position = records[-1].offset + 1 if records else await self._client.position(tp)
        first = self._starts[tp] if self._starts[tp] != self._written_starts.get(tp) else 0
        if position == self._positions[tp] and not first:
            return None
        self._positions[tp], self._written_starts[tp] = position, self._starts[tp]
        marks = b""
        if records:
            self._marks[tp] = with_mark(self._marks.get(tp, ()), records[-1])
            marks = kept_marks(self._marks[tp])
        topic, partition = self._tps[tp]
        from_beginning = tp in self._from_beginning and bool(records)
        if from_beginning:
            self._from_beginning.discard(tp)
        return PartitionPart(
            topic=topic,
            partition=partition,
            records=records,
            next=position,
            first=first,
            marks=marks,
            from_beginning=from_beginning,
        )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
