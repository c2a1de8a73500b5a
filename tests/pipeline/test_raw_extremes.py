"""Raw records as large as a default broker takes them: on every raw topic each passes or becomes a dead letter."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from aiokafka.errors import MessageSizeTooLargeError

from streams.events import RAW_TOPICS, Account, Profile, encode_event
from streams.jobs.collection import collect_results
from streams.jobs.drain import wait_until_drained
from streams.jobs.workers import Workers
from streams.kafka.administration import create_topics
from streams.kafka.batch_writer import LARGEST_BATCH_BYTES, OutgoingRecord
from streams.kafka.client import producer, started_producer
from streams.kafka.dead_letter_record import original_headers
from streams.kafka.evidence_reading import kept_evidence
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from tests.core.evidence_checks import is_intact
from tests.pipeline.dead_letters import letters_in_topic
from tests.pipeline.world import World
from tools.kafka.running_broker import RunningBroker

_WORLD = World(seed=3, events=0)
_AT = datetime(2021, 1, 1, tzinfo=UTC)
_PART_BYTES = 150_000
_ROOM_BYTES = LARGEST_BATCH_BYTES - 61 - 15  # beside the batch's and the record's own bytes


def _shapes() -> dict[str, OutgoingRecord]:
    """Records of which a batch holds as much as a broker takes by default; all are refused by SCREEN."""
    key = b"k" * _PART_BYTES
    return {
        "key and value": OutgoingRecord("", key, b"\xff" * (_ROOM_BYTES - _PART_BYTES)),
        "key": OutgoingRecord("", b"k" * _ROOM_BYTES, b""),
        "key without value": OutgoingRecord("", b"k" * _ROOM_BYTES, None),
        "value": OutgoingRecord("", None, b"{" * _ROOM_BYTES),
        "a header": OutgoingRecord("", None, b"\xff", [("h", b"v" * (_ROOM_BYTES - 10))]),
        "many headers": OutgoingRecord("", b"k", b"\xff", [("h", b"v" * 50)] * (_ROOM_BYTES // 53 - 10)),
        "all three": OutgoingRecord(
            "", key, b"\xff" * (_ROOM_BYTES - 2 * _PART_BYTES - 10), [("a", b"v" * (_PART_BYTES // 2))] * 2
        ),
    }


async def _write(settings: Settings, shapes: Mapping[str, OutgoingRecord]) -> dict[tuple[str, int], int]:
    """Write each shape to every raw topic; a byte more would be refused. Returns what comes after the last record."""
    client = producer(settings)
    await client.start()
    try:
        next_offsets = {}
        for topic in RAW_TOPICS.values():
            name = settings.topic(topic)
            for record in shapes.values():
                options = {"key": record.key, "headers": list(record.headers), "partition": 0}
                sent = await client.send_and_wait(name, record.value, **options)
            next_offsets[topic, 0] = sent.offset + 1
        record = shapes["key and value"]
        with pytest.raises(MessageSizeTooLargeError):
            await client.send_and_wait(name, (record.value or b"") + b"\xff" * 20, key=record.key, partition=0)
    finally:
        await client.stop()
    return next_offsets


def _full_events() -> list[bytes]:
    """Events that pass, whose values alone fill a batch, with the shortest and the longest ids."""
    events = []
    for event_id in ("1", "ಠ" * 256, "\x00" * 256):
        profile = encode_event(Profile(platform="p" * 32, id=event_id, at=_AT, observed_at=_AT, actor=Account(id="7")))
        events.append(profile[:-1] + b" " * (_ROOM_BYTES - len(profile)) + b"}")
    return events


async def _write_profiles(settings: Settings, events: list[bytes]) -> int:
    async with started_producer(settings) as client:
        for event in events:
            await client.send_and_wait(settings.topic("profiles"), event, partition=0)
    return len(events)


def test_every_raw_record_that_a_default_broker_takes_gives_a_dead_letter_that_it_takes_too(
    kafka: RunningBroker, topic_prefix: str
) -> None:
    """On every raw topic: large keys, values and headers, with what was cut told by size and SHA-256. What passes is
    kept whole as evidence, however large.
    """
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix, commit_interval_seconds=0.3)
    shapes = _shapes()
    asyncio.run(create_topics(settings))
    asyncio.run(publish_roster(settings, _WORLD.roster))
    written = asyncio.run(_write(settings, shapes))
    passing = _full_events()
    written["profiles", 0] += asyncio.run(_write_profiles(settings, passing))
    with Workers(settings, 1) as crew:
        asyncio.run(wait_until_drained(settings, written, lambda _remaining: crew.check()))
    assert not asyncio.run(collect_results(settings)).dossiers
    evidence = asyncio.run(kept_evidence(settings, lambda key: key.kind == "event")).values()
    assert sorted(entry.value or b"" for entry in evidence) == sorted(passing)
    assert all(is_intact(entry) for entry in evidence)
    letters = {(each.letter.topic, each.letter.offset): each for each in asyncio.run(letters_in_topic(settings))}
    assert letters.keys() == {(topic, offset) for topic in RAW_TOPICS.values() for offset in range(len(shapes))}
    for (_topic, offset), stored in letters.items():
        record, letter = list(shapes.values())[offset], stored.letter
        value, key = record.value or b"", record.key or b""
        assert (letter.size, letter.sha256) == (len(value), hashlib.sha256(value).hexdigest())
        assert value.startswith(letter.payload)
        assert key.startswith(stored.key or b"")
        if stored.key != record.key:
            assert (letter.key_size, letter.key_sha256) == (len(key), hashlib.sha256(key).hexdigest())
        kept = original_headers([(f"original-{name}", value) for name, value in stored.headers])
        assert kept == list(record.headers[: len(kept)])
        assert letter.headers_count == (0 if len(kept) == len(record.headers) else len(record.headers))
        assert letter.cuts()
