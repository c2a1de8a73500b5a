"""Inputs record by record: files, standard input, the files of folders and archives. The one place among the formats
that does I/O. Says how far it has read, so that a progress bar can be drawn.
"""

import os
import re
import stat
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from typing import IO, TYPE_CHECKING, Final, cast

from streams.errors import InputError
from streams.formats.inputs.compression import MAGIC_BYTES, Damaged, decompressed
from streams.formats.inputs.encodings import peeked, raising, rejoined
from streams.formats.inputs.lines import MAX_LINE_BYTES, Line
from streams.formats.inputs.shapes import records_of
from streams.formats.inputs.tar import TAR_HEAD_BYTES, is_tar, tar_members
from streams.formats.inputs.zip import ZIP_MAGIC, UnreadableZip, open_zip, zip_member_blocks, zip_member_problem
from streams.printable import printable, why_unreadable

if TYPE_CHECKING:
    import io

__all__ = ["MAX_MEMBERS", "UNPACK", "InputFile", "open_inputs", "open_lines", "shown_path"]

MAX_MEMBERS: Final = 100_000
"""How many files of one folder or archive are read; of more, none."""

UNPACK: Final = "Unpack it, or save it as text, and give that."
"""What to do about the `problem` of an input."""

_CHUNK: Final = 262_144  # bytes a read: calls cost nothing at this size, and it fits into a processor's cache
_CHECK_THE_PATH: Final = "Check the path and who may read it; `-` is standard input."
# What people hold and hand over, and what no reader is made for: by its first bytes.
_OTHER_FILES: Final = {
    b"7z\xbc\xaf\x27\x1c": "is a 7z archive",
    b"Rar!\x1a\x07": "is a RAR archive",
    b"PAR1": "is a Parquet file",
    b"SQLite format 3\x00": "is an SQLite database",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "is an old Office document",
    b"%PDF-": "is a PDF",
}


# What an archive of an account, or a web page that was saved, has beside the data.
_MEDIA: Final = re.compile(
    rb"\x89PNG\r\n|\xff\xd8\xff|GIF8|RIFF....(WEBP|WAVE|AVI )|....ftyp|\x1aE\xdf\xa3|OggS|ID3|wOF|OTTO"
    rb"|\x00\x01\x00\x00\x00|\x00\x00\x01\x00|(\xef\xbb\xbf)?\s*<(!doctype html|html|(\?xml[^<]{0,200}<)?svg)",
    re.DOTALL | re.IGNORECASE,
)
_IS_MEDIA: Final = "is a picture, a video, a sound, a font or a web page"


class InputFile:
    """One input: its lines, to be gone through once, and how far it has been read.

    `path` is what to call it, `within` the folder or archive that it is one file of. `total_bytes` is the size on disk
    of what was opened, `None` for standard input, pipes and devices; `consumed_bytes` is how many of these have been
    read so far. `problem` says, behind its name, why it cannot be read: it has no lines then, as where it `is_empty`
    or, within a folder or archive, `is_media`.
    """

    def __init__(
        self,
        path: str,
        source: "_Source",
        blocks: Iterator[bytes],
        max_line_bytes: int,
        *,
        within: str | None = None,
        problem: str | None = None,
        is_media: bool = False,
    ) -> None:
        self.path: Final = path
        self.is_media: Final = is_media
        self.within: Final = within
        self.problem: Final = problem
        self.total_bytes: Final = source.total_bytes
        self.encoding, self.shape, lines = records_of(blocks, max_line_bytes)
        first = next(lines, None)  # so that an empty input is known before anything else is begun
        self.is_empty: Final = first is None and problem is None and not is_media
        self._lines = lines if first is None else chain((first,), lines)
        self._source = source

    @property
    def consumed_bytes(self) -> int:
        """Bytes on disk that have been read of what was opened."""
        return self._source.consumed_bytes

    def __iter__(self) -> Iterator[Line]:
        return self._lines


