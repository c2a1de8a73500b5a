"""What every format reader is: a name and one pure function from a line to what the line says."""

from typing import Protocol, TypeAlias

from msgspec import Struct

from streams.deadletters import Rejection
from streams.events import Event

__all__ = ["FormatReader", "Reading", "Skipped"]


class Skipped(Struct, frozen=True):
    """A line that the format knows by name and that says nothing Antiphon counts (`name` is from a closed list)."""

    name: str


Reading: TypeAlias = tuple[Event, ...] | Skipped | Rejection
"""One line becomes one or more events, a known message to skip, or a rejection. Never an exception."""


class FormatReader(Protocol):
    """Reads one foreign format, line by line, without state and without I/O."""

    @property
    def name(self) -> str:
        """The name a person gives with `--format`."""
        ...

    def read(self, line: bytes) -> Reading:
        """Say what one line (no trailing newline) is. Never raises."""
        ...
