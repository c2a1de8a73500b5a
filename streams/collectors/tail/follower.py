"""A file followed through its rotations, step by step. Blocks while it reads: each step runs in a thread."""

import threading
import time
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.collectors.line_chunks import add_line
from streams.collectors.source import Chunk, SourceError
from streams.collectors.tail.log_files import LogFile, OverwrittenError, file_after, find_place, open_growing
from streams.collectors.tail.marks import MARK_BYTES, FileMark, FilePlace, mark_of
from streams.collectors.tail.records import RecordSplitter, header_in
from streams.deadletters import Reason
from streams.formats.inputs.compression import Damaged
from streams.formats.inputs.lines import Line
from streams.formats.reader import FormatReader
from streams.printable import printable
from streams.refusal import rejection

__all__ = ["FileFollower", "TailPolicy"]

_TELL_SECONDS: Final = 15.0  # how often a file to which nothing is written is said to be read
_encode: Final = msgspec.json.Encoder().encode
_place: Final = msgspec.json.Decoder(FilePlace)


class TailPolicy(Struct, frozen=True, kw_only=True):
    """Which file, and how. A rotated file to which nothing was written for `quiet_seconds` is left for the next."""

    path: Path
    name: str = "tail"
    platform: str = ""
    from_end: bool = False
    poll_seconds: float = 0.5
    quiet_seconds: float = 5.0


class _Open:
    """The file in hand and its records so far; `previous` is where the file before it ended."""

    def __init__(self, file: LogFile, previous: FileMark | None) -> None:
        self.file: Final = file
        self.previous: Final = previous
        self.records: Final = RecordSplitter(header_in(file.head) if file.offset else None, file.offset, file.tail)
        self.changed_at = time.monotonic()  # when it last grew, or lost its name
        self.has_name = True

    def place(self, *, is_lost: bool = False) -> FilePlace:
        status, taken = self.file.status, self.records.taken
        return FilePlace(
            device=status.st_dev,
            inode=status.st_ino,
            modified_ns=status.st_mtime_ns,
            mark=mark_of(taken, self.file.head[: min(MARK_BYTES, taken)], self.records.tail),
            previous=self.previous,
            is_lost=is_lost,
        )

    def is_quiet(self, seconds: float) -> bool:
        """Whether nobody seems to write to it any more."""
        old = time.time_ns() - self.file.status.st_mtime_ns > seconds * 1_000_000_000
        return self.file.is_packed or old or time.monotonic() - self.changed_at > seconds


class FileFollower:
    """Reads on from a cursor. Each method raises `SourceError` and `OSError`."""

    def __init__(self, policy: TailPolicy, reader: FormatReader) -> None:
        self._policy: Final = policy
        self._path: Final = policy.path
        self._shown: Final = printable(str(policy.path))
        self._reader: Final = reader
        self._open: _Open | None = None
        self._busy = threading.Lock()
        self._reported_at = 0.0
        self._lost = ""

    def begin(self, cursor: bytes | None) -> Chunk:
        """Open the file that goes on where the cursor is; the chunk says whether there is one."""
        with self._busy:
            if cursor is None:
                file, previous, resumed = open_growing(self._path, at_end=self._policy.from_end), None, None
            else:
                place = _place.decode(cursor)
                file, previous, resumed = find_place(self._path, place), place.previous, not place.is_lost
                if file is None:
                    file, previous, resumed = file_after(self._path, _lost(place)), place.mark, False
            if file is None:
                raise SourceError("closed", f"{self._shown}: there is no such file")
            self._open = _Open(file, previous)
            return Chunk(cursor=_encode(self._open.place()), resumed=resumed)

    def step(self) -> Chunk | None:
        """What was written since; `None` where there is nothing to say."""
        with self._busy:
            if self._lost:
                raise SourceError("closed", self._lost)
            current = self._current()
            began_us = time.time_ns() // 1_000
            try:
                has_name = not current.file.is_packed and current.file.is_at(self._path)
                data = current.file.read()  # later than the look: it may have been written and rotated in between
            except OverwrittenError:
                return self._find_again(current)
            except Damaged as damage:
                return self._leave_damaged(current, damage)
            if data:
                current.changed_at = time.monotonic()
                self._reported_at = 0.0
                return self._chunk(current, data)
            if not has_name:
                return self._leave(current)
            current.has_name = True
            return self._at_end(current, began_us)

    def close(self) -> None:
        """Give the file back, once a step that runs has ended."""
        with self._busy:
            if self._open is not None:
                self._open.file.close()
                self._open = None

    def _current(self) -> _Open:
        if self._open is None:
            raise RuntimeError("the follower has not begun")
        return self._open

    def _chunk(self, current: _Open, data: bytes, *, is_end: bool = False) -> Chunk:
        chunk = Chunk(size=len(data))
        for offset, line in current.records.of(data, is_end=is_end):
            add_line(chunk, line, self._reader, self._shown, offset)
        chunk.cursor = _encode(current.place())
        return chunk

    def _at_end(self, current: _Open, now_us: int) -> Chunk | None:
        """Everything is read; while a line is unfinished that is not said."""
        if not current.records.is_between or time.monotonic() - self._reported_at < _TELL_SECONDS:
            return None
        self._reported_at = time.monotonic()
        return Chunk(newest_us=now_us)

    def _leave(self, current: _Open) -> Chunk | None:
        """On to the next file, if this one is finished and there is one."""
        if current.has_name:
            current.has_name, current.changed_at = False, time.monotonic()
        if not current.is_quiet(self._policy.quiet_seconds):
            return None
        following = file_after(self._path, current.place())
        if following is None:
            return None
        chunk = self._chunk(current, b"", is_end=True)
        return self._change(chunk, current, _Open(following, current.place().mark))

    def _leave_damaged(self, current: _Open, damage: Damaged) -> Chunk:
        chunk = self._chunk(current, b"", is_end=True)
        refused = Line(0, b"", rejection(Reason.BAD_FILE, str(damage)))
        add_line(chunk, refused, self._reader, str(current.file.path), current.records.taken)
        following = file_after(self._path, current.place())
        self._lost = f"{printable(str(current.file.path))}: {damage}"
        if following is None:
            return chunk
        return self._change(chunk, current, _Open(following, current.place().mark), is_lost=True)

    def _find_again(self, current: _Open) -> Chunk:
        """The file was truncated or rewritten: what was not read stands in a copy, or is lost."""
        place = current.place()
        found = find_place(self._path, place)
        if found is not None:
            return self._change(Chunk(), current, _Open(found, place.previous))
        self._lost = f"{self._shown} was truncated or replaced before all of it was read"
        following = file_after(self._path, _lost(place))
        if following is None:
            raise SourceError("closed", self._lost)
        return self._change(Chunk(), current, _Open(following, place.mark), is_lost=True)

    def _change(self, chunk: Chunk, current: _Open, to: _Open, *, is_lost: bool = False) -> Chunk:
        current.file.close()
        self._open = to
        self._reported_at = 0.0
        chunk.cursor = _encode(to.place(is_lost=is_lost))
        return chunk


def _lost(place: FilePlace) -> FilePlace:
    return msgspec.structs.replace(place, is_lost=True)
