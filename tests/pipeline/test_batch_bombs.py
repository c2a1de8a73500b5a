"""Compressed batches from strangers: ordinary ones count, of any codec; bombs are dead letters in little memory."""

import asyncio
import hashlib
import struct
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.brokers.administration import create_topics
from streams.brokers.dead_letter_topic import StoredLetter, read_dead_letters, stored_letters
from streams.brokers.roster_topic import publish_roster, published_roster
from streams.deadletters import Reason
from streams.events import Retweet, encode_event
from streams.runs.collection import collect_results
from streams.runs.drain import wait_until_through
from streams.settings import Settings
from tests.brokers.running import RunningBroker
from tests.pipeline.crew import Crew
from tests.pipeline.world import World

_WORLD = World(seed=3, events=0)
_BOMB_BYTES = {"gzip": 80_000_000, "snappy": 20_000_000, "lz4": 80_000_000, "zstd": 80_000_000}
_MOST_MEMORY_BYTES = 200_000_000  # 120 MB are taken; without the limit each of the large bombs alone would add 240
_HEADER_BYTES = 61


def _good(number: int) -> bytes:
    at = _WORLD.subjects[0].created_at
    assert at is not None
    official, subject = _WORLD.officials[number], _WORLD.subjects[0]
    return encode_event(Retweet(platform="twitter", id=str(number), at=at, actor=official, subject=subject))


def _producer(settings: Settings, codec: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=settings.broker,
        compression_type=codec,
        max_batch_size=2**30,
        max_request_size=2**31 - 1,
        linger_ms=0,
    )


async def _write(settings: Settings) -> dict[int, tuple[str, str]]:
    """On partition 0 of `retweets`, by each codec: events, a bomb, events; a key of 3 MB at the end. And a bomb on each
    other topic on which strangers may write and that a worker or a command reads. Returns the bombs by offset.
    """
    bombs: dict[int, tuple[str, str]] = {}
    for number, (codec, size) in enumerate(_BOMB_BYTES.items()):
        client = _producer(settings, codec)
        await client.start()
        topic = settings.topic("retweets")
        await client.send_and_wait(topic, _good(2 * number), key=b"k", partition=0)
        bomb = bytes(size)
        sent: Any = await client.send_and_wait(topic, bomb, key=b"bomb", partition=0)
        bombs[sent.offset] = (codec, f"{codec}: more than {settings.unpacked_max_bytes:,} bytes")
        await client.send_and_wait(topic, _good(2 * number + 1), key=b"k", partition=0)
        if codec == "gzip":
            for other in ("officials", "dead-letters"):
                await client.send_and_wait(settings.topic(other), bomb, key=b"bomb", partition=0)
            await client.send_and_wait(topic, b"\xff", key=b"k" * 3_000_000, partition=0)
        await client.stop()
    return bombs


async def _letters(settings: Settings) -> list[StoredLetter]:
    return [stored async for stored in stored_letters(settings) if stored is not None]


def _peak_memory_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1_024 for line in lines if line.startswith("VmHWM:"))


def test_batches_of_every_codec_count_and_bombs_become_dead_letters_in_bounded_memory(
    kafka: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """With the product's own limits. A bomb's letter names its offsets and has the batch as it lies on the broker."""
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix, commit_interval_seconds=0.3)
    asyncio.run(create_topics(settings))
    bombs = asyncio.run(_write(settings))
    asyncio.run(publish_roster(settings, _WORLD.roster))
    crew = Crew(settings, tmp_path)
    try:
        worker = crew.add()

        def check(_remaining: int) -> None:
            assert worker.poll() is None, crew.logs()

        asyncio.run(wait_until_through(settings, {("retweets", 0): 3 * len(_BOMB_BYTES) + 1}, check))
        assert _peak_memory_bytes(worker.pid) < _MOST_MEMORY_BYTES
    finally:
        crew.dismiss_all()
    results = asyncio.run(collect_results(settings))
    assert results.dossiers["twitter:700000"].totals.retweet == 2 * len(_BOMB_BYTES)

    letters = {stored.letter.offset: stored for stored in asyncio.run(_letters(settings))}
    large_key = letters.pop(next(offset for offset, stored in letters.items() if stored.key is not None))
    assert (large_key.letter.key_size, large_key.letter.payload) == (3_000_000, b"\xff")
    assert large_key.letter.key_sha256 == hashlib.sha256(b"k" * 3_000_000).hexdigest()
    assert letters.keys() == bombs.keys()
    for offset, (_codec, why) in bombs.items():
        letter = letters[offset].letter
        assert (letter.reason, letter.topic, letter.partition) == (Reason.BAD_BATCH, "retweets", 0)
        assert letter.detail.endswith(f"offsets {offset} to {offset}: {why}")
        assert struct.unpack_from(">q", letter.payload) == (offset,)
        assert letter.size > _HEADER_BYTES
        assert hashlib.sha256(letter.payload).hexdigest() == letter.sha256

    assert asyncio.run(read_dead_letters(settings, limit=1)).foreign == 1
    assert asyncio.run(published_roster(settings)).foreign == 1
