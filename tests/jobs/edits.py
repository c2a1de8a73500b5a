"""Random edits of a roster: everything that a person may do to one."""

from random import Random
from typing import Final

from msgspec.structs import replace

from streams.core.rosters.roster import Roster, RosterEntry

__all__ = ["EDITS", "edited"]

EDITS: Final = ("remove", "add", "term", "country", "category", "id", "domains", "name")


def edited(roster: Roster, random: Random, strangers: list[str], begin_us: int, end_us: int, edits: int) -> Roster:
    """The roster after so many random edits of different entries; `strangers` are ids that may become officials."""
    entries = list(roster.entries)
    random.shuffle(entries)
    for place in range(min(edits, len(entries))):
        entry = entries[place]
        match random.choice(EDITS):
            case "remove":
                entries[place] = None  # type: ignore[call-overload]
            case "add":
                added = replace(entry, account_id=strangers.pop(), handle=None, country=random.choice(("IR", "RU")))
                entries.append(added)
            case "term":
                at_us = random.randrange(begin_us, end_us)
                bound = {random.choice(("valid_from_us", "valid_to_us")): at_us}
                entries[place] = replace(entry, **bound)
            case "country":
                entries[place] = replace(entry, country=random.choice(("IR", "RU", "CN", "VE")))
            case "category":
                entries[place] = replace(entry, category="state_media")
            case "id":
                entries[place] = _named_otherwise(entry)
            case "domains":
                entries[place] = replace(entry, domains=() if entry.domains else ("mfa.example",))
            case _:
                entries[place] = replace(entry, name="Somebody", source_url="https://example.org/other")
    return Roster(entry for entry in entries if entry is not None)


def _named_otherwise(entry: RosterEntry) -> RosterEntry:
    """By id where it was by handle alone, and the other way round."""
    if entry.account_id is not None:
        return replace(entry, account_id=None)
    return replace(entry, account_id=f"9{int((entry.handle or '_0').rpartition('_')[2]):05}")
