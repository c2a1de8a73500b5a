"""Compressed records are unpacked within a limit: what fits is what was packed, nothing costs more than the limit."""

import gzip
import tracemalloc
from collections.abc import Callable

import cramjam
import pytest
import zstandard
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from hypothesis import given
from hypothesis import strategies as st

from streams.faust_driver.codecs import CODECS, CannotUnpackError, unpacked

_GZIP, _SNAPPY, _LZ4, _ZSTD = 1, 2, 3, 4
_LIMIT = 1_048_576
_PACKERS: dict[int, list[Callable[[bytes], bytes]]] = {
    _GZIP: [gzip_encode, lambda data: gzip.compress(data[:100]) + gzip.compress(data[100:])],
    _SNAPPY: [snappy_encode, lambda data: snappy_encode(data, xerial_compatible=False)],
    _LZ4: [lz4_encode, lambda data: bytes(cramjam.lz4.compress(data))],
    _ZSTD: [zstd_encode, lambda data: zstandard.compress(data[:100]) + zstandard.compress(data[100:])],
}
_EACH = [(codec, pack) for codec, packers in _PACKERS.items() for pack in packers]

_each_codec = pytest.mark.parametrize(("codec", "pack"), _EACH, ids=[CODECS[codec][0] for codec, _pack in _EACH])


def test_every_codec_of_kafka_has_its_packers() -> None:
    assert _PACKERS.keys() == CODECS.keys()


@pytest.mark.slow
@_each_codec
def test_what_fits_comes_out_as_it_went_in_and_a_byte_more_does_not(codec: int, pack: Callable[[bytes], bytes]) -> None:
    """As Java, librdkafka and aiokafka pack it: framed or not, in one piece or several."""

    @given(st.binary(max_size=300), st.integers(1, 400))
    def fits(piece: bytes, times: int) -> None:
        data = piece * times
        packed = bytes(pack(data))
        assert unpacked(codec, packed, max(1, len(data))) == data
        if data:
            with pytest.raises(CannotUnpackError):
                unpacked(codec, packed, len(data) - 1)

    fits()


@pytest.mark.slow
@_each_codec
def test_a_bomb_costs_no_more_than_the_limit(codec: int, pack: Callable[[bytes], bytes]) -> None:
    """Sixty-four times as much as is allowed is never there, whatever the codec's own library would make of it."""
    packed = bytes(pack(bytes(64 * _LIMIT)))
    tracemalloc.start()
    try:
        with pytest.raises(CannotUnpackError, match="more than 1,048,576 bytes"):
            unpacked(codec, packed, _LIMIT)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 8 * _LIMIT + len(packed)


@given(st.integers(0, 7), st.binary(max_size=200))
def test_garbage_is_refused_in_words(codec: int, data: bytes) -> None:
    """Nothing but the one error, whatever the bytes and the number of the codec."""
    for _codec, pack in _EACH:
        for garbage in (data, bytes(pack(data))[:-3], bytes(pack(data))[:9] + data):
            assert _refusal(codec, garbage).isprintable()


def _refusal(codec: int, data: bytes) -> str:
    try:
        unpacked(codec, data, _LIMIT)
    except CannotUnpackError as error:
        return str(error)
    return ""
