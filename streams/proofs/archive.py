"""The ZIP file of a proof: written in one way only, and read only if it was written in that way.

Entries are stored, sorted by name and dated 1980, so the same content is the same bytes everywhere. Whatever a ZIP file
may have besides (compression, links, encryption, comments, gaps, a second directory) is refused before it costs
anything. Source: APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final
from zlib import crc32

from msgspec import Struct

from streams.errors import InputError

__all__ = ["MAX_ARCHIVE_BYTES", "MAX_ENTRIES", "Archive", "ArchiveEntry", "NotAProofError", "open_archive", "pack"]

MAX_ENTRIES: Final = 512
MAX_ARCHIVE_BYTES: Final = 256 * 1024 * 1024

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}(?:/[a-z0-9][a-z0-9._-]{0,59})?|README\.txt", re.ASCII)
_MOST_NAME_BYTES: Final = 121
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_LOCAL_MARK: Final = b"PK\x03\x04"
_CENTRAL_MARK: Final = b"PK\x01\x02"
_END_MARK: Final = b"PK\x05\x06"
_MADE_BY: Final = 3 << 8 | 20  # Unix, so that the permissions below hold; version 2.0
_NEEDED: Final = 20
_DAY: Final = 0 << 9 | 1 << 5 | 1  # 1 January 1980, the first that a ZIP file can say
_PERMISSIONS: Final = 0o100644 << 16
_LINK: Final = 0o120000
_FILE_TYPE: Final = 0o170000
_BLOCK: Final = 1024 * 1024
_MOST_32_BITS: Final = 0xFFFFFFFF


class NotAProofError(InputError):
    """A file that is no proof, or one that was packed in another way than Antiphon does. Nothing in it was used."""


class ArchiveEntry(Struct, frozen=True):
    """One file of a proof: where its bytes begin, how many there are, and their CRC-32."""

    name: str
    begin: int
    size: int
    crc: int


def pack(files: Mapping[str, bytes]) -> bytes:
    """The ZIP file of these files. Raises `ValueError` for a name or a size that a proof cannot have."""
    if len(files) > MAX_ENTRIES:
        raise ValueError(f"{len(files)} files; a proof has at most {MAX_ENTRIES}")
    parts: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for name in sorted(files):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a file in a proof")
        data = files[name]
        crc = crc32(data)
        directory.append(_central(name, len(data), crc, offset))
        parts += (_local(name, len(data), crc), data)
        offset += _LOCAL.size + len(name) + len(data)
    listed = b"".join(directory)
    whole = b"".join((*parts, listed, _end(len(files), len(listed), offset)))
    if len(whole) > MAX_ARCHIVE_BYTES:
        raise ValueError(f"{len(whole):,} bytes; a proof has at most {MAX_ARCHIVE_BYTES:,}")
    return whole


class Archive:
    """An opened proof: the names and sizes are right and everything between the files' bytes is as `pack` writes it.

    The files' own bytes are read when asked for, in blocks or in lines.
    """

    def __init__(self, file: BinaryIO, entries: Mapping[str, ArchiveEntry]) -> None:
        self._file = file
        self.entries = entries

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises `KeyError` where there is none of that name."""
        entry = self.entries[name]
        self._file.seek(entry.begin)
        return self._file.read(entry.size)

    def blocks(self, name: str) -> Iterator[bytes]:
        """The bytes of a file, a megabyte at a time."""
        entry = self.entries[name]
        done = 0
        while done < entry.size:
            self._file.seek(entry.begin + done)
            block = self._file.read(min(_BLOCK, entry.size - done))
            if not block:
                raise NotAProofError(f"{name} ends after {done:,} of {entry.size:,} bytes")
            done += len(block)
            yield block

    def lines(self, name: str, most_bytes: int) -> Iterator[bytes]:
        """The lines of a file without their line feeds. Raises `NotAProofError` for a line of more than `most_bytes`,
        and where the last line has no line feed.
        """
        rest = b""
        number = 0
        for block in self.blocks(name):
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                number += 1
                if len(line) > most_bytes:
                    raise _too_long(name, number, most_bytes)
                yield line
            if len(rest) > most_bytes:
                raise _too_long(name, number + 1, most_bytes)
        if rest:
            raise NotAProofError(f"{name}: the last line has no line feed")


def _too_long(name: str, number: int, most_bytes: int) -> NotAProofError:
    return NotAProofError(f"{name}, line {number}: more than {most_bytes:,} bytes")


