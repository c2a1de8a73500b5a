"""Bad records on the internal topics: set aside with their bytes, and figures as if they had never been there."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from aiokafka.errors import KafkaError
from msgspec.structs import replace

from streams.core.clock import to_us
from streams.core.country_event import CountryEvent, encode_country_event
from streams.core.subject_event import Coordinates
from streams.deadletters import Reason
from streams.events import Coverage, Suspension, decode_event
from streams.formats.registry import readers_named
from streams.jobs.backtest import backtest_files
from streams.jobs.collection import collect_results
from streams.jobs.drain import wait_until_drained
from streams.jobs.replay import LetterFilter, Obstacle, replay_letters
from streams.kafka.administration import create_topics
from streams.kafka.client import producer, started_producer
from streams.kafka.loopback import free_port
from streams.kafka.roster_topic import publish_roster
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from tests.agents.records import retweet_of
from tests.pipeline.crew import Crew
from tests.pipeline.dead_letters import letters_in_topic
from tests.pipeline.sameness import assert_same
from tests.pipeline.world import World
from tools.kafka.running_broker import RunningBroker

_LARGE: Final = b"1" + b"0" * 5_000
_TICK: Final = encode_country_event(
    CountryEvent(kind="tick", country="", platform="x", event_id="1", at_us=77, source=Coordinates("x", 0, 0))
)
_GARBAGE: Final = b"\x00\xff\xfe garbage \x1b[2J"
_NOT_UTF8: Final = b'[{"platform":"\xff"}]'
_DEEP: Final = b'{"subject":' + b"[" * 100_000


def _poison(topic: str) -> dict[bytes, Reason]:
    """What no agent writes: garbage, of the wrong type, numbers beyond all bounds, nested deeply."""
    common = {_GARBAGE: Reason.NOT_JSON, _NOT_UTF8: Reason.NOT_JSON, b'{"a":' + _LARGE + b"}": Reason.NOT_AN_EVENT}
    match topic:
        case "subject-events":
            event = retweet_of(1).replace(b"1640995200000001", b"%d")
            own = {event.replace(b"%d", number): Reason.NOT_AN_EVENT for number in (b'"1"', _LARGE, b"1" + b"0" * 20)}
            return common | own | {_DEEP: Reason.TOO_DEEP}
        case "country-events":
            own = {_TICK.replace(b"77", number): Reason.NOT_AN_EVENT for number in (b"[77]", _LARGE, b"1" + b"0" * 20)}
            return common | own | {_DEEP.replace(b"subject", b"source"): Reason.TOO_DEEP}
        case "tracked-accounts":
            return common | {b"[]": Reason.NOT_AN_EVENT, b'{"countries":' + b"[" * 100_000: Reason.TOO_DEEP}
        case _:
            return common | {b"{}": Reason.NOT_AN_EVENT, b"[" * 100_000: Reason.TOO_DEEP}


_TOPICS: Final = ("subject-events", "country-events", "tracked-accounts", "officials")
# Keys that are in nobody's way: `subject/…` of nobody, and one that only a publication has.
_KEYS: Final = {"tracked-accounts": b"somebody's %d", "officials": b"99-0123456789abcdef/twitter:%d"}


async def _poison_all(settings: Settings) -> None:
    """On partition 0 of every internal topic, and a tombstone without a key where a broker takes one."""
    async with started_producer(settings) as client:
        for topic in _TOPICS:
            name = settings.topic(topic)
            for number, value in enumerate(_poison(topic)):
                key = _KEYS[topic] % number if topic in _KEYS else None
                await client.send_and_wait(name, value, key, partition=0)
            if topic in _KEYS:  # compacted
                with pytest.raises(KafkaError):
                    await _send_tombstone_without_key(settings, name)
                await client.send_and_wait(name, None, b"", partition=0)
            else:
                await _send_tombstone_without_key(settings, name)


async def _send_tombstone_without_key(settings: Settings, name: str) -> None:
    async with producer(replace(settings, transactions=False)) as client:
        batch = client.create_batch()
        assert batch.append(timestamp=None, key=None, value=None)
        await (await client.send_batch(batch, name, partition=0))


async def _write(settings: Settings, lines: Sequence[bytes]) -> dict[tuple[str, int], int]:
    async with started_producer(settings) as client:
        sent = [client.send_and_wait(settings.topic("retweets"), line, b"k", partition=0) for line in lines]
        return {("retweets", 0): max(metadata.offset for metadata in await asyncio.gather(*sent)) + 1}


def _lines_in_any_order(world: World) -> tuple[list[bytes], int]:
    """Events of the world whose results do not depend on how soon a worker hears of an account, and the newest time."""
    officials = {entry.account_id for entry in world.roster.entries} - {None}  # others are learnt of
    lines, newest_us = [], 0
    for line in world.lines():
        event = decode_event(line)
        if isinstance(event, Coverage):
            continue
        if isinstance(event, Suspension) or (event.actor is not None and event.actor.id in officials):
            lines.append(line)
            newest_us = max(newest_us, to_us(event.at))
    return lines, newest_us


def _answer(port: int, path: str) -> tuple[int, bytes]:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()
    except (URLError, ConnectionError):
        return 0, b""


def _wait_until_ready(port: int, crew: Crew) -> None:
    deadline = time.monotonic() + 60
    while (answer := _answer(port, "/readyz"))[0] != 200:
        assert time.monotonic() < deadline, (answer, crew.logs())
        assert crew.members[0].poll() is None, crew.logs()
        time.sleep(0.1)


def _settings(kafka: RunningBroker, prefix: str, port: int = 0) -> Settings:
    return Settings(
        broker=kafka.address,
        topic_prefix=prefix,
        metrics_port=port,
        session_timeout_seconds=4.0,
        canary_interval_seconds=0.0,
        commit_interval_seconds=0.3,
        aftermath_withhold_deleted="",  # as the backtest does
    )


def test_what_no_agent_wrote_becomes_dead_letters_and_changes_no_figure(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """On every internal topic and the roster's, before the worker starts and while it runs. It stays ready, counts the
    records by topic, and each letter has the bytes and the place; none is sent again. A second start repeats only what
    stands in the topics that every start reads whole.
    """
    port = free_port()
    settings = _settings(kafka, topic_prefix, port)
    asyncio.run(create_topics(settings, partitions={"subject-events": 1, "country-events": 1}))
    world = World(seed=5, events=1_500)
    lines, newest_us = _lines_in_any_order(world)
    (path := tmp_path / "world.ndjson").write_bytes(b"\n".join(lines))
    oracle = backtest_files([str(path)], readers_named("canonical"), world.roster, bundled_rules()).results
    assert min(len(oracle.dossiers), len(oracle.alerts), len(oracle.aftermaths)) > 5
    asyncio.run(publish_roster(settings, world.roster))
    asyncio.run(_poison_all(settings))
    crew = Crew(settings, tmp_path)

    def check(_remaining: int) -> None:
        assert crew.members[0].poll() is None, crew.logs()

    try:
        worker = crew.add()
        half = len(lines) // 2
        asyncio.run(wait_until_drained(settings, asyncio.run(_write(settings, lines[:half])), check))
        asyncio.run(_poison_all(settings))
        written = asyncio.run(_write(settings, lines[half:]))
        asyncio.run(wait_until_drained(settings, written, check, newest_us=newest_us))
        _wait_until_ready(port, crew)
        metrics = _answer(port, "/metrics")[1].decode()
        assert crew.dismiss(worker) == 0
        letters = asyncio.run(letters_in_topic(settings))
        assert_same(asyncio.run(collect_results(settings)), oracle)

        worker = crew.add()
        _wait_until_ready(port, crew)
        assert crew.dismiss(worker) == 0
        repeated = asyncio.run(letters_in_topic(settings))[len(letters) :]
    finally:
        crew.dismiss_all()

    for topic in _TOPICS:
        expected = Counter(dict.fromkeys(_poison(topic).items(), 2))
        if topic not in _KEYS:
            expected[b"", Reason.NOT_JSON] += 2
        of_topic = [stored for stored in letters if stored.letter.topic == topic]
        assert Counter((stored.letter.payload, stored.letter.reason) for stored in of_topic) == expected
        assert len({(stored.letter.partition, stored.letter.offset) for stored in of_topic}) == expected.total()
        assert all(stored.letter.partition == 0 for stored in of_topic)
        counted = f'antiphon_internal_records_set_aside_total{{topic="{topic}"}} {expected.total():.1f}'
        assert counted in metrics
    assert len(letters) == sum(stored.letter.topic in _TOPICS for stored in letters)
    assert "internal records set aside" in crew.logs(whole=True)
    assert {stored.letter.topic for stored in repeated} == set(_KEYS)

    replay = asyncio.run(replay_letters(settings, LetterFilter(), limit=1_000, most_replays=3, anyway=True))
    assert replay.letters == 0
    assert replay.kept_back == {Obstacle.INTERNAL: replay.selected - replay.repeats}
