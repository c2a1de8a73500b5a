"""A real worker on a real Kafka: when it says that it is ready, when it ends itself, and what its canaries do."""

import asyncio
import time
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest
from msgspec.structs import replace

from streams.core.canary import CANARY_PLATFORM
from streams.events import Account, Post, Retweet, encode_event
from streams.kafka.administration import create_topics
from streams.kafka.client import producer
from streams.kafka.loopback import free_port
from streams.kafka.reading import read_topic
from streams.kafka.roster_topic import publish_roster
from streams.metrics import digest_number
from streams.rules_loading import bundled_rules
from streams.settings import Secret, Settings
from streams.topics import TOPICS
from tests.core.stories import roster_of
from tests.worker.running_worker import working
from tools.kafka.node import Kafka
from tools.kafka.running_broker import RunningBroker

_STUCK_AFTER_SECONDS = 4.0  # on two busy cores anything may stand still for two
_LONGER_SECONDS = 5.5
_AT = datetime(2022, 1, 2, tzinfo=UTC)
_OFFICIAL = Account(id="1", handle="one")
_ROSTER = roster_of([_OFFICIAL], "leader")


def _settings(address: str, prefix: str = "") -> Settings:
    return Settings(
        broker=address,
        topic_prefix=prefix,
        session_timeout_seconds=4.0,
        commit_interval_seconds=0.3,
        canary_interval_seconds=0.5,
        stuck_after_seconds=_STUCK_AFTER_SECONDS,
        metrics_port=free_port(),
    )


@pytest.fixture
def settings(kafka: RunningBroker, topic_prefix: str) -> Settings:
    made = _settings(kafka.address, topic_prefix)
    asyncio.run(create_topics(made, partitions=dict.fromkeys(("posts", "retweets"), 3)))
    return made


async def _write_in_a_transaction(settings: Settings, topic: str, value: bytes) -> None:
    """What a transaction leaves behind it in the log is a record that no consumer ever sees."""
    client = producer(settings, transactional_id=f"{settings.group}-test")
    await client.start()
    try:
        async with client.transaction():
            await client.send_and_wait(settings.topic(topic), value, partition=0)
    finally:
        await client.stop()


async def _values(settings: Settings, topic: str) -> list[bytes]:
    return [record.value or b"" async for record in read_topic(settings, topic)]


@pytest.mark.slow
def test_a_worker_is_ready_when_it_has_a_roster_and_until_then_neither_canaries_pass_nor_is_it_stuck(
    settings: Settings, tmp_path: Path
) -> None:
    with working(settings, tmp_path / "log") as worker:
        worker.wait_until(
            "all else is there", lambda: list(worker.health("/readyz")[1].get("lacking", ())) == ["roster"]
        )
        status, answer = worker.health("/readyz")
        assert (status, answer["ready"]) == (503, False)
        assert "antiphon roster publish" in answer["lacking"]["roster"]
        assert worker.health("/healthz")[0] == 200
        assert worker.value("antiphon_ready") == 0

        began = worker.value("antiphon_canary_last_seen_timestamp_seconds")
        worker.wait_until("canaries wait", lambda: (worker.value("antiphon_lag_records", topic="retweets") or 0) > 0)
        time.sleep(_LONGER_SECONDS)  # waits for a roster, and that is no reason to end
        assert worker.process.poll() is None, worker.log
        assert worker.value("antiphon_canary_last_seen_timestamp_seconds") == began  # its age grows
        assert worker.value("antiphon_canary_seconds_count") == 0

        asyncio.run(publish_roster(settings, _ROSTER))
        worker.wait_until("ready", lambda: worker.health("/readyz") == (200, {"ready": True, "lacking": {}}))
        published = time.time()
        worker.wait_until(
            "canaries pass",
            lambda: (worker.value("antiphon_canary_last_seen_timestamp_seconds") or 0) >= published,
        )
        # The next canary may open another partition: for that moment the worker is not ready.
        worker.wait_until("ready in its metrics", lambda: worker.value("antiphon_ready") == 1)
        assert worker.value("antiphon_records_total", topic="retweets") is None  # nobody retweeted anything
        assert (worker.value("process_resident_memory_bytes") or 0) > 1_000_000
        assert worker.value("antiphon_roster_digest_number") == digest_number(_ROSTER.digest)
        assert worker.value("antiphon_rules_digest_number") == digest_number(bundled_rules().digest)

        posted = Post(platform="twitter", id="9", at=_AT, actor=_OFFICIAL, text="")
        asyncio.run(_write_in_a_transaction(settings, "posts", encode_event(posted)))
        amplified = Retweet(platform="twitter", id="10", at=_AT, actor=_OFFICIAL, subject=Account(id="700"))
        asyncio.run(_write_in_a_transaction(settings, "retweets", encode_event(amplified)))
        worker.wait_until(
            "counted", lambda: worker.value("antiphon_amplifications_total", country="IR", category="leader") == 1
        )
        time.sleep(_LONGER_SECONDS)  # with nothing to do but what is behind the last record
        assert worker.process.poll() is None, worker.log
        assert worker.value("antiphon_lag_records", topic="posts") == 0
        assert worker.value("antiphon_new_subjects_total") == 1
        assert worker.value("antiphon_records_total", topic="retweets") == 1
        last = worker.value("antiphon_last_record_timestamp_seconds", topic="retweets")
        assert last is not None
        assert time.time() - last > _STUCK_AFTER_SECONDS / 2  # canaries are no sign that anybody collects

    enriched = {topic.name: asyncio.run(_values(settings, topic.name)) for topic in TOPICS if topic.role == "enriched"}
    written = {name: len(values) for name, values in enriched.items() if values}
    # Evidence is the rules, the roster and the two events.
    assert written == {"amplifications": 1, "dossiers": 1, "evidence": 4}
    canaries = asyncio.run(_values(settings, "canaries"))
    assert len(canaries) > 8
    states = asyncio.run(_values(settings, "subject-states"))
    assert not any(CANARY_PLATFORM.encode() in value for value in chain(states, *enriched.values()))


