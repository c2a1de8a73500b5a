"""Cursors on a real Kafka: the newest committed record of a source, whatever other collectors are in the middle of."""

import asyncio

import pytest
from msgspec import Raw
from prometheus_client import CollectorRegistry

from streams.collectors.coverage import OpenGap, SourceSeen
from streams.collectors.cursors import BrokenCursorError, CursorRecord, cursor_record, read_cursor
from streams.collectors.metrics import CollectorMetrics
from streams.collectors.publisher import Publisher
from streams.kafka.client import started_producer
from streams.settings import Settings
from streams.topic_names import COLLECTOR_CURSORS
from tests.collectors.collecting import settings_for
from tools.kafka.running_broker import RunningBroker

_SEEN = SourceSeen(since_us=5, until_us=7, gap=OpenGap(7, "stopped"))


def _publisher(settings: Settings, instance: str = "one") -> Publisher:
    return Publisher("lines", "lines", settings, CollectorMetrics(CollectorRegistry()), instance=instance)


def test_the_next_instance_finds_cursor_and_coverage_as_they_were_left(kafka: RunningBroker, topic_prefix: str) -> None:
    settings = settings_for(kafka.address, topic_prefix)

    async def run() -> None:
        first, second = _publisher(settings), _publisher(settings, "two")
        assert await first.begin() is None
        await first.publish((), None, SourceSeen())
        await first.publish((), b'{"next":7}', _SEEN)
        await first.end()
        left = await second.begin()
        await second.end()
        assert left == CursorRecord(instance="one", sequence=2, cursor=Raw(b'{"next":7}'), seen=_SEEN)
        assert await read_cursor(settings, b"lines/other") is None

    asyncio.run(run())


def test_behind_the_open_transaction_of_another_collector_no_older_cursor_is_taken_for_the_newest(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    """As one that was killed leaves it. Readers of committed records stop there, although ours is committed."""
    settings = settings_for(kafka.address, topic_prefix)

    async def run() -> None:
        publisher = _publisher(settings)
        await publisher.begin()
        await publisher.publish((), b"1", _SEEN)
        async with started_producer(settings, transactional_id=f"{settings.group}-dead") as dead:
            await dead.begin_transaction()
            await dead.send_and_wait(settings.topic(COLLECTOR_CURSORS), b"x", key=b"dead/dead", partition=0)
            await publisher.publish((), b"2", _SEEN)
            reading = asyncio.create_task(read_cursor(settings, b"lines/lines"))
            done, _ = await asyncio.wait([reading], timeout=2)
            assert not done, f"it took an older record: {reading.result()}"
            await dead.abort_transaction()
            record = await asyncio.wait_for(reading, 20)
        await publisher.end()
        assert record is not None
        assert (record.cursor_bytes, record.sequence) == (b"2", 2)

    asyncio.run(run())


def test_a_record_that_no_collector_wrote_is_named_and_a_cursor_that_is_no_json_is_never_written(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    settings = settings_for(kafka.address, topic_prefix)

    async def run() -> None:
        async with started_producer(settings) as client:
            await client.send_and_wait(settings.topic(COLLECTOR_CURSORS), b"{", key=b"lines/lines", partition=0)
        with pytest.raises(BrokenCursorError, match=r"lines/lines in .*collector-cursors was written by no collector"):
            await read_cursor(settings, b"lines/lines")
        with pytest.raises(ValueError, match="no JSON"):
            cursor_record(b"lines/lines", CursorRecord(instance="one", sequence=1, cursor=Raw(b"{")))

    asyncio.run(run())
