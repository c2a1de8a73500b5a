"""Where rules come from: the file that ships with Antiphon, or a file of the user's."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from streams.core.rule_files.rule_file import MAX_FILE_BYTES, parse_rules
from streams.core.rulebook.rules import RuleSet
from streams.errors import InputError
from streams.printable import printable, why_unreadable

__all__ = ["bundled_rules", "bundled_rules_text", "load_rules", "read_rules"]

_NAMED_BY: Final = (
    "A worker takes it from --rules, ANTIPHON_RULES_FILE or rules_file in its settings file; without any it uses the "
    "bundled rules."
)
_MARK_BYTES: Final = 3  # a byte order mark before the text


def bundled_rules_text() -> str:
    """The rule file that ships with Antiphon, as it is written."""
    return files("streams").joinpath("rules.toml").read_text(encoding="utf-8")


def bundled_rules() -> RuleSet:
    """The rules that ship with Antiphon."""
    return parse_rules(bundled_rules_text(), "the bundled rules")


def load_rules(path: Path | None, hint: str = _NAMED_BY) -> RuleSet:
    """The rules of a file, or the bundled ones for `None`. Raises as `read_rules` does."""
    return read_rules(path, hint)[0]


def read_rules(path: Path | None, hint: str = _NAMED_BY) -> tuple[RuleSet, str]:
    """The rules of a file, or the bundled ones for `None`, and the text that they were read from.

    Raises `InputError` where the file cannot be read as text, with a `hint` where else to look, and `RulesError` with
    everything that is wrong in it.
    """
    if path is None:
        return bundled_rules(), bundled_rules_text()
    shown = printable(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + _MARK_BYTES + 1)
    except FileNotFoundError:
        remedy = f"Check the path. {hint}"
        raise InputError(f"There is no rule file {shown}.", remedy=remedy) from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        remedy = f"Name a TOML file that this user may read. {hint}"
        raise InputError(f"The rule file {shown} cannot be read: {why_unreadable(error)}.", remedy=remedy) from None
    # What is surely too large may end within a character: `parse_rules` says what is wrong with it.
    errors = "replace" if len(content) > MAX_FILE_BYTES + _MARK_BYTES else "strict"
    try:
        text = content.decode("utf-8-sig", errors)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        remedy = "Save the file as UTF-8."
        raise InputError(f"The rule file {shown} is not UTF-8 text (line {line}).", remedy=remedy) from None
    return parse_rules(text, str(path)), text