@pytest.mark.slow
def test_a_notify_that_fails_is_tried_again_and_seen_while_the_other_agents_go_on(
    settings: Settings, tmp_path: Path
) -> None:
    asyncio.run(publish_roster(settings, _ROSTER))
    notifying = replace(settings, alertmanager_urls=Secret(f"http://127.0.0.1:{free_port()}"))
    with working(notifying, tmp_path / "log", fault="NOTIFY") as worker:
        worker.wait_until("tried again", lambda: (worker.value("antiphon_notify_errors_total") or 0) >= 2)
        amplified = Retweet(platform="twitter", id="10", at=_AT, actor=_OFFICIAL, subject=Account(id="700"))
        asyncio.run(_write_in_a_transaction(settings, "retweets", encode_event(amplified)))
        worker.wait_until(
            "counted", lambda: worker.value("antiphon_amplifications_total", country="IR", category="leader") == 1
        )
        worker.wait_until("all else is there", lambda: list(worker.health("/readyz")[1]["lacking"]) == ["notify"])
        assert "OverflowError: date value out of range" in worker.health("/readyz")[1]["lacking"]["notify"]
        assert worker.health("/healthz")[0] == 200
        assert "NOTIFY failed" in worker.log


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "reason", "frame"),
    [
        ("TRACK", "records of subject-events, partition", "_stall_for_ever"),
        ("loop", "the event loop did nothing for", "_keep_the_loop"),
    ],
)
def test_a_worker_that_has_work_and_does_none_ends_itself_and_logs_where_it_stopped(
    fault: str, reason: str, frame: str, settings: Settings, tmp_path: Path
) -> None:
    asyncio.run(publish_roster(settings, _ROSTER))
    with working(settings, tmp_path / "log", fault=fault) as worker:
        assert worker.process.wait(60) == 70, worker.log
        assert "process is stuck" in worker.log
        assert reason in worker.log
        assert frame in worker.log


@pytest.mark.slow
def test_a_worker_whose_broker_does_not_answer_is_not_stuck(own_kafka: Kafka, tmp_path: Path) -> None:
    settings = _settings(own_kafka.address)
    asyncio.run(create_topics(settings))
    asyncio.run(publish_roster(settings, _ROSTER))
    with working(settings, tmp_path / "log") as worker:
        worker.wait_until("canaries pass", lambda: worker.value("antiphon_canary_seconds_count"))
        own_kafka.pause()
        time.sleep(_LONGER_SECONDS)
        assert worker.health("/healthz")[0] == 200
        own_kafka.resume()
        resumed = time.time()
        worker.wait_until(
            "canaries pass again",
            lambda: (worker.value("antiphon_canary_last_seen_timestamp_seconds") or 0) >= resumed,
        )
        assert "process is stuck" not in worker.log
