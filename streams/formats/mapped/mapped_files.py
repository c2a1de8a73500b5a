"""Where mappings come from: those that ship with Antiphon, by name, or a file of the user's."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from streams.errors import InputError
from streams.formats.mapped.mapping import Mapping
from streams.formats.mapped.mapping_file import MAX_MAPPING_BYTES, parse_mapping
from streams.printable import printable, why_unreadable

__all__ = ["load_mapping", "shipped_mappings"]

_SUFFIX: Final = ".toml"
_MARK_BYTES: Final = 3  # a byte order mark before the text


@cache
def shipped_mappings() -> dict[str, Mapping]:
    """The mappings that ship with Antiphon, by name, in the order of the names."""
    found = [
        each for each in files("streams.formats.mapped").joinpath("mappings").iterdir() if each.name.endswith(_SUFFIX)
    ]
    return {
        each.name.removesuffix(_SUFFIX): parse_mapping(each.read_text(encoding="utf-8"), each.name)
        for each in sorted(found, key=lambda each: each.name)
    }


def load_mapping(path: str) -> Mapping:
    """The mapping of a file.

    Raises `InputError` where it cannot be read as text, and `MappingError` with what is wrong in it.
    """
    shown = printable(path)
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_MAPPING_BYTES + _MARK_BYTES + 1)
    except FileNotFoundError:
        remedy = f"Check the path, or name one that ships with Antiphon: {', '.join(shipped_mappings())}."
        raise InputError(f"There is no mapping file {shown}.", remedy=remedy) from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        remedy = "Name a readable TOML file: --format mapped:FILE.toml."
        raise InputError(f"The mapping file {shown} cannot be read: {why_unreadable(error)}.", remedy=remedy) from None
    # What is surely too large may end within a character: `parse_mapping` says what is wrong with it.
    errors = "replace" if len(content) > MAX_MAPPING_BYTES + _MARK_BYTES else "strict"
    try:
        text = content.decode("utf-8-sig", errors)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"The mapping file {shown} is not UTF-8 text (line {line})."
        raise InputError(message, remedy="Save the file as UTF-8.") from None
    return parse_mapping(text, path)
