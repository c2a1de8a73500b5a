"""Real workers on a real Kafka, and a raw partition fifteen days of event time behind: no watch closes over it."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from streams.core.country_event import decode_country_event
from streams.core.enriched import Alert
from streams.core.watching.aftermath_records import Aftermath
from streams.events import RAW_TOPICS, Account, Event, Post, Retweet, Suspension, encode_event
from streams.kafka.administration import create_topics
from streams.kafka.client import producer
from streams.kafka.reading import read_topic
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from tests.core.stories import roster_of
from tests.pipeline.crew import Crew
from tools.kafka.running_broker import RunningBroker

_WAIT_SECONDS = 60.0
_SUSPENDED = datetime(2022, 1, 20, tzinfo=UTC)
_OFFICIALS = [Account(id=str(number), handle=f"embassy_{number}") for number in range(6)]
_SUBJECT = Account(id="700", handle="Khamenei_site")
_ROSTER = roster_of(_OFFICIALS)


def _at(days: float) -> datetime:
    return _SUSPENDED + timedelta(days=days)


def _retweet(number: int) -> Retweet:
    return Retweet(
        platform="twitter",
        id=f"r{number}",
        at=_at(-10 + number / 10),
        actor=_OFFICIALS[number % 6],
        subject=_SUBJECT,
    )


def _post(name: str, days: float, number: int = 0, text: str = "Good morning") -> Post:
    return Post(platform="twitter", id=name, at=_at(days), actor=_OFFICIALS[number], text=text)


async def _write(settings: Settings, *events: tuple[str, int, Event]) -> None:
    client = producer(settings)
    await client.start()
    try:
        for topic, partition, event in events:
            await client.send_and_wait(settings.topic(topic), encode_event(event), partition=partition)
    finally:
        await client.stop()


async def _records(settings: Settings) -> tuple[list[Alert], list[Aftermath]]:
    alerts = [msgspec.json.decode(r.value or b"", type=Alert) async for r in read_topic(settings, "alerts")]
    aftermaths = [msgspec.json.decode(r.value or b"", type=Aftermath) async for r in read_topic(settings, "aftermaths")]
    return alerts, aftermaths


async def _idle_reports(settings: Settings) -> dict[tuple[str, int], int]:
    """How often in a row each raw partition was told to be idle, in the ticks of one partition."""
    found: dict[tuple[str, int], int] = {}
    async for record in read_topic(settings, "country-events"):
        event = decode_country_event(record.value or b"")
        if record.partition == 0 and event.progress is not None:
            for topic, row in event.progress.read.items():
                for each in row:
                    place = topic, each.partition
                    found[place] = found.get(place, 0) + 1 if each.idle else 0
    return found


async def _until(what: str, holds: Callable[[], object], crew: Crew) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < deadline, f"in vain: {what}\n{crew.logs()}"
        await asyncio.sleep(0.2)


def test_no_watch_is_closed_over_a_partition_that_lags_whoever_reads_it_and_whoever_dies(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """What holds the partition up is a transaction that somebody left open: what officials said of the subject is in
    the log, and nobody may read it yet. All others go on by weeks and fall idle; a worker is killed in between.
    """
    settings = Settings(
        broker=kafka.address,
        topic_prefix=topic_prefix,
        data_dir=str(tmp_path / "state"),
        session_timeout_seconds=2.0,
        commit_interval_seconds=0.3,
        canary_interval_seconds=1.0,
        idle_after_seconds=1.5,
    )
    crew = Crew(settings, tmp_path)
    raw = [(topic, n) for topic in sorted(RAW_TOPICS.values()) for n in range(2 if topic == "posts" else 1)]

    async def aftermath() -> Aftermath | None:
        _alerts, aftermaths = await _records(settings)
        return aftermaths[-1] if aftermaths else None

    async def run() -> None:
        single = dict.fromkeys(sorted(RAW_TOPICS.values()), 1)
        pairs = dict.fromkeys(("subject-events", "subject-states", "country-events", "country-ledger"), 2)
        await create_topics(settings, partitions={**single, **pairs, "posts": 2})
        await publish_roster(settings, _ROSTER)
        other_application = producer(settings, transactional_id=f"{settings.group}-other-application")
        await other_application.start()
        await other_application.begin_transaction()
        for number in range(6):
            said = _post(f"reference-{number}", 5 + number / 10, number, "What became of @Khamenei_site?")
            await other_application.send_and_wait(settings.topic("posts"), encode_event(said), partition=1)
        for _ in range(2):
            crew.add()
        await _write(settings, *(("retweets", 0, _retweet(number)) for number in range(18)))
        notice = Suspension(platform="twitter", id="s", at=_at(0), actor=_SUBJECT, status="suspended")
        await _write(settings, ("suspensions", 0, notice), ("posts", 0, _post("new", 20)))
        await _until("a watch", lambda: asyncio.run(aftermath()), crew)

        async def others_idle() -> bool:
            idle = await _idle_reports(settings)
            return all(idle.get(place, 0) >= 4 for place in raw if place != ("posts", 1))

        await _until("all others idle", lambda: asyncio.run(others_idle()), crew)
        victim = crew.members[0]
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
        crew.replace_dead()
        await _until("all others idle again", lambda: asyncio.run(others_idle()), crew)
        found = await aftermath()
        assert found is not None
        assert (found.status, found.references) == ("open", 0)

        await other_application.commit_transaction()
        await other_application.stop()

        async def is_closed() -> bool:
            last = await aftermath()
            return last is not None and last.status == "closed"

        await _until("closed", lambda: asyncio.run(is_closed()), crew)

    try:
        asyncio.run(run())
    finally:
        crew.dismiss_all()
    alerts, aftermaths = asyncio.run(_records(settings))
    assert (aftermaths[-1].references, aftermaths[-1].silent_officials) == (6, 0)
    assert {alert.rule for alert in alerts if alert.status == "retracted" or alert.rule == "silence"} == set()
    assert [each.status for each in aftermaths].count("closed") == 1
