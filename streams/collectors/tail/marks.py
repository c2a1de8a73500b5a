"""Where a file was read to, told by its content: what stands at its beginning and just before that place.

An inode is given to another file as soon as it is free, and a copy has another one: content tells both.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

from msgspec import Struct

__all__ = ["HEAD_BYTES", "MARK_BYTES", "FileMark", "FilePlace", "mark_of", "past_mark"]

MARK_BYTES: Final = 1_024
HEAD_BYTES: Final = 20_480
"""How much of a file's beginning is kept: the header of a table is in it."""


class FileMark(Struct, frozen=True):
    """Digests of the first and of the last `MARK_BYTES` before `offset` (all of it, where there are fewer)."""

    offset: int = 0
    head: str = ""
    tail: str = ""


class FilePlace(Struct, frozen=True, kw_only=True):
    """The cursor: which file, and how far. `modified_ns` is when it was last written as far as it was read; `previous`
    is the end of the file before it. `is_lost`: what came before this place was not read whole.
    """

    device: int
    inode: int
    modified_ns: int
    mark: FileMark = FileMark()
    previous: FileMark | None = None
    is_lost: bool = False


def mark_of(offset: int, head: bytes, tail: bytes) -> FileMark:
    """The mark of a place: `head` is what the file begins with, `tail` what stands before the place, both as far as the
    place and long enough.
    """
    return FileMark(offset, _digest(head[:MARK_BYTES]), _digest(tail[-MARK_BYTES:]))


def past_mark(blocks: Iterable[bytes], mark: FileMark) -> tuple[bytes, bytes, Iterator[bytes]] | None:
    """Head and tail of the mark, and the blocks behind it; `None` where the content is not what the mark says."""
    blocks = iter(blocks)
    head = tail = b""
    left = mark.offset
    rest = b""
    while left > 0:
        block = next(blocks, None)
        if block is None:
            return None
        block, rest = block[:left], block[left:]
        left -= len(block)
        head = (head + block)[:HEAD_BYTES] if len(head) < HEAD_BYTES else head
        tail = (tail + block)[-MARK_BYTES:]
    if mark_of(mark.offset, head, tail) != mark:
        return None
    return head, tail, _behind(rest, blocks)


def _behind(rest: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    if rest:
        yield rest
    yield from blocks


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:16] if data else ""
