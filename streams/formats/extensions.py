"""Readers that other packages bring, by the entry point group `antiphon.readers`. They are strangers' code: what they
raise or make up becomes a rejection, as a bad line does.
"""

from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from streams.core.rounded_ids import IdEvidence, Verdict
from streams.deadletters import Reason, Rejection
from streams.errors import InputError
from streams.events import Event, encode_event
from streams.formats.canonical import CanonicalReader
from streams.formats.reader import FormatReader, Reading, Skipped
from streams.printable import printable
from streams.refusal import rejection

__all__ = ["GROUP", "ExternalReader", "external_readers"]

GROUP: Final = "antiphon.readers"

_MAX_NAME: Final = 64  # characters of what a line is skipped as: they are counted by name
_canonical: Final = CanonicalReader()


class ExternalReader:
    """A reader of another package behind the contract of ours. Of its methods only `read` is required."""

    def __init__(self, name: str, reader: Any) -> None:
        self.name: Final = name
        self._reader = reader

    @property
    def holds(self) -> str:
        """The first line of what the reader's class says of itself."""
        return (type(self._reader).__doc__ or "").strip().partition("\n")[0].rstrip(".")

    def read(self, line: bytes) -> Reading:
        """What the reader says, if it keeps to the contract and its events to their schema; else a rejection."""
        try:
            reading = self._reader.read(line)
            match reading:
                case Skipped(name=str(name)):
                    return Skipped(printable(name)[:_MAX_NAME])
                case Rejection(reason=Reason() as reason, detail=str(detail)):
                    return rejection(reason, detail)
                case tuple() if reading:
                    return self._checked(reading)
        except Exception as error:  # noqa: BLE001 - whatever it is, it costs this line only
            return self._fault(f"{type(error).__name__}: {error}")
        return self._fault(f"it gave {type(reading).__name__}: neither events, nor what to skip, nor a refusal")

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """See `FormatReader`."""
        try:
            if hasattr(self._reader, "ids_in"):
                self._reader.ids_in(line, numbers, texts)
        except Exception:  # noqa: BLE001 - `read` will say what is wrong with the line
            return

    def parts(self, line: bytes) -> Sequence[bytes]:
        """See `FormatReader`."""
        try:
            parts = self._reader.parts(line) if hasattr(self._reader, "parts") else ()
            return [part for part in parts if isinstance(part, bytes) and part != line]
        except Exception:  # noqa: BLE001 - the line is refused as a whole then
            return ()

    def of_file(self, numbers: Verdict) -> "ExternalReader":
        """See `FormatReader`."""
        if not hasattr(self._reader, "of_file"):
            return self
        return ExternalReader(self.name, self._reader.of_file(numbers))

    def _checked(self, events: tuple[Event, ...]) -> Reading:
        """The events as their records will be read again."""
        checked: list[Event] = []
        for event in events:
            reading = _canonical.read(encode_event(event))
            if not isinstance(reading, tuple):
                detail = reading.detail if isinstance(reading, Rejection) else "it is blank"
                return self._fault(f"an event that is against the schema: {detail}")
            checked += reading
        return tuple(checked)

    def _fault(self, detail: str) -> Rejection:
        return rejection(Reason.NOT_AN_EVENT, f"the reader {self.name} failed: {detail}")


def external_readers(taken: Iterable[str]) -> list[FormatReader]:
    """The readers that installed packages bring, by name. `taken` are the names that are ours.

    Raises `InputError` where one cannot be loaded, or has a name that another one has.
    """
    names = set(taken)
    readers: list[FormatReader] = []
    found = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    for point in found:
        if point.name in names:
            raise _unusable(point, "another reader has this name")
        try:
            reader = point.load()()
        except Exception as error:
            raise _unusable(point, f"{type(error).__name__}: {error}") from error
        if not callable(getattr(reader, "read", None)):
            raise _unusable(point, "it has no method `read`")
        names.add(point.name)
        readers.append(ExternalReader(point.name, reader))
    return readers


def _unusable(point: EntryPoint, why: str) -> InputError:
    package = point.dist.name if point.dist is not None else "a package"
    return InputError(
        f"The reader `{printable(point.name)}` of {printable(package)} cannot be used: {printable(why)}.",
        remedy=f"Mend or uninstall {printable(package)}; see docs/formats.md",
    )
