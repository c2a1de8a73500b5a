"""What is wrong with a rule file and how it is told: the place, what stands there, what to write instead.

Everything quoted from a file or path is bounded and printable: an error message must not drive a terminal.
"""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from streams.errors import ConfigurationError
from streams.printable import printable, quoted

__all__ = ["RuleProblem", "RulesError", "dotted", "shown"]

_SHOWN_PROBLEMS: Final = 50  # in the message; `RulesError.problems` holds all
_SHOWN_CHARACTERS: Final = 64
_SHOWN_PARTS: Final = 8
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class RuleProblem(Struct, frozen=True, kw_only=True):
    """One thing wrong: the line (from 1, `None` if unknown), the key with its tables, and what to write instead."""

    line: int | None
    key: str
    message: str
    remedy: str

    def __str__(self) -> str:
        place = [f"line {self.line}"] if self.line else []
        return ": ".join([*place, *filter(None, [self.key]), f"{self.message}; {self.remedy}"])


class RulesError(ConfigurationError):
    """A rule file with problems. `problems` holds every one, by line; `origin` is the file as people know it."""

    def __init__(self, origin: str, problems: Iterable[RuleProblem]) -> None:
        self.origin = origin
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        count = len(self.problems)
        lines = [f"{printable(origin)}: {count:,} {'problem' if count == 1 else 'problems'}"]
        lines += [f"  {problem}" for problem in self.problems[:_SHOWN_PROBLEMS]]
        if count > _SHOWN_PROBLEMS:
            lines.append(f"  and {count - _SHOWN_PROBLEMS:,} more")
        super().__init__("\n".join(lines), remedy="Correct these lines; docs/concepts.md describes the format.")


def dotted(path: tuple[str, ...]) -> str:
    """A key path as TOML writes it, bounded and printable."""
    parts = [part if _PLAIN_KEY.fullmatch(part) else shown(part) for part in path[:_SHOWN_PARTS]]
    return ".".join(parts)


def shown(text: str) -> str:
    """A foreign text as a message may repeat it: quoted, cut and escaped."""
    return quoted(text, _SHOWN_CHARACTERS)
