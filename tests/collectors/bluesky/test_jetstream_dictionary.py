"""Frames are unpacked within bounds, whatever they claim of their size."""

import pytest
import zstandard

from streams.collectors.bluesky.jetstream_dictionary import Unpacker
from tools.servers.jetstream.dictionary import V2_ID, v1_dictionary, v2_dictionary

_LARGEST = 100_000


def _packed(data: bytes, *, says_size: bool, dictionary: bytes | None = None) -> bytes:
    used = zstandard.ZstdCompressionDict(dictionary or v2_dictionary())
    return zstandard.ZstdCompressor(dict_data=used, write_content_size=says_size).compress(data)


@pytest.mark.parametrize("says_size", [True, False])
def test_a_frame_is_unpacked_up_to_the_largest_and_refused_beyond(says_size: bool) -> None:
    unpacker = Unpacker(v2_dictionary(), _LARGEST)
    assert unpacker.id == V2_ID
    largest = b"a" * _LARGEST
    assert unpacker.unpacked(_packed(largest, says_size=says_size)) == largest
    bomb = _packed(b"a" * 50_000_000, says_size=says_size)
    assert len(bomb) < 10_000
    with pytest.raises(ValueError, match="unpacks to"):
        unpacker.unpacked(bomb)


def test_what_is_no_frame_or_was_packed_with_another_dictionary_is_refused() -> None:
    unpacker = Unpacker(v2_dictionary(), _LARGEST)
    packed = _packed(b'{"did":"did:plc:a"}' * 9, says_size=True)
    foreign = _packed(b'{"did":"did:plc:a"}' * 9, says_size=True, dictionary=v1_dictionary())
    for data in (b"", b"{}", packed[:-3], foreign):
        with pytest.raises(ValueError, match="not compressed with dictionary"):
            unpacker.unpacked(data)


@pytest.mark.parametrize("data", [b"", b"short", b"no dictionary at all", b"\x37\xa4\x30\xec\0\0\0\0rest"])
def test_what_is_no_structured_dictionary_is_not_used(data: bytes) -> None:
    with pytest.raises(ValueError, match="dictionary"):
        Unpacker(data, _LARGEST)
