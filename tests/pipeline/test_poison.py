"""Bad records on the raw topics: dead letters with the original bytes, and a pipeline that goes on."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.deadletters import Reason
from streams.events import Account, Post, Retweet, encode_event
from streams.jobs.collection import collect
from streams.jobs.drain import wait_until_drained
from streams.jobs.workers import Workers
from streams.kafka.administration import create_topics
from streams.kafka.client import client_options, producer
from streams.kafka.loopback import free_port
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from tests.pipeline.crew import Crew
from tests.pipeline.dead_letters import letters_in_topic
from tests.pipeline.world import World
from tools.kafka.running_broker import RunningBroker

_WORLD = World(seed=3, events=0)


def _good(number: int) -> bytes:
    at = _WORLD.subjects[0].created_at or _WORLD.officials[0].created_at
    assert at is not None
    official, subject = _WORLD.officials[number % 40], _WORLD.subjects[0]
    return encode_event(Retweet(platform="twitter", id=str(number), at=at, actor=official, subject=subject))


def _poison() -> dict[bytes, Reason]:
    official = _WORLD.officials[0].id.encode()
    prefix = b'{"kind":"retweet","platform":"twitter","id":"1","at":"2022-01-02T00:00:00Z","actor":{"id":"' + official
    whole = prefix + b'"},"subject":{"id":"700001"}}'
    future = whole.replace(b"2022-01-02", b"2999-01-02")
    return {
        b"": Reason.NOT_JSON,
        b"\x00\xff\xfe garbage \x1b[2J": Reason.NOT_JSON,
        b"[" * 100_000: Reason.TOO_DEEP,
        b'{"kind":"retweet"}': Reason.NOT_AN_EVENT,
        whole.replace(b"retweet", b"teapot"): Reason.NOT_AN_EVENT,
        prefix + b'"}}': Reason.NOT_AN_EVENT,
        whole.replace(b'"700001"', b"700001"): Reason.NOT_AN_EVENT,
        whole.replace(b"twitter", b"Tw itter"): Reason.NOT_AN_EVENT,
        future: Reason.FUTURE_TIME,
        whole.replace(b"2022-01-02", b"1969-01-02"): Reason.BAD_TIME,
        whole.replace(b"2022-01-02T00:00:00Z", b"0001-01-01T00:00:00+00:01"): Reason.BAD_TIME,
        whole[:-3]: Reason.NOT_JSON,
        whole.replace(b"700001", b"7\xff"): Reason.NOT_JSON,
    }


def _settings(broker: RunningBroker, prefix: str, **changes: object) -> Settings:
    return Settings(
        broker=broker.address,
        topic_prefix=prefix,
        transactions=broker.is_real_kafka,
        session_timeout_seconds=4.0,
        canary_interval_seconds=0.0,
        commit_interval_seconds=0.3,
        **changes,  # type: ignore[arg-type]  # whatever a test wants otherwise
    )


def _write(settings: Settings, values: list[bytes]) -> dict[tuple[str, int], int]:
    async def write() -> dict[tuple[str, int], int]:
        client = producer(settings)
        await client.start()
        try:
            sent = [await client.send_and_wait(settings.topic("retweets"), v, key=b"k", partition=0) for v in values]
        finally:
            await client.stop()
        return {("retweets", 0): sent[-1].offset + 1}

    asyncio.run(create_topics(settings))
    asyncio.run(publish_roster(settings, _WORLD.roster))
    return asyncio.run(write())


def test_poison_between_good_records_becomes_dead_letters_and_nothing_else_is_lost(
    broker: RunningBroker, topic_prefix: str
) -> None:
    """Each with the bytes that came, the reason and the place; the good ones all count."""
    settings = _settings(broker, topic_prefix)
    poison = _poison()
    values = [value for number, bad in enumerate(poison) for value in (_good(number), bad)]
    written = _write(settings, values)
    with Workers(settings, 1) as crew:
        asyncio.run(wait_until_drained(settings, written, lambda _remaining: crew.check()))
    results, letters = asyncio.run(collect(settings))
    assert {letter.payload: letter.reason for letter in letters} == poison
    assert {letter.offset: letter.payload for letter in letters} == {2 * n + 1: bad for n, bad in enumerate(poison)}
    assert {(letter.topic, letter.partition) for letter in letters} == {("retweets", 0)}
    assert results.dossiers["twitter:700000"].totals.retweet == len(poison)


def test_an_account_created_before_time_began_does_not_stop_anything(broker: RunningBroker, topic_prefix: str) -> None:
    """A valid event may hold times that no calendar can shift: they count as not said."""
    settings = _settings(broker, topic_prefix)
    odd = _good(1).replace(b'"subject":{', b'"subject":{"created_at":"0001-01-01T00:00:00+00:01",', 1)
    odd = odd.replace(b',"created_at":"2021', b',"ignored":"2021')
    written = _write(settings, [odd, _good(2)])
    with Workers(settings, 1) as crew:
        asyncio.run(wait_until_drained(settings, written, lambda _remaining: crew.check()))
    results, letters = asyncio.run(collect(settings))
    assert letters == []
    assert results.dossiers["twitter:700000"].totals.retweet == 2


def test_a_flood_of_garbage_stops_the_screening_once_and_a_new_start_goes_on_from_there(
    broker: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """A bug or an attack, not data. With the default limits: the worker stays, is not ready, does not count as stuck,
    and has committed what it dealt with. After the next start each of 60,000 records has one dead letter.
    """
    port = free_port()
    settings = _settings(broker, topic_prefix, metrics_port=port, stuck_after_seconds=5.0)
    _write(settings, [_good(1)])
    asyncio.run(_flood(settings, 60_000))

    def stopped() -> bool:
        try:
            urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2).close()
        except HTTPError as error:
            return "in a row were refused" in json.loads(error.read())["lacking"].get("screening", "")
        except (URLError, ConnectionError):
            pass
        return False

    with Crew(settings, tmp_path) as crew:
        worker = crew.add()
        _wait_until(stopped)
        time.sleep(settings.stuck_after_seconds + 1)  # as long as would end a worker that is stuck
        assert worker.poll() is None, crew.log_of(worker)
        assert "screening stopped by the dead-letter limit" in crew.log_of(worker)
        assert crew.dismiss(worker) == 0
        dealt_with = asyncio.run(_committed(settings))
        offsets = asyncio.run(_letter_offsets(settings))
        assert offsets == list(range(1, dealt_with)), "each record before the stop once, and none behind it"
        assert settings.dead_letter_run <= len(offsets) < settings.dead_letter_run + settings.fetch_max_records
    patient = msgspec.structs.replace(
        settings, dead_letter_run=1_000_000, dead_letter_share=1.0, stuck_after_seconds=120.0
    )
    with Workers(patient, 1) as rest:
        asyncio.run(wait_until_drained(settings, {("retweets", 0): 60_001}, lambda _remaining: rest.check()))
    assert asyncio.run(_letter_offsets(settings)) == list(range(1, 60_001))


async def _flood(settings: Settings, records: int) -> None:
    client = producer(settings, linger_ms=5, max_batch_size=131_072)
    await client.start()
    topic = settings.topic("retweets")
    await asyncio.gather(*[await client.send(topic, os.urandom(20), partition=0) for _ in range(records)])
    await client.stop()


async def _committed(settings: Settings) -> int:
    group = AIOKafkaConsumer(**client_options(settings), group_id=settings.group, enable_auto_commit=False)
    await group.start()
    try:
        return await group.committed(TopicPartition(settings.topic("retweets"), 0)) or 0
    finally:
        await group.stop()


async def _letter_offsets(settings: Settings) -> list[int]:
    return sorted(stored.letter.offset for stored in await letters_in_topic(settings))


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 240  # a flood of garbage on a machine that does other things, too
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_broken_record_in_a_changelog_of_states_ends_the_worker_with_the_remedy(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """To go on without the state that it stood for would give wrong figures."""
    settings = _settings(kafka, topic_prefix)
    _write(settings, [_good(1)])

    async def corrupt() -> None:
        client = producer(settings)
        await client.start()
        for partition in range(8):
            await client.send_and_wait(settings.topic("subject-states"), b"\xff", b"twitter:700000", partition)
        await client.stop()

    asyncio.run(corrupt())
    with Crew(settings, tmp_path) as crew:
        assert crew.add().wait(60) == 70
        said = crew.logs()
        assert "TRACK failed" in said
        assert "key twitter:700000, is no record that a worker writes" in said
        assert "antiphon states reset" in said


@pytest.mark.parametrize("account_id", ["x" * 257, ""])
def test_ids_beyond_their_bounds_are_refused(broker: RunningBroker, topic_prefix: str, account_id: str) -> None:
    """Structs made in Python are not validated: the screen must look again."""
    settings = _settings(broker, topic_prefix)
    at = _WORLD.officials[0].created_at
    assert at is not None
    post = Post(platform="twitter", id="1", at=at, actor=_WORLD.officials[0], mentions=(Account(id=account_id),))
    written = _write(settings, [encode_event(post)])
    with Workers(settings, 1) as crew:
        asyncio.run(wait_until_drained(settings, written, lambda _remaining: crew.check()))
    _results, letters = asyncio.run(collect(settings))
    assert [letter.reason for letter in letters] == [Reason.NOT_AN_EVENT]
