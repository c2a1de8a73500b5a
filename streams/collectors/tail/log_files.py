"""The files of a log: the one that grows, and those that it was rotated into, renamed, copied or compressed.

The one place of this collector that does I/O, all of it blocking: it is called in a thread.
"""

import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from streams.collectors.tail.marks import HEAD_BYTES, MARK_BYTES, FileMark, FilePlace, mark_of, past_mark
from streams.formats.inputs.compression import MAGIC_BYTES, Damaged, decompressed

__all__ = ["LogFile", "OverwrittenError", "file_after", "find_place", "open_growing"]

_BLOCK: Final = 262_144
_PACKED: Final = r"(?:\.(?:gz|bz2|xz|zst))?"
_IS_PACKED: Final = re.compile(r"\.(?:gz|bz2|xz|zst)\Z")
_COUNTED: Final = re.compile(r"[.\-_](\d{1,5})(?:\.[a-z]{2,8}){0,2}\Z")
_LOOKS: Final = 3
_MOST_LOOKS: Final = 200
_LOOK_SECONDS: Final = 0.1
# `.1`, `-20261128`, `.2026-11-28_14-00`: as logrotate, Python's handlers and others name what they rotate.
_NUMBER: Final = r"[.\-_]\d[\dT:._\-]{0,40}"


class OverwrittenError(Exception):
    """What was read of a file does not stand there any more: it was truncated, or rewritten."""


