"""The files in a zip, in bounded memory. Writes nothing anywhere: their names are words."""

import os
import zipfile
import zlib
from collections.abc import Iterator
from struct import Struct as Layout
from typing import IO, Final

from streams.formats.inputs.compression import Damaged

__all__ = ["ZIP_MAGIC", "UnreadableZip", "open_zip", "zip_member_blocks", "zip_member_problem"]

ZIP_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_PIECE: Final = 262_144
_MAX_DIRECTORY_BYTES: Final = 8_388_608  # 100,000 files with names of 37 characters; ten times as much in memory

# The end of a zip: signature, numbers of disks, counts, size and offset of the list of files, length of a comment.
_END: Final = Layout("<4s4HIIH")
_END_SIGNATURE: Final = b"PK\x05\x06"
_MAX_COMMENT_BYTES: Final = 65_535
_BIG_LOCATOR: Final = Layout("<4sIQI")
_BIG_END: Final = Layout("<4sQHHIIQQQQ")
_IN_BIG_END: Final = 0xFFFFFFFF
_ENCRYPTED: Final = 0x1
# Of the others (bzip2, LZMA) `zipfile` unpacks as much as a piece expands to, gigabytes if somebody wants it.
_BOUNDED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


# What `zipfile` raises over damaged archives: it checks few of the sizes, offsets and names in them.
_FAULTS: Final = (
    zipfile.BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,  # of text that is not UTF-8 as well
    zlib.error,
)


class UnreadableZip(Exception):  # noqa: N818 - the text is a sentence of its own
    """Why a zip cannot be read at all; the text goes behind its name."""


def open_zip(file: IO[bytes]) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    """The zip, and its files by their names, as those of a folder, without folders. Raises `UnreadableZip`."""
    if _directory_bytes(file) > _MAX_DIRECTORY_BYTES:
        raise UnreadableZip(f"is a zip of too many files (their list has more than {_MAX_DIRECTORY_BYTES:,} bytes)")
    try:
        archive = zipfile.ZipFile(file)
        files = sorted(
            (each for each in archive.infolist() if not each.filename.endswith("/")), key=lambda each: each.filename
        )
    except _FAULTS as error:
        raise UnreadableZip(f"is a damaged zip: {error}") from error
    return archive, files


def zip_member_problem(member: zipfile.ZipInfo) -> str | None:
    """Why a file cannot be taken out of the zip, to stand behind its name."""
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    return None if member.compress_type in _BOUNDED else "is packed in another way than zips usually are"


def zip_member_blocks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a file that has no problem. Ends in `Damaged` where it breaks off or is broken."""
    try:
        with archive.open(member) as opened:
            while block := opened.read(_PIECE):
                yield block
    except _FAULTS as error:
        raise Damaged(f"the zip is damaged: {error}") from error


def _directory_bytes(file: IO[bytes]) -> int:
    """How long the list of files is, as the end of the zip says; 0 where it says nothing."""
    size = file.seek(0, os.SEEK_END)
    begin = max(0, size - _END.size - _MAX_COMMENT_BYTES)
    file.seek(begin)
    tail = file.read()
    at = tail.rfind(_END_SIGNATURE)
    if at < 0 or len(tail) - at < _END.size:
        return 0
    directory_bytes = int(_END.unpack_from(tail, at)[5])
    if directory_bytes != _IN_BIG_END or begin + at < _BIG_LOCATOR.size:
        return directory_bytes
    file.seek(begin + at - _BIG_LOCATOR.size)
    _, _, big_at, _ = _BIG_LOCATOR.unpack(file.read(_BIG_LOCATOR.size))
    if big_at > size - _BIG_END.size:
        return 0
    file.seek(big_at)
    return int(_BIG_END.unpack(file.read(_BIG_END.size))[8])
