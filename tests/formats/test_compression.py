"""Compressed input: the same bytes out, whatever the members and chunks, and an honest end where it is broken."""

import bz2
import gzip
import lzma
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.formats.inputs.compression import MAGIC_BYTES, Damaged, decompressed

Compress = Callable[[bytes], bytes]

COMPRESSORS: Final[dict[str, Compress]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}
SKIPPABLE_FRAME: Final = b"\x50\x2a\x4d\x18\x04\x00\x00\x00meta"

kinds = pytest.mark.parametrize("compress", COMPRESSORS.values(), ids=COMPRESSORS)
# Some of it repeats and some does not, so that members of all sizes in and out come up.
members = st.lists(
    st.binary(max_size=3_000)
    | st.builds(lambda one, n: one * n, st.binary(min_size=1, max_size=20), st.integers(0, 50_000)),
    min_size=1,
    max_size=4,
)


def read(data: bytes, chunk: int = 65_536) -> tuple[bytes, str | None]:
    """All that can be had of the data, and what was wrong with the rest."""
    chunks = (data[start : start + chunk] for start in range(0, len(data), chunk))
    blocks = decompressed(data[:MAGIC_BYTES], chunks)
    assert blocks is not None
    return drained(blocks)


def drained(blocks: Iterator[bytes]) -> tuple[bytes, str | None]:
    out = b""
    try:
        for block in blocks:
            out += block
    except Damaged as damage:
        return out, str(damage)
    return out, None


@pytest.mark.slow
@kinds
@given(members=members, chunk=st.integers(1, 5_000), padding=st.integers(0, 3))
@settings(max_examples=60)
def test_members_one_after_another_are_one_text(
    compress: Compress, members: list[bytes], chunk: int, padding: int
) -> None:
    data = (b"\x00" * 4 * padding).join(compress(member) for member in members) + b"\x00" * 4 * padding
    assert read(data, chunk) == (b"".join(members), None)


@kinds
def test_a_cut_anywhere_leaves_a_beginning_of_the_text_and_says_so(compress: Compress) -> None:
    text = b"".join(b"%d,%d\n" % (n, n * n * 7919 % 104729) for n in range(1_000))
    data = compress(text)
    kept: Counter[str] = Counter()
    for end in range(MAGIC_BYTES, len(data), 7):
        out, damage = read(data[:end])
        assert text.startswith(out)
        assert damage is not None
        assert "breaks off" in damage
        kept["some" if out else "none"] += 1
    assert kept["none"] > 0
    if compress is gzip.compress:  # the others decode in blocks, of which this text is one
        assert kept["some"] > 0


@kinds
def test_a_cut_late_in_a_long_input_loses_little(compress: Compress) -> None:
    """A multi-member file, as of rotated logs joined by `cat`: everything before the last member is there."""
    member = b"".join(b"line %d\n" % n for n in range(20_000))
    data = compress(member) * 10
    out, damage = read(data[:-10])
    assert damage is not None
    assert len(out) >= 9 * len(member)


@kinds
def test_a_changed_byte_never_raises_anything_but_damage(compress: Compress) -> None:
    seen: Counter[bool] = Counter()
    text = b"".join(b"line %d\n" % (n * 7919 % 104729) for n in range(500))
    whole = compress(text)

    @given(st.integers(MAGIC_BYTES, len(whole) - 1), st.integers(1, 255))
    @settings(max_examples=150)
    def check(place: int, change: int) -> None:
        data = bytearray(whole)
        data[place] ^= change
        out, damage = read(bytes(data))
        assert damage is not None or out == text  # a few bytes of a header mean nothing
        seen[damage is None] += 1

    check()
    assert seen[False] > 100


@kinds
def test_a_damaged_place_costs_little_of_what_stands_before_it(compress: Compress) -> None:
    member = b"".join(b"line %d\n" % (n * 7919 % 104729) for n in range(20_000))
    first, second = compress(member), bytearray(compress(member))
    second[len(second) // 2] ^= 0xFF
    out, damage = read(first + bytes(second))
    assert damage is not None
    assert out[: len(member)] == member


@kinds
def test_garbage_after_the_last_member_is_damage_after_all_of_the_text(compress: Compress) -> None:
    out, damage = read(compress(b"all of it\n") + b"garbage")
    assert out == b"all of it\n"
    assert damage is not None


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_what_no_codec_claims_is_left_alone(data: bytes) -> None:
    claimed = (
        data.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")) or data[1:4] == b"\x2a\x4d\x18"
    )
    blocks = decompressed(data[:MAGIC_BYTES], [data])
    if not claimed:
        assert blocks is None
    elif blocks is not None:
        drained(blocks)


def test_text_that_begins_like_bzip2_is_text() -> None:
    assert decompressed(b"BZh9 is how it begins"[:MAGIC_BYTES], []) is None


def test_skippable_frames_of_zstd_are_skipped() -> None:
    frame = COMPRESSORS["zst"](b"text\n")
    assert read(SKIPPABLE_FRAME + frame + SKIPPABLE_FRAME + frame) == (b"text\ntext\n", None)


def test_an_xz_header_that_asks_for_gigabytes_is_damage() -> None:
    """The size of the dictionary is one byte of the block header, and a decoder allocates what it says."""
    data = bytearray(lzma.compress(b"text\n"))
    header_size = (data[12] + 1) * 4
    assert data[14:16] == b"\x21\x01"  # LZMA2, one byte of properties: the size
    data[16] = 40  # 4 GiB
    data[12 + header_size - 4 : 12 + header_size] = zlib.crc32(data[12 : 12 + header_size - 4]).to_bytes(4, "little")
    out, damage = read(bytes(data))
    assert out == b""
    assert damage is not None
    assert "emory" in damage
