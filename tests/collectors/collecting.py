"""Collector processes under a test's control, and what Kafka has of what they collected."""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from streams.collectors.cursors import CursorRecord, read_cursor
from streams.collectors.metrics import CollectorMetrics
from streams.collectors.publisher import Publisher
from streams.events import Event, decode_event
from streams.kafka.administration import create_topics
from streams.kafka.child_process import ChildProcess
from streams.kafka.reading import read_topic
from streams.settings import Settings
from tests.collectors.collector_process import Processes
from tests.collectors.lines_collector import collector_environment
from tests.worker.running_worker import Subject

__all__ = [
    "Collection",
    "cursor_of",
    "events_of",
    "kill_after_claim",
    "next_line",
    "numbers",
    "resident_bytes",
    "settings_for",
    "shut_out",
    "wait_until",
]

_PARTITIONS = {"posts": 2, "retweets": 1, "deletions": 1, "follows": 1, "profiles": 1, "suspensions": 1}
_KEY = b"lines/lines"


def settings_for(address: str, prefix: str, **others: Any) -> Settings:
    """Topics are there."""
    settings = Settings(broker=address, topic_prefix=prefix, **others)
    few = {"subject-events": 1, "subject-states": 1, "country-events": 1, "country-ledger": 1}
    asyncio.run(create_topics(settings, partitions=_PARTITIONS | few))
    return settings


class Collection(Processes):
    """Starts processes of `antiphon collect lines`."""

    def __init__(self, settings: Settings, directory: Path, **own: object) -> None:
        super().__init__("lines", settings, directory, collector_environment(settings, directory, **own))


def numbers(settings: Settings) -> Counter[int]:
    """How often Kafka has each line, as readers of committed records see it."""
    return Counter(int(event.id) for event in events_of(settings, "posts"))


def events_of(settings: Settings, *topics: str) -> list[Event]:
    """The committed events of the topics."""

    async def read() -> list[Event]:
        return [decode_event(record.value or b"") for topic in topics async for record in read_topic(settings, topic)]

    return asyncio.run(read())


def cursor_of(settings: Settings, key: bytes = _KEY) -> CursorRecord | None:
    """What stands in `collector-cursors`."""
    return asyncio.run(read_cursor(settings, key))


def wait_until(what: str, holds: Callable[[], object], *, seconds: float = 60.0, log: Callable[[], str] = str) -> None:
    """Wait for something; fails if it takes too long."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"in vain: {what}\n{log()}"
        time.sleep(0.05)


def kill_after_claim(processes: Processes, seconds: float) -> Subject:
    """Start one more process, and kill it (`kill -9`) so long after it has claimed its source; its log remains."""
    subject = processes.start()
    wait_until("claimed", lambda: "source claimed" in subject.log, log=lambda: subject.log)
    time.sleep(seconds)
    subject.process.kill()
    subject.process.wait()
    return subject


def next_line(settings: Settings) -> int:
    """The cursor that Kafka has: 0 where there is none."""
    record = cursor_of(settings)
    if record is None or record.cursor_bytes is None:
        return 0
    return int(json.loads(record.cursor_bytes)["next"])


def shut_out(settings: Settings, collector: str = "lines", source: str = "lines") -> None:
    """Open the source as its next instance does, and nothing more: the transaction of whoever died is undone then."""

    async def open_and_end() -> None:
        publisher = Publisher(collector, source, settings, CollectorMetrics(CollectorRegistry()), instance="test")
        await publisher.begin()
        await publisher.end()

    asyncio.run(open_and_end())


def resident_bytes(process: ChildProcess) -> int:
    """The memory that a process has in RAM."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
