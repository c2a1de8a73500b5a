"""Compressed batches from strangers: ordinary ones count, of any codec; bombs are dead letters in little memory."""

import asyncio
import hashlib
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import google_crc32c
from aiokafka import AIOKafkaProducer

from streams.deadletters import Reason
from streams.events import Retweet, encode_event
from streams.jobs.collection import collect_results
from streams.jobs.drain import wait_until_drained
from streams.kafka.administration import create_topics
from streams.kafka.batch_writer import LARGEST_BATCH_BYTES
from streams.kafka.dead_letter_topic import read_dead_letters
from streams.kafka.roster_topic import publish_roster, published_roster
from streams.settings import Settings
from tests.pipeline.crew import Crew
from tests.pipeline.dead_letters import letters_in_topic
from tests.pipeline.world import World
from tools.kafka.running_broker import RunningBroker

_WORLD = World(seed=3, events=0)
_BOMB_BYTES = {"gzip": 900_000_000, "snappy": 20_000_000, "lz4": 80_000_000, "zstd": 80_000_000}
_MOST_MEMORY_BYTES = 200_000_000  # 120 MB are taken; without the limit a bomb of 80 MB alone would add 240
_HEADER_BYTES = 61
_SMALLER_BYTES = 80_000_000
_INTERNAL = {"officials", "tracked-accounts", "subject-events", "country-events"}


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


def _varint(number: int) -> bytes:
    """As record batches have it: zigzag, seven bits a byte."""
    number <<= 1
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*made, number])


def _gzip_bomb(size: int) -> bytes:
    """A record batch of one record with a value of `size` zeros, in whole millions, made without having them."""
    before = b"\0\0\0" + _varint(4) + b"bomb" + _varint(size)  # attributes, time, offset, key, size
    before, after = _varint(len(before) + size + 1) + before, b"\0"
    million = bytes(1_000_000)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = deflate.compress(before) + deflate.flush(zlib.Z_FULL_FLUSH)
    block = deflate.compress(million) + deflate.flush(zlib.Z_FULL_FLUSH)  # from here on the same again and again
    end = deflate.compress(after) + deflate.flush()
    checksum = zlib.crc32(before)
    for _ in range(size // len(million)):
        checksum = zlib.crc32(million, checksum)
    trailer = struct.pack("<II", zlib.crc32(after, checksum), (len(before) + size + 1) % 2**32)
    gzip_header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    records = gzip_header + start + block * (size // len(million)) + end + trailer
    now_ms = int(time.time() * 1_000)
    checked = struct.pack(">hiqqqhii", 1, 0, now_ms, now_ms, -1, -1, -1, 1) + records
    return struct.pack(">qiibI", 0, len(checked) + 9, -1, 2, google_crc32c.value(checked)) + checked


async def _send_batch(client: AIOKafkaProducer, topic: str, batch: bytes) -> Any:
    """One that is encoded already."""
    made = client.create_batch()
    made.append(timestamp=None, key=None, value=b"")
    made.close()
    made._buffer = bytearray(batch)
    return await (await client.send_batch(made, topic, partition=0))


async def _write(settings: Settings) -> dict[int, tuple[str, str]]:
    """On partition 0 of `retweets`, by each codec: events, a bomb, events; a key of 3 MB at the end. And a bomb on each
    other topic that a worker or a command reads. Returns the bombs by offset.
    """
    bombs: dict[int, tuple[str, str]] = {}
    for number, (codec, size) in enumerate(_BOMB_BYTES.items()):
        client = _producer(settings, codec)
        await client.start()
        topic = settings.topic("retweets")
        await client.send_and_wait(topic, _good(2 * number), key=b"k", partition=0)
        bomb = bytes(min(size, _SMALLER_BYTES))
        if codec == "gzip":
            batch = _gzip_bomb(size)
            assert len(batch) < LARGEST_BATCH_BYTES
            sent: Any = await _send_batch(client, topic, batch)
        else:
            sent = await client.send_and_wait(topic, bomb, key=b"bomb", partition=0)
        bombs[sent.offset] = (codec, f"{codec}: more than {settings.unpacked_max_bytes:,} bytes")
        await client.send_and_wait(topic, _good(2 * number + 1), key=b"k", partition=0)
        if codec == "gzip":
            for other in (*_INTERNAL, "dead-letters"):
                await client.send_and_wait(settings.topic(other), bomb, key=b"bomb", partition=0)
            await client.send_and_wait(topic, b"\xff", key=b"k" * 3_000_000, partition=0)
        await client.stop()
    return bombs


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
    with Crew(settings, tmp_path) as crew:
        worker = crew.add()

        def check(_remaining: int) -> None:
            assert worker.poll() is None, crew.logs()

        asyncio.run(wait_until_drained(settings, {("retweets", 0): 3 * len(_BOMB_BYTES) + 1}, check))
        assert _peak_memory_bytes(worker.pid) < _MOST_MEMORY_BYTES
    results = asyncio.run(collect_results(settings))
    assert results.dossiers["twitter:700000"].totals.retweet == 2 * len(_BOMB_BYTES)

    stored_here = asyncio.run(letters_in_topic(settings))
    internal = {stored.letter.topic: stored.letter for stored in stored_here if stored.letter.topic != "retweets"}
    assert internal.keys() == _INTERNAL
    assert {letter.offset for letter in internal.values()} == {0}
    assert {internal[topic].reason for topic in ("subject-events", "country-events")} == {Reason.BAD_BATCH}
    letters = {stored.letter.offset: stored for stored in stored_here if stored.letter.topic == "retweets"}
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
