"""Text of another encoding as UTF-8: Unicode is known by its byte order mark or its zero bytes, what is older guessed
from its characters. Knows bytes, not lines.
"""

import codecs
from collections.abc import Callable, Iterator
from typing import Final

import charset_normalizer

from streams.formats.inputs.compression import Damaged

__all__ = ["UTF8_BOM", "as_utf8", "peeked", "raising", "rejoined"]

UTF8_BOM: Final = codecs.BOM_UTF8
_MARKS: Final = (  # the longer first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ENOUGH: Final = 4  # bytes
# What tables and exports come in besides Unicode: all of them write ids, handles and times as ASCII does.
_CANDIDATES: Final = (
    *("cp1251", "cp1252", "cp1256", "cp1250", "cp1254", "cp1253", "cp1255", "koi8_r", "cp866"),
    *("gb18030", "big5", "shift_jis", "euc_jp", "euc_kr"),
)
_SAMPLE: Final = 262_144  # bytes that are looked at for it
_MOST_LINES: Final = 500
_LEAST_OTHERS: Final = 16  # bytes that are not ASCII


def as_utf8(blocks: Iterator[bytes]) -> tuple[str, Iterator[bytes]]:
    """The encoding's name (`utf-8` for anything that is not known to be another; a guess says so) and the blocks in
    UTF-8, without a byte order mark. The iteration ends in `Damaged` where the text is not of that encoding.
    """
    head, blocks = peeked(blocks, lambda head: len(head) >= _ENOUGH)
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
    guessed = _guessed(head)
    if guessed is not None:
        return f"{guessed} (guessed)", _transcoded(rejoined(head, blocks), guessed)
    return "utf-8", rejoined(head, blocks)


def _guessed(head: bytes) -> str | None:
    """The encoding of text that has other characters than ASCII and no line of them in UTF-8; `None` where it cannot
    be told. A file of UTF-8 with some broken lines stays what it is: these lines are refused one by one.
    """
    lines = [line for line in head[:_SAMPLE].split(b"\n") if not line.isascii()]
    if b"\x00" in head[:_SAMPLE] or not lines or any(_is_utf8(line) for line in lines[:_MOST_LINES]):
        return None
    if len(lines) == 1 and not _is_broken_inside(lines[0]):
        return None
    if sum(byte > 127 for line in lines for byte in line) < _LEAST_OTHERS:
        return None  # a few broken bytes are no text
    best = charset_normalizer.from_bytes(b"\n".join(lines[:_MOST_LINES]), cp_isolation=list(_CANDIDATES)).best()
    return None if best is None else best.encoding


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_broken_inside(line: bytes) -> bool:
    """Whether it is no UTF-8 even if it was only cut off at its end."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(line)
    except UnicodeDecodeError:
        return True
    return False


def peeked(blocks: Iterator[bytes], is_enough: Callable[[bytes], bool]) -> tuple[bytes, Iterator[bytes]]:
    """The first blocks, joined, as many as are enough to look at, and the others. Damage that is met meanwhile comes
    with the others.
    """
    head = b""
    try:
        while not is_enough(head) and (block := next(blocks, None)) is not None:
            head = head + block if head else block  # a block of some codecs is large
    except Damaged as damage:
        return head, raising(damage)
    return head, blocks


def rejoined(head: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """What was peeked at, then the others. Keeps nothing of what it has given: a block may be large."""
    heads = [head]
    del head
    yield heads.pop()
    yield from blocks


def raising(damage: Damaged) -> Iterator[bytes]:
    """Blocks of which there are none, and that end in this damage."""
    yield from ()
    raise damage


def _transcoded(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    # What is no character becomes U+FFFD, as half a surrogate pair in an export: it costs its field, not the file.
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for block in blocks:
        yield decoder.decode(block).replace("\ufeff", "").encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")