class LogFile:
    """A file, open at a place. `head` and `tail` are what a mark of the place holds."""

    def __init__(self, path: Path, descriptor: int, place: FileMark, head: bytes, tail: bytes) -> None:
        self.path: Final = path
        self.offset = place.offset
        self.head = head
        self.tail = tail
        self._descriptor = descriptor
        self._unpacked: Iterator[bytes] | None = None
        self.is_packed = False

    @classmethod
    def opened(cls, path: Path, mark: FileMark) -> "LogFile | None":
        """The file at the mark; `None` where it has another content, or is gone. Raises `OSError`."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(f"{path} is no regular file")
            file = cls._at(path, descriptor, mark)
        except BaseException:
            os.close(descriptor)
            raise
        if file is None:
            os.close(descriptor)
        return file

    @classmethod
    def _at(cls, path: Path, descriptor: int, mark: FileMark) -> "LogFile | None":
        blocks = decompressed(os.pread(descriptor, MAGIC_BYTES, 0), _blocks(descriptor))
        if blocks is not None:
            try:
                past = past_mark(blocks, mark)
            except Damaged:
                return None
            if past is None:
                return None
            head, tail, unpacked = past
            file = cls(path, descriptor, mark, head, tail)
            file._unpacked, file.is_packed = unpacked, True
            return file
        size = min(MARK_BYTES, mark.offset)
        head = os.pread(descriptor, min(HEAD_BYTES, mark.offset), 0)
        tail = os.pread(descriptor, size, mark.offset - size)
        return cls(path, descriptor, mark, head, tail) if mark_of(mark.offset, head, tail) == mark else None

    @property
    def status(self) -> os.stat_result:
        """As `fstat` gives it."""
        return os.fstat(self._descriptor)

    def read(self) -> bytes:
        """What follows, at most 256 KiB; nothing at the end. Raises `OverwrittenError`, and `Damaged` for a compressed
        file.
        """
        if self._unpacked is not None:
            data = next(self._unpacked, b"")
        else:
            # What was read last is read again with it, so that nobody writes the file again between the two.
            again = len(self.tail)
            data = os.pread(self._descriptor, again + _BLOCK, self.offset - again)
            if not data.startswith(self.tail):
                raise OverwrittenError
            data = data[again:]
        self.offset += len(data)
        self.head = (self.head + data)[:HEAD_BYTES] if len(self.head) < HEAD_BYTES else self.head
        self.tail = (self.tail + data[-MARK_BYTES:])[-MARK_BYTES:]
        return data

    def begin_at(self, offset: int) -> None:
        """Read on from there. Not of a compressed file."""
        kept = min(offset, MARK_BYTES)
        self.offset = offset
        self.head = os.pread(self._descriptor, min(offset, HEAD_BYTES), 0)
        self.tail = os.pread(self._descriptor, kept, offset - kept)

    def begins_as(self, mark: FileMark) -> bool:
        """Whether it has what the mark says at its place. Looks into the file again."""
        return LogFile._at(self.path, self._descriptor, mark) is not None

    def is_at(self, path: Path) -> bool:
        """Whether the name still leads to this file."""
        try:
            found = os.stat(path)
        except FileNotFoundError:
            return False
        return os.path.samestat(found, self.status)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._descriptor)


def open_growing(path: Path, *, at_end: bool) -> LogFile | None:
    """The file that grows, at its beginning or its end; `None` where there is none. Raises `OSError`."""
    file = LogFile.opened(path, FileMark())
    if file is not None and at_end and not file.is_packed:
        size = file.status.st_size
        file.begin_at(size)
    return file


def find_place(path: Path, place: FilePlace) -> LogFile | None:
    """The file that has what comes after the place: the one it was in, wherever it is named by now, or a copy of it.
    `None` where there is none any more. Raises `OSError`.
    """
    # Names change between a look at the folder and the opening of a file.
    for look in range(_LOOKS):
        if look:
            time.sleep(_LOOK_SECONDS)
        if (file := _look_for(path, place)) is not None:
            return file
    return None


def _look_for(path: Path, place: FilePlace) -> LogFile | None:
    files = [*_rotated(path), *_status_of(path)]
    same = [each for each, status in files if (status.st_dev, status.st_ino) == (place.device, place.inode)]
    if not place.mark.offset and same:
        # Nothing of it was read. What was rotated since then is older than what stands there now.
        between = _written_after(path, place) if same[0] == path else None
        return between or LogFile.opened(same[0], FileMark())
    # Of the copies the newest: an older file may begin as this one does.
    others = [each for each, _ in reversed(files) if each not in same and place.mark.offset]
    for each in (*same, *others):
        if (file := LogFile.opened(each, place.mark)) is not None:
            return file
    return None


def file_after(path: Path, done: FilePlace) -> LogFile | None:
    """The file that follows one that was read to its end: one that it was rotated into since then, else the one that
    grows, unless that is the same. Raises `OSError`.
    """
    # Opened before the look at the others: should it be rotated meanwhile, it is among them.
    file = LogFile.opened(path, FileMark())
    between = _written_after(path, done)
    if between is not None:
        if file is not None:
            file.close()
        return between
    if file is not None and (file.status.st_dev, file.status.st_ino) == (done.device, done.inode) and not done.is_lost:
        file.close()
        return None
    return file


def _written_after(path: Path, done: FilePlace) -> LogFile | None:
    """The oldest of the rotated files that are not older than the place, and were not read already."""
    read = [mark for mark in (done.mark, done.previous) if mark is not None and mark.offset]
    for _ in range(_MOST_LOOKS):
        try:
            return _oldest_unread(_rotated(path), done, read)
        except FileNotFoundError:  # names have changed since the look
            time.sleep(_LOOK_SECONDS / 10)
    raise OSError(f"the files beside {path} are renamed all the time")


def _oldest_unread(
    files: Sequence[tuple[Path, os.stat_result]], done: FilePlace, read: Sequence[FileMark]
) -> LogFile | None:
    """Raises `FileNotFoundError` where a name does not lead to the file any more."""
    for each, status in files:
        if status.st_mtime_ns < done.modified_ns or (status.st_dev, status.st_ino) == (done.device, done.inode):
            continue
        file = LogFile.opened(each, FileMark())
        if file is None:
            raise FileNotFoundError
        if not os.path.samestat(file.status, status):
            file.close()
            raise FileNotFoundError
        if not any(map(file.begins_as, read)):
            return file
        file.close()
    return None


def _rotated(path: Path) -> list[tuple[Path, os.stat_result]]:
    """The rotated files, those written first first. One that is being compressed counts as what it still is."""
    name, stem, suffix = map(re.escape, (path.name, path.stem, path.suffix))
    named = re.compile(f"(?:{name}{_NUMBER}|{stem}{_NUMBER}{suffix}|{name}){_PACKED}")
    # While names change, a folder may show a file twice or not at all.
    for _ in range(_MOST_LOOKS):
        before = _named(path, named)
        pairs = [pair for each in before for pair in _status_of(path.parent / each)]
        if before == {each.name: status.st_ino for each, status in pairs} == _named(path, named):
            return sorted(pairs, key=_age)
        time.sleep(_LOOK_SECONDS / 10)
    raise OSError(f"the files beside {path} are renamed all the time")


def _age(file: tuple[Path, os.stat_result]) -> tuple[int, int, str]:
    """Older files first. Of two that were written within a tick of the clock, that of the higher number."""
    path, status = file
    number = _COUNTED.search(path.name)
    return status.st_mtime_ns, -int(number[1]) if number is not None else 0, path.name


def _named(path: Path, named: re.Pattern[str]) -> dict[str, int]:
    """The rotated files by name, with their inodes."""
    with os.scandir(path.parent) as entries:
        found = {
            entry.name: entry.inode()
            for entry in entries
            if named.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
        }
    packed = {each for each in found if _IS_PACKED.sub("", each) in found.keys() - {each, path.name}}
    return {name: inode for name, inode in found.items() if name not in packed and name != path.name}


def _status_of(path: Path) -> list[tuple[Path, os.stat_result]]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return []
    return [(path, status)] if stat.S_ISREG(status.st_mode) else []


def _blocks(descriptor: int) -> Iterator[bytes]:
    at = 0
    while block := os.pread(descriptor, _BLOCK, at):
        at += len(block)
        yield block
