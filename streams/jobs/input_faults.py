"""What is wrong with an input as a whole: nothing could be read, much was refused, a file breaks off.

A run that meets one of these has not done what it was asked for, whatever it counted: its status is not 0.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from streams.deadletters import DeadLetter, Reason, Rejection
from streams.formats.inputs.files import UNPACK, shown_path
from streams.formats.registry import all_formats
from streams.jobs.reading import FileAccount
from streams.printable import printable

__all__ = ["InputFault", "faults_of"]

FaultKind: TypeAlias = Literal["nothing_read", "much_refused", "breaks_off", "not_recognised", "unreadable"]

_MUCH: Final = 0.1
"""The share of refused lines from which on a figure of the run would be another one."""

_TOP: Final = 3  # reasons and names that are told
_TRIED: Final = 20  # refused lines that are shown to the other readers
_NAME_IT: Final = (
    "`antiphon formats` lists the formats; name one with --format, which says line by line what is refused"
)
_NAME_IT_OR_NOT: Final = f"leave it out if it is no data; else: {_NAME_IT}"
_UNPACK: Final = f"{UNPACK[:1].lower()}{UNPACK[1:-1]}"


class InputFault(Struct, frozen=True, kw_only=True):
    """One input, what is wrong with it, and what to do."""

    kind: FaultKind
    path: str
    what: str
    remedy: str


def faults_of(files: Sequence[FileAccount], letters: Sequence[DeadLetter]) -> list[InputFault]:
    """The faults of the inputs, in their order. `letters` are some of the dead letters, for a look at what they hold.

    Of the files of a folder or an archive, one in which nothing was refused may be without events if others have some:
    it is empty, or holds what the format skips by name.
    """
    with_events = {file.within for file in files if file.tally.events > file.refused_events.total()}
    faults: list[InputFault] = []
    for file in files:
        tally, name = file.tally, shown_path(file.path)
        rejected = tally.rejected + file.refused_events
        refused, events = rejected.total(), tally.events - file.refused_events.total()
        if file.breaks_off is not None:
            what = f"{name} breaks off at line {file.breaks_off:,}: what came after it is missing"
            faults.append(_fault("breaks_off", file, what, "get the file again, whole"))
        if file.problem is not None:
            faults.append(_fault("unreadable", file, f"{name} {file.problem}", _UNPACK))
        elif file.is_media:
            continue
        elif not file.format and not file.is_empty and file.breaks_off is None:
            what = f"{name} is of no known format, and was not read ({file.why})"
            remedy = file.advice or (_NAME_IT if file.within is None else _NAME_IT_OR_NOT)
            faults.append(_fault("not_recognised", file, what, remedy))
        elif file.format and not events and (refused or file.within is None or file.within not in with_events):
            what = f"{name}: no event in {tally.lines:,} lines ({_most(rejected, tally.skipped)})"
            faults.append(_fault("nothing_read", file, what, _remedy(file, letters)))
        elif refused > _MUCH * tally.lines:
            what = f"{name}: {refused:,} of {tally.lines:,} lines were refused ({_most(rejected)})"
            faults.append(_fault("much_refused", file, what, _remedy(file, letters)))
    return faults


def _fault(kind: FaultKind, file: FileAccount, what: str, remedy: str) -> InputFault:
    return InputFault(kind=kind, path=file.path, what=what, remedy=remedy)


def _most(*counts: Mapping[str, int] | Mapping[Reason, int]) -> str:
    """The most frequent reasons, and names of what was skipped."""
    found = Counter({str(name): count for each in counts for name, count in each.items()})
    return ", ".join(f"{count:,} {name}" for name, count in found.most_common(_TOP)) or "nothing but blank lines"


def _remedy(file: FileAccount, letters: Sequence[DeadLetter]) -> str:
    if not file.tally.rejected and not file.refused_events:
        return f"its lines are known messages of `{file.format}` that tell of no event: give a file that has some"
    mine = [letter for letter in letters if letter.topic == file.path[-len(letter.topic) :]][:_TRIED]
    if not file.tally.rejected:  # what was refused later had been read well
        return f"put that right; the first is refused for: {printable(mine[0].detail)}" if mine else "put that right"
    for name, reader in all_formats().items():
        readings = [reader.read(letter.payload) for letter in mine]
        has_events = any(isinstance(each, tuple) for each in readings)
        is_read = sum(isinstance(each, Rejection) for each in readings) * 2 < len(readings)
        if name != file.format and has_events and is_read:
            return f"it looks like `{name}`: read it with --format {name}"
    said = f"; the first is refused for: {printable(mine[0].detail)}" if mine else ""
    return f"is it `{file.format}`? The dead letters say what each line lacks{said}"
