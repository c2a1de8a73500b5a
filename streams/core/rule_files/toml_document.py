"""A TOML text from somebody else, bounded: its values, the line of each key, or the one reason why it has none."""

import re
import tomllib
from typing import Final, TypeAlias

from streams.core.rule_files.rule_problems import RuleProblem
from streams.core.rule_files.toml_lines import KeyPath, NestedTooDeeplyError, key_lines
from streams.printable import printable

__all__ = ["Table", "UnreadableTomlError", "parse_toml"]

Table: TypeAlias = dict[str, object]

_PLACE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class UnreadableTomlError(ValueError):
    """A text that is no TOML, or more of it than is taken. `problem` says where and what to do."""

    def __init__(self, line: int | None, message: str, remedy: str) -> None:
        super().__init__(message)
        self.problem = RuleProblem(line=line, key="", message=message, remedy=remedy)


def parse_toml(text: str, *, max_bytes: int, levels: str) -> tuple[Table, dict[KeyPath, int]]:
    """The document and the line (from 1) of each of its keys. `levels` says to people how deep it may be.

    Raises `UnreadableTomlError`, and nothing else.
    """
    if len(text) > max_bytes or len(text.encode("utf-8", "surrogatepass")) > max_bytes:
        raise UnreadableTomlError(None, f"the file is larger than {max_bytes:,} bytes", "split or shorten it")
    try:
        lines = key_lines(text)
        return tomllib.loads(text), lines
    except NestedTooDeeplyError as error:
        raise UnreadableTomlError(error.line, "keys are nested too deeply", levels) from None
    except RecursionError:
        raise UnreadableTomlError(None, "values are nested too deeply", levels) from None
    except ValueError as error:  # TOMLDecodeError, or an integer of thousands of digits
        line, message = _syntax_error(text, str(error))
        raise UnreadableTomlError(line, message, "see toml.io for how a TOML file is written") from None


def _syntax_error(text: str, said: str) -> tuple[int | None, str]:
    place = _PLACE.search(said)
    if place is None:
        return None, "a number is too long" if "digits" in said else f"this is not TOML: {printable(said[:200])}"
    line = int(place[1]) if place[1] else text.rstrip().count("\n") + 1
    return line, f"this is not TOML: {printable(said[: place.start()][:200])}"
