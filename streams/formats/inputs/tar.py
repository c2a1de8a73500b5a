"""The files in a tar, from a stream of blocks, in bounded memory. Writes nothing anywhere: their names are words."""

import tarfile
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from streams.formats.inputs.compression import Damaged

__all__ = ["TAR_HEAD_BYTES", "TarMember", "is_tar", "tar_members"]

TAR_HEAD_BYTES: Final = 512  # how many bytes of a file are enough to tell
_MAX_NAME_BYTES: Final = 65_536  # of an extended header; the rest of a longer one is passed over
_EXTENDED: Final = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE)
_FILES: Final = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_WITHOUT_DATA: Final = (
    tarfile.LNKTYPE,
    tarfile.SYMTYPE,
    tarfile.CHRTYPE,
    tarfile.BLKTYPE,
    tarfile.DIRTYPE,
    tarfile.FIFOTYPE,
)


class TarMember(Struct, frozen=True):
    """A regular file: its name as the archive has it, and its bytes, to be read before the next member is asked for
    (what is left of them is passed over).
    """

    name: str
    blocks: Iterator[bytes]


def is_tar(head: bytes) -> bool:
    """Whether a stream that begins so is a tar with at least one file."""
    return _header(head[:TAR_HEAD_BYTES]) is not None


def tar_members(blocks: Iterator[bytes]) -> Iterator[TarMember]:
    """The regular files of a tar in their order; links, folders and devices hold nothing to read.

    Ends in `Damaged` where the tar breaks off or is broken. If that is within a member, its blocks end so instead.
    """
    stream = _Stream(blocks)
    long_name = ""
    long_size: int | None = None
    while block := stream.take(TAR_HEAD_BYTES):
        if not block.strip(b"\x00"):
            return
        header = _header(block)
        if header is None:
            raise Damaged("the tar is damaged: there is no header where a file should begin")
        if header.type in _EXTENDED:
            stream.begin_file(header.size)
            text = b"".join(stream.file(_MAX_NAME_BYTES))
            stream.skip()
            if header.type == tarfile.GNUTYPE_LONGNAME:
                long_name = text.split(b"\x00")[0].decode(errors="replace")
            elif header.type == tarfile.XHDTYPE:
                records = _extended_records(text)
                long_name = records.get(b"path", b"").decode(errors="replace")
                size = records.get(b"size", b"")
                long_size = int(size) if size.isdigit() and len(size) < 20 else None
            continue
        stream.begin_file(0 if header.type in _WITHOUT_DATA else header.size if long_size is None else long_size)
        if header.type in _FILES:
            yield TarMember(long_name or header.name, stream.file())
            if stream.broke_off:
                return
        stream.skip()
        long_name, long_size = "", None


def _header(block: bytes) -> tarfile.TarInfo | None:
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "replace")
    except tarfile.HeaderError:
        return None
    return header if header.size >= 0 else None


def _extended_records(text: bytes) -> dict[bytes, bytes]:
    """`LENGTH NAME=VALUE` and a newline, as often as there are; what is not so ends it."""
    records: dict[bytes, bytes] = {}
    while text:
        digits, space, _ = text[:20].partition(b" ")
        if not space or not digits.isdigit() or not len(digits) < int(digits) <= len(text):
            break
        name, _, value = text[len(digits) + 1 : int(digits)].removesuffix(b"\n").partition(b"=")
        records[name] = value
        text = text[int(digits) :]
    return records


class _Stream:
    """Blocks as a stream, and how much of the file that was begun is still to come."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")
        self._left = 0
        self._padding = 0
        self.broke_off = False

    def take(self, count: int) -> bytes:
        """So many bytes; none at the very end."""
        while len(self._rest) < count and (block := next(self._blocks, None)) is not None:
            self._rest = memoryview(bytes(self._rest) + block)
        if self._rest and len(self._rest) < count:
            raise Damaged("the tar breaks off")
        taken, self._rest = bytes(self._rest[:count]), self._rest[count:]
        return taken

    def begin_file(self, size: int) -> None:
        self._left = size
        self._padding = -size % TAR_HEAD_BYTES

    def file(self, most: int | None = None) -> Iterator[bytes]:
        """The bytes of the file that was begun, or the first of them."""
        end = 0 if most is None else max(0, self._left - most)
        while self._left > end:
            if not self._more():
                self.broke_off = True
                raise Damaged("the tar breaks off")
            piece = self._rest[: self._left - end]
            self._rest = self._rest[len(piece) :]
            self._left -= len(piece)
            yield bytes(piece)

    def skip(self) -> None:
        """Go behind the file that was begun. At the very end its padding may be missing."""
        for _ in self.file():
            pass
        while self._padding and self._more():
            passed_over = min(self._padding, len(self._rest))
            self._rest = self._rest[passed_over:]
            self._padding -= passed_over

    def _more(self) -> bool:
        """Whether there is a byte, once another block has been asked for where it takes one."""
        while not self._rest and (block := next(self._blocks, None)) is not None:
            self._rest = memoryview(block)
        return bool(self._rest)