def open_inputs(path: str, *, max_line_bytes: int = MAX_LINE_BYTES) -> Generator[InputFile, None, None]:
    """The inputs that a path names: a file, standard input for `-`, the files below a folder, those in a tar or a zip.
    Each is plain, gz, bz2, xz or zst; its first bytes tell that, never its name.

    Raises `InputError` where there is nothing to read: no such file, no permission, an empty input or folder; to know
    that, it reads (and waits) up to the first line. Whatever goes wrong later is a line of its own, see `Line`, or the
    `problem` of an input. Each is to be read before the next is asked for. Before the place where a compressed file is
    damaged, at most about a KiB of compressed data is lost with it.
    """
    if path == "-" or not os.path.isdir(path):
        yield from _inputs_of_file(path, max_line_bytes, None)
        return
    files = _files_below(path)
    if not files:
        raise InputError(f"{printable(path)} holds no files.", remedy="Give a folder with at least one file.")
    for file in files:
        yield from _inputs_of_file(file, max_line_bytes, path)


@contextmanager
def open_lines(path: str, *, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[InputFile]:
    """The first input of a path, as `open_inputs` gives it: of one that is a single file, the only one."""
    with closing(open_inputs(path, max_line_bytes=max_line_bytes)) as inputs:
        yield next(inputs)


def _files_below(folder: str) -> list[str]:
    """By name. Those that systems leave behind are left out; links to folders are not followed."""
    found: list[str] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_left_behind(name))
        paths = (os.path.join(parent, name) for name in sorted(names) if not _is_left_behind(name))
        found += [path for path in paths if os.path.isfile(path)]
        if len(found) > MAX_MEMBERS:
            raise _too_many(folder)
    return found


def _is_left_behind(name: str) -> bool:
    return (name.startswith(".") and name not in (".", "..")) or name == "__MACOSX"


def _too_many(path: str) -> InputError:
    return InputError(
        f"{printable(path)} holds more than {MAX_MEMBERS:,} files.", remedy="Give parts of it, one after the other."
    )


def _inputs_of_file(path: str, max_line_bytes: int, folder: str | None) -> Iterator[InputFile]:
    with _opened(path) as source:
        blocks = source.blocks()
        try:
            first = next(blocks, b"")
        except Damaged as damage:
            raise InputError(f"{shown_path(path)} cannot be read: {damage}.", remedy=_CHECK_THE_PATH) from damage
        beginning = _Beginning(rejoined(first, blocks))
        if beginning.is_zip:
            yield from _inputs_of_zip(source, max_line_bytes)
        elif beginning.is_tar:
            yield from _inputs_of_tar(source, beginning.blocks, max_line_bytes)
        else:
            problem, is_media = beginning.problem, beginning.is_media
            if folder is None and is_media:
                problem = _IS_MEDIA
            blocks = beginning.blocks
            file = InputFile(path, source, blocks, max_line_bytes, within=folder, problem=problem, is_media=is_media)
            if folder is None and problem:
                raise InputError(f"{shown_path(path)} {problem}.", remedy=UNPACK)
            if folder is None and file.is_empty:
                raise InputError(f"{shown_path(path)} is empty.", remedy="Give an input with at least one line.")
            yield file


def _inputs_of_zip(source: "_Source", max_line_bytes: int) -> Iterator[InputFile]:
    path = source.path
    if not source.is_seekable:
        raise InputError(
            f"{shown_path(path)} is a zip, which is read from its end.", remedy="Give the file by its name."
        )
    try:
        archive, members = open_zip(source.file)
    except UnreadableZip as error:
        raise InputError(
            f"{printable(path)} {error}.", remedy="Unpack it with another program, and give the folder."
        ) from error
    source.consumed_bytes = 0
    members = [member for member in members if not any(map(_is_left_behind, member.filename.split("/")))]
    if any(member.filename == "[Content_Types].xml" for member in members):
        raise InputError(
            f"{printable(path)} is an Office document.", remedy="Save the table as CSV (UTF-8), and give that."
        )
    if len(members) > MAX_MEMBERS:
        raise _too_many(path)
    if not members:
        raise InputError(f"{printable(path)} holds no files.", remedy="Give a zip with at least one file.")
    for member in members:
        problem = zip_member_problem(member)
        blocks = iter(()) if problem else zip_member_blocks(archive, member)
        yield _member(source, member.filename, blocks, max_line_bytes, problem)
        # A damaged zip can claim more than it has.
        source.consumed_bytes = min(source.consumed_bytes + member.compress_size, source.total_bytes or 0)


