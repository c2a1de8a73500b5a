"""Real workers on a real Kafka: a transaction that a stranger leaves open, partitions that are added meanwhile, and one
partition that stands still.
"""

import asyncio
import time
from pathlib import Path

import pytest
from aiokafka.admin import NewPartitions
from msgspec.structs import replace

from streams.core.country_event import CountryEvent, encode_country_event
from streams.core.subject_event import Coordinates
from streams.events import Account
from streams.kafka.administration import create_topics
from streams.kafka.client import admin, producer
from streams.kafka.loopback import free_port
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from tests.core.stories import roster_of
from tests.worker.running_worker import working
from tools.kafka.running_broker import RunningBroker

_ROSTER = roster_of([Account(id="1", handle="one")])
_SINGLE = (
    *("posts", "retweets", "suspensions", "deletions", "follows", "profiles"),
    *("subject-events", "subject-states", "country-events", "country-ledger"),
)


@pytest.fixture
def settings(kafka: RunningBroker, topic_prefix: str, tmp_path: Path) -> Settings:
    made = Settings(
        broker=kafka.address,
        topic_prefix=topic_prefix,
        data_dir=str(tmp_path / "state"),
        session_timeout_seconds=4.0,
        commit_interval_seconds=0.3,
        canary_interval_seconds=0.5,
        stuck_after_seconds=4.0,
        metrics_port=free_port(),
    )
    asyncio.run(create_topics(made, partitions=dict.fromkeys(_SINGLE, 1)))
    asyncio.run(publish_roster(made, _ROSTER))
    return made


async def _write(settings: Settings, topic: str) -> None:
    client = producer(settings)
    await client.start()
    try:
        await client.send_and_wait(settings.topic(topic), b"{}", partition=0)
    finally:
        await client.stop()


async def _leave_open(settings: Settings) -> None:
    """A producer that began a transaction and died: what it wrote is neither there nor not there."""
    client = producer(settings, transactional_id=f"{settings.group}-other-application", transaction_timeout_ms=600_000)
    await client.start()
    await client.begin_transaction()
    await client.send_and_wait(settings.topic("posts"), b"{}", partition=0)
    await client.client.close()  # no last words to the coordinator
    client._closed = True
    client._sender.sender_task.cancel()


async def _end(settings: Settings) -> None:
    """Who takes the transactional id over makes the coordinator abort what is open."""
    client = producer(settings, transactional_id=f"{settings.group}-other-application")
    await client.start()
    await client.stop()


def test_a_transaction_that_another_application_leaves_open_is_lag_and_is_named_and_ends_no_worker(
    settings: Settings, tmp_path: Path
) -> None:
    with working(settings, tmp_path / "log") as worker:
        worker.wait_until("ready", lambda: worker.health("/readyz")[0] == 200)
        asyncio.run(_leave_open(settings))
        asyncio.run(_write(settings, "posts"))
        worker.wait_until("lag", lambda: (worker.value("antiphon_lag_records", topic="posts") or 0) >= 2)
        worker.wait_until("named", lambda: "stable offsets" in worker.health("/readyz")[1].get("lacking", ()))
        lacking = worker.health("/readyz")[1]["lacking"]["stable offsets"]
        assert "posts, partition 0" in lacking
        assert "2 records from offset 0" in lacking
        worker.wait_until(
            "longer than a standstill may be",
            lambda: (worker.value("antiphon_open_transaction_seconds", topic="posts") or 0) > 5,
        )
        assert "last stable offset stalled" in worker.log
        assert worker.process.poll() is None, worker.log
        assert worker.value("antiphon_open_transaction_seconds", topic="retweets") == 0

        asyncio.run(_end(settings))
        worker.wait_until("read", lambda: worker.value("antiphon_records_total", topic="posts") == 1)
        worker.wait_until("ready again", lambda: worker.health("/readyz")[0] == 200)
        worker.wait_until("no lag", lambda: worker.value("antiphon_lag_records", topic="posts") == 0)
        assert worker.value("antiphon_open_transaction_seconds", topic="posts") == 0


def test_partitions_that_are_added_while_a_worker_runs_are_read_within_seconds(
    settings: Settings, tmp_path: Path
) -> None:
    """No canary of a new partition may look as if it were as late as the worker is old."""
    with working(settings, tmp_path / "log") as worker:
        worker.wait_until("canaries", lambda: (worker.value("antiphon_canary_seconds_count") or 0) > 5)

        async def add() -> None:
            async with admin(settings) as client:
                await client.create_partitions({settings.topic("retweets"): NewPartitions(total_count=3)})

        asyncio.run(add())
        added = time.time()
        oldest = 0.0

        def all_come_through() -> bool:
            nonlocal oldest
            last = worker.value("antiphon_canary_last_seen_timestamp_seconds") or 0.0
            oldest = max(oldest, time.time() - last)
            seen = worker.value("antiphon_canary_seconds_count") or 0
            began.append(seen)
            return last > added + 12 and seen - began[0] > 10

        began: list[float] = []
        worker.wait_until("canaries of all three partitions", all_come_through)
        assert oldest < 30, "the alert begins at 60 s"


async def _write_many(settings: Settings, topic: str, partition: int, value: bytes, count: int) -> None:
    client = producer(settings)
    await client.start()
    try:
        for _ in range(count):
            sent = await client.send(settings.topic(topic), value, partition=partition)
        await sent
    finally:
        await client.stop()


def test_one_partition_that_stands_still_with_much_before_it_keeps_nothing_else_waiting(
    settings: Settings, tmp_path: Path
) -> None:
    """WATCH's partition 0 does not come to an end of its first batch, and has several times as much before it as
    partition task and queue hold. Raw events are screened, other partitions of WATCH read on.
    """
    settings = replace(settings, topic_prefix=f"{settings.topic_prefix}two-", fetch_max_records=500)
    settings = replace(settings, stuck_after_seconds=600.0, canary_interval_seconds=0.0)
    asyncio.run(
        create_topics(settings, partitions={**dict.fromkeys(_SINGLE, 1), "country-events": 2, "country-ledger": 2})
    )
    asyncio.run(publish_roster(settings, _ROSTER))
    tick = encode_country_event(
        CountryEvent(kind="tick", country="", platform="", event_id="t", at_us=1, source=Coordinates("t", 0, 0))
    )
    asyncio.run(_write_many(settings, "country-events", 0, tick, 20_000))
    with working(settings, tmp_path / "log", fault="WATCH in partition 0") as worker:

        def read() -> float:
            return worker.value("antiphon_batch_records_sum", topic="country-events") or 0

        worker.wait_until("a full partition task", lambda: read() >= 4_500)
        asyncio.run(_write_many(settings, "country-events", 1, tick, 5_000))
        asyncio.run(_write(settings, "posts"))
        worker.wait_until("screened", lambda: (worker.value("antiphon_records_total", topic="posts") or 0) >= 1)
        worker.wait_until(
            "read on", lambda: (worker.value("antiphon_records_total", topic="country-events") or 0) >= 5_000
        )
        assert read() < 15_000, "what stands still is read on, into memory"
