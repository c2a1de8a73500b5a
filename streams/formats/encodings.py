"""Text of another Unicode encoding as UTF-8, known by its byte order mark or its zero bytes. Knows bytes, not lines."""

import codecs
from collections.abc import Iterator
from typing import Final

from streams.formats.compression import Damaged

__all__ = ["UTF8_BOM", "as_utf8", "rejoined"]

UTF8_BOM: Final = codecs.BOM_UTF8
_MARKS: Final = (  # the longer first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ENOUGH: Final = 4  # bytes


def as_utf8(blocks: Iterator[bytes]) -> tuple[str, Iterator[bytes]]:
    """The encoding's name (`utf-8` for anything that is not known to be another) and the blocks in UTF-8, without a
    byte order mark. The iteration ends in `Damaged` where the text is not of that encoding.
    """
    head = b""
    try:
        while len(head) < _ENOUGH and (block := next(blocks, None)) is not None:
            head = head + block if head else block  # a block of some codecs is large
    except Damaged as damage:
        return "utf-8", rejoined(head, blocks, damage)
    if head.startswith(UTF8_BOM):
        return "utf-8", rejoined(head[len(UTF8_BOM) :], blocks)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, _transcoded(rejoined(head[len(mark) :], blocks), name)
    # Without a mark: every JSON and every list of ours begins with a character of ASCII.
    if len(head) >= _ENOUGH and head[0] and not head[1] and head[2] and not head[3]:
        return "utf-16-le", _transcoded(rejoined(head, blocks), "utf-16-le")
    if len(head) >= _ENOUGH and not head[0] and head[1] and not head[2] and head[3]:
        return "utf-16-be", _transcoded(rejoined(head, blocks), "utf-16-be")
    return "utf-8", rejoined(head, blocks)


def rejoined(head: bytes, blocks: Iterator[bytes], damage: Damaged | None = None) -> Iterator[bytes]:
    """What was read of the blocks to look at it, then the others; or then the damage that was met meanwhile. Keeps
    nothing of what it has given: a block may be large."""
    heads = [head]
    del head
    yield heads.pop()
    if damage is not None:
        raise damage
    yield from blocks


def _transcoded(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    # What is no character becomes U+FFFD, as half a surrogate pair in an export: it costs its field, not the file.
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for block in blocks:
        yield decoder.decode(block).replace("\ufeff", "").encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")
