"""Lists as bytes, made into rosters as the command does it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from streams.core.rosters.roster import RosterEntry
from streams.core.rosters.roster_file import parse_roster
from streams.formats.roster_lists.import_options import ImportOptions
from streams.formats.roster_lists.list_files import read_list
from streams.formats.roster_lists.roster_import import Imported, import_roster, roster_csv

__all__ = ["SAID", "Import", "accounts", "entries", "imported_from"]

Import: TypeAlias = Callable[..., Imported]
"""Takes the bytes or text of a list, and options by name."""

SAID: dict[str, Any] = {
    "platforms": ("twitter",),
    "country": "FR",
    "category": "diplomat",
    "source_url": "https://example.org/list",
}
"""Options for a list that says nothing but handles."""


def imported_from(path: Path, **options: Any) -> Imported:
    """What is made of a file."""
    return import_roster(read_list(str(path)), ImportOptions(**options), path.name)


def accounts(imported: Imported) -> list[tuple[str, str, str]]:
    """Platform, id and handle of each row."""
    return [(row["platform"], row["account_id"], row["handle"]) for row in imported.rows]


def entries(imported: Imported) -> tuple[RosterEntry, ...]:
    """The entries of the roster that is written, as a worker reads them."""
    return tuple(parse_roster(roster_csv(imported.rows, "list"), "roster").entries)
