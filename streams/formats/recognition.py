"""Which format an input has, told from its first lines by asking every reader. Pure: lines in, a reader and why out."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from msgspec import Struct

from streams.deadletters import Reason, Rejection
from streams.formats.inputs.lines import Line
from streams.formats.reader import FormatReader, Reading, Skipped
from streams.formats.tally import readings_of
from streams.printable import printable

__all__ = ["Recognition", "recognised"]

_MOST_LINES: Final = 200
_MOST_BYTES: Final = 4_000_000
_NEAREST: Final = 3
_NOTHING: Final = frozenset({"blank", "header", "length"})  # what is skipped under these names tells no format
# How much a refusal says for the format nevertheless: 3 where it found an event, but for one thing, 0 where the line is
# not even written as the format is.
_NEARNESS: Final = {Reason.BAD_TIME: 3, Reason.NO_SUBJECT: 3, Reason.TOO_LARGE: 2, Reason.NOT_JSON: 0}


class Recognition(Struct, frozen=True, kw_only=True):
    """The reader that takes the most of the first lines, and a sentence's end that says so; `None` where none takes
    any, or two take the same: `why` then names those that come nearest. `breaks_off` is the line at which damage ended
    the input before anything in it could be known.
    """

    reader: FormatReader | None
    why: str
    breaks_off: int | None = None


class _Candidate:
    """A reader, and what it said of the lines so far."""

    def __init__(self, reader: FormatReader) -> None:
        self.reader = reader
        self.event_lines = 0
        self.skipped_lines = 0
        self.refused_lines = 0
        self.lines = 0
        self.refused: Rejection | None = None
        self.nearness = -1
        self.readings: list[Reading] = []

    @property
    def taken(self) -> tuple[int, int, int]:
        """How much it can do with the lines: the more the better."""
        return self.event_lines + self.skipped_lines, self.event_lines, -self.refused_lines

    def see(self, data: bytes) -> None:
        """Ask of one line."""
        readings = list(readings_of(data, self.reader))
        if all(isinstance(each, Skipped) and each.name in _NOTHING for each in readings):
            return
        self.lines += 1
        self.readings += readings
        if any(isinstance(each, tuple) for each in readings):
            self.event_lines += 1
        elif any(isinstance(each, Skipped) for each in readings):
            self.skipped_lines += 1
        else:
            self.refused_lines += 1
        for each in readings:
            if isinstance(each, Rejection) and (nearness := _NEARNESS.get(each.reason, 1)) > self.nearness:
                self.refused, self.nearness = each, nearness


def recognised(lines: Iterable[Line], readers: Sequence[FormatReader]) -> tuple[Recognition, Iterator[Line]]:
    """What the lines are, and all of them again. One reader is taken as it is, unasked.

    Looks no further than the first line that has events and that one reader alone takes, if it took those before; else
    at 200 lines or 4 MB.
    """
    if len(readers) == 1:
        return Recognition(reader=readers[0], why=""), iter(lines)
    lines = iter(lines)
    candidates = [_Candidate(reader) for reader in readers]
    ahead: list[Line] = []
    size_bytes = 0
    for line in lines:
        ahead.append(line)
        size_bytes += len(line.data)
        if line.refusal is None:
            for candidate in candidates:
                candidate.see(line.data)
        if _is_clear(candidates) or len(ahead) >= _MOST_LINES or size_bytes >= _MOST_BYTES:
            break
    if ahead and ahead[-1].refusal is not None and not any(candidate.lines for candidate in candidates):
        refusal = ahead[-1].refusal
        if refusal.reason is Reason.BAD_FILE:
            return Recognition(reader=None, why=refusal.detail, breaks_off=ahead[-1].number), chain(ahead, lines)
    return _chosen(candidates), chain(ahead, lines)


def _is_clear(candidates: Sequence[_Candidate]) -> bool:
    without_refusal = [candidate for candidate in candidates if candidate.refused is None]
    return (
        len(without_refusal) > 0
        and without_refusal[0].event_lines > 0
        and all(each.readings == without_refusal[0].readings for each in without_refusal)
    )


def _chosen(candidates: Sequence[_Candidate]) -> Recognition:
    best = max(candidates, key=lambda candidate: candidate.taken)
    alike = [each for each in candidates if each.taken == best.taken]
    # Of readers that say the same of every line it does not matter which one reads: the first one.
    if best.taken[0] and all(each.readings == best.readings for each in alike):
        return Recognition(reader=best.reader, why=_share(best))
    if best.taken[0]:
        same = ", ".join(each.reader.name for each in alike)
        return Recognition(reader=None, why=f"its first lines may be {same}: name the one that it is with --format")
    near = sorted((each for each in candidates if each.refused is not None), key=lambda each: -each.nearness)
    nearest = near[0].nearness if near else 0
    said = "; ".join(
        f"no {each.reader.name}, for {each.refused.reason}: {printable(each.refused.detail)}"
        for each in near[:_NEAREST]
        if each.refused is not None and each.nearness == nearest
    )
    return Recognition(reader=None, why=said or "nothing but blank lines")


def _share(best: _Candidate) -> str:
    if best.lines == 1:
        return "its first line is an event" if best.event_lines else "its first line is a known message"
    counts = {"events": best.event_lines, "known messages": best.skipped_lines}
    said = " and ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    return f"{said} in its first {best.lines:,} lines"
