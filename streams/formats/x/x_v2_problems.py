"""How X says in a line without data that something failed: a problem by itself, or a list of them."""

from typing import Final

from msgspec import Raw
from msgspec.json import Decoder

from streams.formats.reader import Skipped
from streams.formats.x.x_v2_payloads import Problem

__all__ = ["PROBLEM_NAMES", "skipped_problem"]

# The closed list of names under which such a line is skipped.
PROBLEM_NAMES: Final = frozenset({"connection_refused", "errors", "operational_disconnect"})

_problem: Final = Decoder(Problem)
_problems: Final = Decoder(list[Problem] | None)


def skipped_problem(line: bytes, errors: Raw, title: Raw) -> Skipped | None:
    """What a line with these members is skipped as; `None` where it names no problem. Raises `DECODE_ERRORS`."""
    if errors and (problems := _problems.decode(errors)):
        return Skipped(_name_of(problems))
    if title:
        problem = _problem.decode(line)
        if problem.type or problem.disconnect_type or problem.connection_issue:
            return Skipped(_name_of([problem]))
    return None


def _name_of(problems: list[Problem]) -> str:
    """How X says that it ends a stream: in two spellings since 2021, and by the address of the problem."""
    for problem in problems:
        kind = (problem.type or "").rpartition("/")[2]
        title = (problem.title or "").replace("-", "").lower()
        if problem.disconnect_type or kind == "operational-disconnect" or title == "operationaldisconnect":
            return "operational_disconnect"
        if problem.connection_issue or kind == "streaming-connection" or title == "connectionexception":
            return "connection_refused"
    return "errors"
