"""Checksums of fetched records: every damage is found, and a damaged record stops a reader as aiokafka's check does."""

import asyncio
import time
from collections import Counter

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.faust_driver.checksums import are_sound, check_quickly
from tools.kafka.node import Kafka

_HEADER_BYTES = 21  # base offset, length, leader epoch, magic, checksum: what the checksum does not cover


def _batch(values: list[bytes]) -> bytes:
    outside_transactions = {"is_transactional": 0, "producer_id": -1, "producer_epoch": -1, "base_sequence": -1}
    builder = DefaultRecordBatchBuilder(2, 0, batch_size=1 << 20, **outside_transactions)
    for offset, value in enumerate(values):
        builder.append(offset, timestamp=1, key=None, value=value, headers=[])
    return bytes(builder.build())


def test_records_are_sound_where_aiokafka_says_so_whichever_bit_is_wrong() -> None:
    """Of what a fetch brings: whole batches one behind the other, and perhaps one that is cut off at the end."""
    seen = Counter[str]()
    values = st.lists(st.binary(max_size=300), min_size=1, max_size=5)

    @settings(max_examples=100)
    @given(st.lists(values, min_size=1, max_size=4), st.none() | st.integers(0, 10**6), st.integers(0, 400))
    def check(made: list[list[bytes]], damaged_at: int | None, cut: int) -> None:
        batches = [bytearray(_batch(values)) for values in made]
        if damaged_at is not None:
            batch = batches[damaged_at % len(batches)]
            bit = damaged_at % ((len(batch) - _HEADER_BYTES) * 8)
            batch[_HEADER_BYTES + bit // 8] ^= 1 << bit % 8
        last_is_whole = cut == 0
        whole = [bytes(batch) for batch in (batches if last_is_whole else batches[:-1])]
        rest = b"" if last_is_whole else bytes(batches[-1][:-cut])
        expected = all(DefaultRecordBatch(batch).validate_crc() for batch in whole)
        assert are_sound(b"".join(whole) + rest) is expected
        seen["sound" if expected else "damaged"] += 1
        seen["cut off"] += bool(rest)

    check()
    assert {what: seen[what] for what in ("sound", "damaged", "cut off") if seen[what] < 5} == {}


def test_an_older_format_is_left_to_aiokafka() -> None:
    """Its checksums stand elsewhere."""
    batch = bytearray(_batch([b"x"]))
    batch[16] = 1
    assert not are_sound(bytes(batch))


@pytest.mark.parametrize("quickly", [True, False])
def test_a_record_that_was_damaged_on_the_brokers_disk_is_never_handed_over(own_kafka: Kafka, *, quickly: bool) -> None:
    """Kafka does not look at its log again before it sends it. The one before it is."""

    async def write() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=own_kafka.address)
        await admin.start()
        await admin.create_topics([NewTopic("damaged", 1, 1)])
        await admin.close()
        producer = AIOKafkaProducer(bootstrap_servers=own_kafka.address)
        await producer.start()
        await producer.send_and_wait("damaged", b"sound")
        await producer.send_and_wait("damaged", b"to be damaged")
        await producer.stop()

    async def read() -> list[bytes]:
        consumer = AIOKafkaConsumer(bootstrap_servers=own_kafka.address, auto_offset_reset="earliest")
        await consumer.start()
        if quickly:
            check_quickly(consumer._client, consumer._fetcher)
        consumer.assign([TopicPartition("damaged", 0)])
        found: list[bytes] = []
        until = time.monotonic() + 20
        try:
            while time.monotonic() < until:
                found.append((await consumer.getone()).value)
        except CorruptRecordException:
            return found
        finally:
            await consumer.stop()
        raise AssertionError(found)

    asyncio.run(write())
    own_kafka.stop()
    [log] = own_kafka.directory.glob("data/damaged-0/*.log")
    content = log.read_bytes()
    assert content.count(b"to be damaged") == 1
    log.write_bytes(content.replace(b"to be damaged", b"to be Damaged"))
    own_kafka.start()
    assert asyncio.run(read()) == [b"sound"]