def _inputs_of_tar(source: "_Source", blocks: Iterator[bytes], max_line_bytes: int) -> Iterator[InputFile]:
    count = 0
    try:
        for member in tar_members(blocks):
            if any(map(_is_left_behind, member.name.removeprefix("./").split("/"))):
                continue
            count += 1
            if count > MAX_MEMBERS:
                raise _too_many(source.path)
            yield _member(source, member.name, member.blocks, max_line_bytes, None)
    except Damaged as damage:
        yield InputFile(source.path, source, raising(damage), max_line_bytes, within=source.path)
        return
    if not count:
        raise InputError(f"{shown_path(source.path)} holds no files.", remedy="Give a tar with at least one file.")


def _member(
    source: "_Source", name: str, blocks: Iterator[bytes], max_line_bytes: int, problem: str | None
) -> InputFile:
    beginning = _Beginning(blocks)
    if beginning.is_zip or beginning.is_tar:
        problem = "is an archive within another one"
    problem = problem or beginning.problem
    blocks = iter(()) if problem else beginning.blocks
    return InputFile(
        f"{source.path}/{name}",
        source,
        blocks,
        max_line_bytes,
        within=source.path,
        problem=problem,
        is_media=beginning.is_media,
    )


class _Beginning:
    """What a stream is, as its first bytes say, and its blocks, unpacked where they are packed; none with a problem."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        head, blocks = peeked(blocks, lambda head: len(head) >= MAGIC_BYTES)
        self.is_zip = head.startswith(ZIP_MAGIC)
        self.problem = next((what for magic, what in _OTHER_FILES.items() if head.startswith(magic)), None)
        self.is_media = _MEDIA.match(head) is not None
        self.is_tar = False
        self.blocks = blocks = rejoined(head, blocks)
        if self.is_zip:
            return
        if (plain := decompressed(head, blocks)) is not None:
            head, blocks = peeked(plain, lambda head: len(head) >= MAGIC_BYTES)
            if decompressed(head, ()) is not None or head.startswith(ZIP_MAGIC):
                self.problem = "is packed twice"
            blocks = rejoined(head, blocks)
        # A first line tells enough of a live stream: it has no zero bytes, as every header of a tar has.
        head, blocks = peeked(blocks, lambda head: len(head) >= TAR_HEAD_BYTES or (b"\n" in head and b"\0" not in head))
        self.is_tar = is_tar(head)
        self.blocks = iter(()) if self.problem or self.is_media else rejoined(head, blocks)


class _Source:
    """What was opened, its bytes in their order, and how many of them have been read."""

    def __init__(self, path: str, file: IO[bytes], total_bytes: int | None) -> None:
        self.path: Final = path
        self.file: Final = file
        self.total_bytes: Final = total_bytes
        self.is_seekable: Final = total_bytes is not None
        self.consumed_bytes = 0

    def blocks(self) -> Iterator[bytes]:
        # read1 gives what is there, so that a live stream's lines come as they arrive.
        read = cast("io.BufferedReader", self.file).read1 if self.path == "-" else self.file.read
        while True:
            try:
                block = read(_CHUNK)
            except OSError as error:
                raise Damaged(f"reading failed: {error.strerror}") from error
            if not block:
                return
            self.consumed_bytes += len(block)
            yield block


@contextmanager
def _opened(path: str) -> Iterator[_Source]:
    if path == "-":
        if sys.stdin is None:
            raise InputError("There is no standard input.", remedy="Give the path of a file.")
        yield _Source(path, sys.stdin.buffer, None)
        return
    try:
        file = open(path, "rb", buffering=0)  # noqa: SIM115 - closed below
    except FileNotFoundError as error:
        raise InputError(f"{shown_path(path)}: there is no such file.", remedy=_CHECK_THE_PATH) from error
    except PermissionError as error:
        raise InputError(f"{shown_path(path)} may not be read by this user.", remedy=_CHECK_THE_PATH) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise InputError(
            f"{shown_path(path)} cannot be opened: {why_unreadable(error)}.", remedy=_CHECK_THE_PATH
        ) from error
    with file:
        status = os.fstat(file.fileno())
        yield _Source(path, file, status.st_size if stat.S_ISREG(status.st_mode) else None)


def shown_path(path: str) -> str:
    """What to call an input in a sentence."""
    return "Standard input" if path == "-" else printable(path)
