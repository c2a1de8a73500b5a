"""What can be said about a roster file that is not taken: problems with their line, column and remedy."""

from typing import Final

from msgspec import Struct

from streams.errors import ConfigurationError
from streams.printable import quoted

__all__ = ["Problems", "RosterError", "RosterProblem"]

_KEPT: Final = 1_000  # problems; more are counted
_SHOWN: Final = 60  # characters of a foreign value that a problem repeats


class RosterProblem(Struct, frozen=True, kw_only=True):
    """One thing wrong: where (line from 1; `None`: the whole file or line), what, and how to put it right.

    Printable and bounded, whatever the file holds.
    """

    line: int | None
    column: str | None
    what: str
    remedy: str

    def __str__(self) -> str:
        place = "" if self.line is None else f"line {self.line}{f', {self.column}' if self.column else ''}: "
        return f"{place}{self.what}"


class RosterError(ConfigurationError):
    """A roster file that is not taken. `problems` are in the order of lines; `omitted` counts those beyond 1,000."""

    def __init__(self, origin: str, problems: tuple[RosterProblem, ...], omitted: int = 0) -> None:
        more = len(problems) + omitted - 1
        rest = f" (and {more:,} more problem{'s' if more > 1 else ''})" if more else ""
        super().__init__(f"{origin}: {problems[0]}{rest}", remedy=problems[0].remedy)
        self.problems = problems
        self.omitted = omitted


class Problems:
    """Collects what is found, in any order, up to a bound."""

    def __init__(self) -> None:
        self._kept: list[RosterProblem] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def say(self, line: int | None, column: str | None, what: str, remedy: str) -> None:
        """Note one problem."""
        self._count += 1
        if len(self._kept) < _KEPT:
            self._kept.append(RosterProblem(line=line, column=column, what=what, remedy=remedy))

    def error(self, origin: str) -> RosterError:
        """All of it, in the order of lines, as one error; there must be a problem."""
        problems = sorted(self._kept, key=lambda problem: problem.line or 0)
        return RosterError(origin, tuple(problems), self._count - len(problems))


def shown(value: str) -> str:
    """A foreign value as a message may repeat it: quoted, cut and escaped."""
    return quoted(value, _SHOWN)
