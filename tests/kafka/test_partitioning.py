"""A key's partition is the one that Java's clients and aiokafka choose."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.partitioning import partition_of


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=20), st.integers(1, 100))
def test_it_agrees_with_aiokafka_also_on_keys_it_remembers(keys: list[bytes], partitions: int) -> None:
    numbers = list(range(partitions))
    for key in keys + keys:
        assert partition_of(key, partitions) == DefaultPartitioner()(key, numbers, numbers)


@pytest.mark.parametrize(
    ("key", "java"),
    [
        (b"21", -973_932_308),
        (b"foobar", -790_332_482),
        (b"a-little-bit-long-string", -985_981_536),
        (b"a-little-bit-longer-string", -1_486_304_829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        (b"abc", 479_470_107),
    ],
)
def test_it_agrees_with_java(key: bytes, java: int) -> None:
    """The values are those of Kafka's own test of `Utils.murmur2`."""
    for partitions in (1, 7, 8, 12, 1_000):
        assert partition_of(key, partitions) == (java & 0x7FFFFFFF) % partitions


def test_records_without_a_key_go_everywhere() -> None:
    assert {partition_of(None, 3) for _ in range(1_000)} == {0, 1, 2}
