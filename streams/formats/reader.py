"""What every format reader is: a name and one pure function from a line to what the line says."""

from collections.abc import Sequence
from typing import Protocol, Self, TypeAlias, runtime_checkable

from msgspec import Struct

from streams.core.rounded_ids import IdEvidence, Verdict
from streams.deadletters import Rejection
from streams.events import Event

__all__ = ["FolderReader", "FormatReader", "Reading", "Skipped"]


class Skipped(Struct, frozen=True):
    """A line that the format knows by name and that says nothing Antiphon counts (`name` is from a closed list)."""

    name: str


Reading: TypeAlias = tuple[Event, ...] | Skipped | Rejection
"""One line becomes one or more events, a known message to skip, or a rejection. Never an exception."""


class FormatReader(Protocol):
    """Reads one foreign format, line by line, without state and without I/O.

    Whether the ids of a file went through floating point can only be seen from many of them. So `read_lines` shows the
    lines at the beginning of a file to `ids_in`, and reads the file with what `of_file` gives for the verdicts.
    """

    @property
    def name(self) -> str:
        """The name a person gives with `--format`."""
        ...

    def read(self, line: bytes) -> Reading:
        """Say what one line (no trailing newline) is. Never raises."""
        ...

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """Note the ids of a line: those that stand there as numbers, and those that are strings. Never raises."""
        ...

    def of_file(self, numbers: Verdict) -> Self:
        """The reader for a file whose bare numbers are so."""
        ...

    def parts(self, line: bytes) -> Sequence[bytes]:
        """The messages that a line wraps, where it does: each is read as a line of its own. Empty for any other line.

        Asked of a line that `read` refuses. Never raises.
        """
        ...


@runtime_checkable
class FolderReader(FormatReader, Protocol):
    """Reads a format of several files in one folder, of which one says something that the others lack."""

    def beside(self, line: bytes) -> Self | None:
        """The reader for the files of the folder in which this line stands; `None` where it says nothing of them.

        Asked of a line that `read` skips. Never raises.
        """
        ...
