"""The year over which growth is measured, and the bytes in which it is measured."""

import asyncio
from collections import Counter
from typing import Final

import pytest
from aiokafka.admin import NewTopic

from bench.figures.growth import COMMIT_MARKER_BYTES, batch_bytes
from bench.figures.watched import wait_for
from bench.figures.year import Assumptions, year
from streams.kafka.client import admin, producer
from streams.settings import Settings
from tools.kafka.node import Kafka

_WORLD: Final = Assumptions(raw_rate=0.02)


def test_a_year_has_the_shares_that_it_is_said_to_have() -> None:
    kinds = Counter(come.event.kind for come in year(_WORLD))
    acts = kinds["retweet"] + kinds["quote"] + kinds["mention"]
    raw = _WORLD.raw_rate * 86_400 * _WORLD.days
    assert acts == pytest.approx(raw * _WORLD.official_share, rel=0.1)
    assert kinds["profile"] == pytest.approx(raw * _WORLD.profile_share, rel=0.1)
    assert kinds["suspension"] == pytest.approx(raw * _WORLD.suspension_share, rel=0.2)
    assert kinds["retweet"] == pytest.approx(acts * _WORLD.retweet_share, rel=0.1)
    subjects = {come.event.subject.id for come in year(_WORLD) if come.event.official is not None}
    assert len(subjects) == pytest.approx(acts * _WORLD.new_subject_share, rel=0.1)


def test_days_follow_each_other_and_equal_seeds_give_equal_years() -> None:
    days = [come.day for come in year(_WORLD)]
    assert days == sorted(days)
    assert (days[0], days[-1]) == (0, _WORLD.days - 1)
    assert list(year(_WORLD)) == list(year(_WORLD))


def test_sizes_are_those_of_the_file_that_kafka_writes(own_kafka: Kafka) -> None:
    """One transaction with two records: a batch and its commit marker."""
    records = [(b"twitter:1", b"x" * 700), (b"\x00position", bytes(8))]
    asyncio.run(_write_in_a_transaction(Settings(broker=own_kafka.address), records))
    log = own_kafka.directory / "data" / "measured-0" / "00000000000000000000.log"
    batch = batch_bytes(records, transactional=True)
    wait_for("the commit marker", lambda: log.stat().st_size > batch, timeout_seconds=30)  # it follows the answer
    assert log.stat().st_size == batch + COMMIT_MARKER_BYTES


async def _write_in_a_transaction(settings: Settings, records: list[tuple[bytes, bytes]]) -> None:
    async with admin(settings) as client:
        await client.create_topics([NewTopic("measured", 1, 1)])
    client = producer(settings, transactional_id="measured", linger_ms=50)
    await client.start()
    try:
        async with client.transaction():
            sent = [await client.send("measured", value, key=key, partition=0) for key, value in records]
            await asyncio.gather(*sent)
    finally:
        await client.stop()
