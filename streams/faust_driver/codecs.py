"""Compressed records, unpacked up to a limit: what would be larger is never held. Knows Kafka's four codecs."""

import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import zstandard

try:
    import cramjam
except ImportError:  # an installation without it reads gzip and zstd
    cramjam = None

__all__ = ["CODECS", "CannotUnpackError", "unpacked"]

_XERIAL: Final = b"\x82SNAPPY\x00"  # how Java frames snappy: this, two version numbers, and blocks after their lengths
_XERIAL_HEADER_BYTES: Final = 16
_LZ4_FRAME: Final = b"\x04\x22\x4d\x18"
_LZ4_UNCOMPRESSED: Final = 0x8000_0000
_ZSTD_LEAST_WINDOW: Final = 8_388_608  # what every decoder is to support (RFC 8878)


class CannotUnpackError(Exception):
    """The records would be larger than the limit, are damaged, or in a codec that nobody here knows."""


def unpacked(codec: int, data: bytes, limit_bytes: int) -> bytes:
    """The records of a batch with the codec number that its attributes name: at most `limit_bytes`.

    Needs memory for the limit, never for what the data pretends to hold. Raises `CannotUnpackError`, nothing else.
    """
    name, unpack = CODECS.get(codec, (f"codec {codec}", _unknown))
    try:
        return unpack(data, limit_bytes)
    except CannotUnpackError:
        raise
    except Exception as error:  # whatever a codec's library says of a stranger's bytes
        raise CannotUnpackError(f"{name}: {' '.join(str(error).split()) or type(error).__name__}") from error


def _gzip(data: bytes, limit_bytes: int) -> bytes:
    members: list[bytes] = []
    left_bytes = limit_bytes
    while data:
        member = zlib.decompressobj(wbits=31)
        members.append(member.decompress(data, left_bytes + 1))
        left_bytes -= len(members[-1])
        if left_bytes < 0:
            raise _too_large("gzip", limit_bytes)
        if not member.eof:
            raise CannotUnpackError("gzip: the data breaks off")
        data = member.unused_data
    return b"".join(members)


def _zstd(data: bytes, limit_bytes: int) -> bytes:
    decompressor = zstandard.ZstdDecompressor(max_window_size=max(limit_bytes, _ZSTD_LEAST_WINDOW))
    with decompressor.stream_reader(data, read_across_frames=True) as reader:
        whole = reader.read(limit_bytes + 1)
    if len(whole) > limit_bytes:
        raise _too_large("zstd", limit_bytes)
    return whole


def _snappy(data: bytes, limit_bytes: int) -> bytes:
    blocks = _xerial_blocks(data) if data.startswith(_XERIAL) else [data]
    snappy = _library().snappy
    # Each block begins with the size that it will have, and the decoder makes no more of it.
    if sum(snappy.decompress_raw_len(block) for block in blocks) > limit_bytes:
        raise _too_large("snappy", limit_bytes)
    return b"".join(bytes(snappy.decompress_raw(block)) for block in blocks)


def _xerial_blocks(data: bytes) -> list[bytes]:
    blocks: list[bytes] = []
    at = _XERIAL_HEADER_BYTES
    while at < len(data):
        (size,) = struct.unpack_from(">i", data, at)
        if size <= 0 or at + 4 + size > len(data):
            raise CannotUnpackError("snappy: a block breaks off")
        blocks.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return blocks


def _lz4(data: bytes, limit_bytes: int) -> bytes:
    lz4 = _library().lz4
    at_most_bytes = _lz4_at_most(data)
    if at_most_bytes is not None and at_most_bytes <= limit_bytes:
        return bytes(lz4.decompress(data))
    room = bytearray(limit_bytes)
    try:
        size = lz4.decompress_into(data, room)
    except Exception as error:
        if "whole buffer" in str(error):
            raise _too_large("lz4", limit_bytes) from error
        raise
    return bytes(memoryview(room)[:size])


def _lz4_at_most(data: bytes) -> int | None:
    """The number of blocks times the size of the largest that the frame's header allows; `None` if it is not plain."""
    if data[:4] != _LZ4_FRAME or len(data) < 7:
        return None
    flags, descriptor = data[4], data[5]
    block_bytes = 1 << (8 + 2 * (descriptor >> 4 & 7))
    checksum_bytes = 4 if flags & 0x10 else 0
    at = 7 + (8 if flags & 0x08 else 0) + (4 if flags & 0x01 else 0)
    at_most_bytes = 0
    while at + 4 <= len(data):
        (size,) = struct.unpack_from("<I", data, at)
        if size == 0:
            at += 4 + (4 if flags & 0x04 else 0)
            return at_most_bytes if at == len(data) else None
        at += 4 + (size & ~_LZ4_UNCOMPRESSED) + checksum_bytes
        at_most_bytes += block_bytes
    return None


def _library() -> Any:
    if cramjam is None:
        raise CannotUnpackError("snappy and lz4 need the package cramjam")
    return cramjam


def _unknown(_data: bytes, _limit_bytes: int) -> bytes:
    raise CannotUnpackError("a codec that Kafka does not name")


def _too_large(name: str, limit_bytes: int) -> CannotUnpackError:
    return CannotUnpackError(f"{name}: more than {limit_bytes:,} bytes")


CODECS: Final[Mapping[int, tuple[str, Callable[[bytes, int], bytes]]]] = {
    1: ("gzip", _gzip),
    2: ("snappy", _snappy),
    3: ("lz4", _lz4),
    4: ("zstd", _zstd),
}
"""Kafka's codecs by the number in a batch's attributes: their names, and what unpacks them up to a limit."""
