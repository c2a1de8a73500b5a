"""Compressed input as plain blocks: gz, bz2, xz and zst, known by their first bytes, in bounded memory.

Knows bytes, not lines or files.
"""

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

import zstandard

__all__ = ["MAGIC_BYTES", "Damaged", "decompressed"]

MAGIC_BYTES: Final = 14  # how many bytes of a file are enough to tell

# Compressed bytes handed to a codec at a time. Some formats expand a small input without limit of their own: from
# 1 KiB, zlib makes at most 1 MiB and zstd 32 MiB (a block of 4 bytes can stand for 128 KiB). It also bounds what is
# lost before a damaged place: a codec that fails drops what the same call had already decoded.
_SLICE: Final = 1_024
_BLOCK: Final = 262_144  # bytes of plain text, at least, in a block (but the last)
_MAX_XZ_MEMORY: Final = 268_435_456  # four times what `xz -9` needs; a hostile header can ask for 4 GiB


class Damaged(Exception):  # noqa: N818 - the end of an iteration that a caller turns into a dead letter
    """The input cannot be read any further; what came before it stands."""


class _Codec(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


_CODECS: Final[tuple[tuple[re.Pattern[bytes], Callable[[], _Codec]], ...]] = (
    (re.compile(rb"\x1f\x8b"), lambda: zlib.decompressobj(wbits=31)),
    (re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"), bz2.BZ2Decompressor),
    (re.compile(rb"\xfd7zXZ\x00"), lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_XZ_MEMORY)),
    # A frame, or the skippable frame that some tools begin with.
    (re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), lambda: zstandard.ZstdDecompressor().decompressobj()),
)


def decompressed(head: bytes, chunks: Iterable[bytes]) -> Iterator[bytes] | None:
    """Plain blocks of what `chunks` hold compressed, or `None` where `head`, their beginning, is of no known format.

    Any number of members (streams, frames) one after the other, with or without zero padding between them. The
    iteration ends in `Damaged`, after all blocks that could be decoded, where the input breaks off or is broken.
    """
    for magic, new_codec in _CODECS:
        if magic.match(head):
            return _gathered(_members(new_codec, chunks))
    return None


def _members(new_codec: Callable[[], _Codec], chunks: Iterable[bytes]) -> Iterator[bytes]:
    codec: _Codec | None = None
    for data in _slices(chunks):
        while data:
            if codec is None:
                data = data.lstrip(b"\x00")
                if not data:
                    break
                codec = new_codec()
            yield from _decoded(codec, data)
            data = codec.unused_data if codec.eof else b""
            if codec.eof:
                codec = None
    if codec is not None:
        raise Damaged("the compressed data breaks off")


def _slices(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            yield chunk[start : start + _SLICE]


def _decoded(codec: _Codec, data: bytes) -> Iterator[bytes]:
    try:
        if isinstance(codec, bz2.BZ2Decompressor | lzma.LZMADecompressor):
            yield codec.decompress(data, _BLOCK)
            while not (codec.eof or codec.needs_input):
                yield codec.decompress(b"", _BLOCK)
        else:
            yield codec.decompress(data)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
        raise Damaged(f"the compressed data is damaged: {error}") from error


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer blocks: splitting lines costs per block."""
    gathered: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            gathered.append(piece)
            size += len(piece)
            if size >= _BLOCK:
                yield b"".join(gathered)
                gathered.clear()
                size = 0
    except Damaged:
        yield b"".join(gathered)
        raise
    yield b"".join(gathered)
