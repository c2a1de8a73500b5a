"""Input files and standard input, record by record: the one place among the formats that does I/O.

Says how far it has read, so that a progress bar can be drawn.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Final, Self, cast

from streams.errors import InputError
from streams.formats.compression import MAGIC_BYTES, Damaged, decompressed
from streams.formats.lines import MAX_LINE_BYTES, Line
from streams.formats.shapes import records_of
from streams.printable import printable

if TYPE_CHECKING:
    import io

__all__ = ["InputFile", "open_lines"]

_CHUNK: Final = 262_144  # bytes a read: calls cost nothing at this size, and it fits into a processor's cache
_CHECK_THE_PATH: Final = "Check the path and who may read it; `-` is standard input."


class InputFile:
    """One opened input: its lines, to be gone through once, and how far it has been read.

    `total_bytes` is the size of the file as it lies on disk, `None` for standard input, pipes and devices;
    `consumed_bytes` is how many of these have been read so far. Use it in a `with` statement, or to its end.
    """

    def __init__(
        self, path: str, read: Callable[[int], bytes], close: Callable[[], None], total_bytes: int | None, limit: int
    ) -> None:
        self.path: Final = path
        self.total_bytes: Final = total_bytes
        self.consumed_bytes = 0
        self.close: Final = close
        self._read = read
        self._lines = self._open(limit)

    def __iter__(self) -> Iterator[Line]:
        return self._lines

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, max_line_bytes: int) -> Iterator[Line]:
        """Read up to the first line, so that an empty input is known before anything else is begun."""
        head = b""
        chunks = self._chunks()
        try:
            while len(head) < MAGIC_BYTES and (chunk := next(chunks, b"")):
                head += chunk
        except Damaged as damage:
            self.close()
            raise InputError(f"{_shown(self.path)} cannot be read: {damage}.", remedy=_CHECK_THE_PATH) from damage
        chunks = chain((head,), chunks)
        plain = decompressed(head, chunks) or chunks
        *_, lines = records_of(plain, max_line_bytes)
        first = next(lines, None)
        if first is None:
            self.close()
            raise InputError(f"{_shown(self.path)} is empty.", remedy="Give an input with at least one line.")
        return chain((first,), lines)

    def _chunks(self) -> Iterator[bytes]:
        while True:
            try:
                chunk = self._read(_CHUNK)
            except OSError as error:
                raise Damaged(f"reading failed: {error.strerror}") from error
            if not chunk:
                self.close()
                return
            self.consumed_bytes += len(chunk)
            yield chunk


def open_lines(path: str, *, max_line_bytes: int = MAX_LINE_BYTES) -> InputFile:
    """Open a file, plain, gz, bz2, xz or zst as its first bytes say (never its name), or standard input for `-`.

    Raises `InputError` where there is nothing to read: no such file, a directory, no permission, an empty input; to
    know that, it reads (and waits) up to the first line. Whatever goes wrong later is a line of its own, see `Line`;
    the iteration never raises. Before the place where a compressed file is damaged, at most about a KiB of compressed
    data is lost with it.
    """
    if path == "-":
        if sys.stdin is None:
            raise InputError("There is no standard input.", remedy="Give the path of a file.")
        # read1 gives what is there, so that a live stream's lines come as they arrive.
        stdin = cast("io.BufferedReader", sys.stdin.buffer)  # typed as the narrower BinaryIO
        return InputFile(path, stdin.read1, lambda: None, None, max_line_bytes)
    try:
        file = open(path, "rb", buffering=0)  # noqa: SIM115 - handed to InputFile, which closes it
    except FileNotFoundError as error:
        raise InputError(f"{_shown(path)}: there is no such file.", remedy=_CHECK_THE_PATH) from error
    except IsADirectoryError as error:
        raise InputError(f"{_shown(path)} is a directory.", remedy="Give the files in it.") from error
    except PermissionError as error:
        raise InputError(f"{_shown(path)} may not be read by this user.", remedy=_CHECK_THE_PATH) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{_shown(path)} cannot be opened: {reason}.", remedy=_CHECK_THE_PATH) from error
    status = os.fstat(file.fileno())
    total_bytes = status.st_size if stat.S_ISREG(status.st_mode) else None
    return InputFile(path, file.read, file.close, total_bytes, max_line_bytes)


def _shown(path: str) -> str:
    return "Standard input" if path == "-" else printable(path)