def open_archive(file: BinaryIO, size: int) -> Archive:
    """The proof in a file of so many bytes. Raises `NotAProofError` where it is none, and says what is wrong."""
    if size > MAX_ARCHIVE_BYTES:
        raise NotAProofError(f"it has {size:,} bytes; a proof has at most {MAX_ARCHIVE_BYTES:,}")
    if size < _END.size:
        raise NotAProofError("it is no ZIP file: too short")
    file.seek(size - _END.size)
    end = file.read(_END.size)
    mark, disk, first_disk, here, count, directory_size, offset, comment = _END.unpack(end)
    if mark != _END_MARK or comment:
        raise NotAProofError("it does not end as a proof's ZIP file does")
    if here == 0xFFFF or directory_size == _MOST_32_BITS or offset == _MOST_32_BITS:
        raise NotAProofError("it is a ZIP64 file; a proof never is")
    if count > MAX_ENTRIES or here != count or disk or first_disk:
        raise NotAProofError(f"its directory names {max(here, count):,} entries; a proof has at most {MAX_ENTRIES}")
    if offset + directory_size + _END.size != size or directory_size > count * (_CENTRAL.size + _MOST_NAME_BYTES):
        raise NotAProofError("its directory is not where it says, or not as long")
    file.seek(offset)
    entries = _entries(file.read(directory_size), count)
    if list(entries) != sorted(entries):
        raise NotAProofError("its entries are not in the order of their names")
    _compare(file, entries, offset, end)
    return Archive(file, entries)


def _entries(directory: bytes, count: int) -> dict[str, ArchiveEntry]:
    """What the directory says, as far as a proof may say it."""
    found: dict[str, ArchiveEntry] = {}
    place = begin = 0
    for number in range(1, count + 1):
        if len(directory) < place + _CENTRAL.size:
            raise NotAProofError(f"its directory ends before entry {number} of {count}")
        fields = _CENTRAL.unpack_from(directory, place)
        mark, flags, method, crc, packed, size = fields[0], fields[3], fields[4], *fields[7:10]
        name_size, extra, comment, attributes, offset = *fields[10:13], *fields[15:17]
        if mark != _CENTRAL_MARK:
            raise NotAProofError(f"entry {number} of its directory is none")
        raw = directory[place + _CENTRAL.size : place + _CENTRAL.size + name_size]
        name = raw.decode("utf-8", "backslashreplace")
        shown = f"entry {number} ({name[:80]!r})"
        if not _NAME.fullmatch(name):
            raise NotAProofError(f"{shown}: a proof has no file of such a name")
        if flags & 1:
            raise NotAProofError(f"{shown} is encrypted")
        if method:
            raise NotAProofError(f"{shown} is compressed; a proof stores its files as they are")
        if _MOST_32_BITS in (packed, size, offset) or packed != size:
            raise NotAProofError(f"{shown}: its sizes are none that a proof has")
        if (attributes >> 16) & _FILE_TYPE == _LINK:
            raise NotAProofError(f"{shown} is a link")
        if extra or comment:
            raise NotAProofError(f"{shown} has extra fields or a comment")
        if name in found:
            raise NotAProofError(f"{shown} is there twice")
        if offset != begin:
            raise NotAProofError(f"{shown} is not where the one before it ends")
        found[name] = ArchiveEntry(name, offset + _LOCAL.size + name_size, size, crc)
        begin = offset + _LOCAL.size + name_size + size
        place += _CENTRAL.size + name_size
    return found


def _compare(file: BinaryIO, entries: Mapping[str, ArchiveEntry], offset: int, end: bytes) -> None:
    """Everything but the files' bytes must be as `pack` writes it: so nothing hides there, and no byte can change."""
    directory: list[bytes] = []
    begin = 0
    for name, entry in entries.items():
        header = _local(name, entry.size, entry.crc)
        file.seek(begin)
        if file.read(len(header)) != header:
            raise NotAProofError(f"what stands before {name} is not as in a proof")
        directory.append(_central(name, entry.size, entry.crc, begin))
        begin += len(header) + entry.size
    listed = b"".join(directory)
    file.seek(offset)
    if begin != offset or file.read(len(listed)) != listed or _end(len(entries), len(listed), offset) != end:
        raise NotAProofError("its directory is not as in a proof")


def _local(name: str, size: int, crc: int) -> bytes:
    return _LOCAL.pack(_LOCAL_MARK, _NEEDED, 0, 0, 0, _DAY, crc, size, size, len(name), 0) + name.encode("ascii")


def _central(name: str, size: int, crc: int, offset: int) -> bytes:
    numbers = (_MADE_BY, _NEEDED, 0, 0, 0, _DAY, crc, size, size, len(name), 0, 0, 0, 0, _PERMISSIONS, offset)
    return _CENTRAL.pack(_CENTRAL_MARK, *numbers) + name.encode("ascii")


def _end(count: int, size: int, offset: int) -> bytes:
    return _END.pack(_END_MARK, 0, 0, count, count, size, offset, 0)
