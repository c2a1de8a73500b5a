"""What is wrong with an input as a whole: nothing could be read, much was refused, a file breaks off.

A run that meets one of these has not done what it was asked for, whatever it counted: its status is not 0.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from streams.deadletters import DeadLetter, Reason, Rejection
from streams.formats.registry import FORMATS
from streams.jobs.reading import FileAccount
from streams.printable import printable

__all__ = ["InputFault", "faults_of"]

FaultKind: TypeAlias = Literal["nothing_read", "much_refused", "breaks_off"]

_MUCH: Final = 0.1
"""The share of refused lines from which on a figure of the run would be another one."""

_TOP: Final = 3  # reasons and names that are told
_TRIED: Final = 20  # refused lines that are shown to the other readers


class InputFault(Struct, frozen=True, kw_only=True):
    """One file, what is wrong with it, and what to do."""

    kind: FaultKind
    path: str
    what: str
    remedy: str


def faults_of(files: Sequence[FileAccount], letters: Sequence[DeadLetter], format_name: str) -> list[InputFault]:
    """The faults of the files, in their order. `letters` are some of the dead letters, for a look at what they hold."""
    faults: list[InputFault] = []
    for file in files:
        tally, name = file.tally, "Standard input" if file.path == "-" else printable(file.path)
        refused = tally.rejected.total()
        if file.breaks_off is not None:
            what = f"{name} breaks off at line {file.breaks_off:,}: what came after it is missing"
            faults.append(_fault("breaks_off", file, what, "get the file again, whole"))
        if not tally.events:
            what = f"{name}: no event in {tally.lines:,} lines ({_most(tally.rejected, tally.skipped)})"
            faults.append(_fault("nothing_read", file, what, _remedy(file, letters, format_name)))
        elif refused > _MUCH * tally.lines:
            what = f"{name}: {refused:,} of {tally.lines:,} lines were refused ({_most(tally.rejected)})"
            faults.append(_fault("much_refused", file, what, _remedy(file, letters, format_name)))
    return faults


def _fault(kind: FaultKind, file: FileAccount, what: str, remedy: str) -> InputFault:
    return InputFault(kind=kind, path=file.path, what=what, remedy=remedy)


def _most(*counts: Mapping[str, int] | Mapping[Reason, int]) -> str:
    """The most frequent reasons, and names of what was skipped."""
    found = Counter({str(name): count for each in counts for name, count in each.items()})
    return ", ".join(f"{count:,} {name}" for name, count in found.most_common(_TOP)) or "nothing but blank lines"


def _remedy(file: FileAccount, letters: Sequence[DeadLetter], format_name: str) -> str:
    mine = [letter for letter in letters if letter.topic == file.path[-len(letter.topic) :]][:_TRIED]
    for name, reader in FORMATS.items():
        readings = [reader.read(letter.payload) for letter in mine]
        has_events = any(isinstance(each, tuple) for each in readings)
        is_read = sum(isinstance(each, Rejection) for each in readings) * 2 < len(readings)
        if name != format_name and has_events and is_read:
            return f"it looks like `{name}`: read it with --format {name}"
    said = f"; the first is refused for: {printable(mine[0].detail)}" if mine else ""
    return f"is it `{format_name}`? The dead letters say what each line lacks{said}"
