"""Where a roster comes from that a command is given: a file, or what the broker has."""

import asyncio
from typing import Final

from msgspec import Struct

from streams.cli.inputs import read_roster
from streams.core.rosters.roster import Roster
from streams.errors import InputError
from streams.kafka.roster_topic import published_roster
from streams.printable import printable
from streams.settings import Settings

__all__ = ["PUBLISHED", "NamedRoster", "named_roster"]

PUBLISHED: Final = "published"


class NamedRoster(Struct, frozen=True):
    """A roster, and what it is called here."""

    name: str
    roster: Roster


def named_roster(source: str, settings: Settings) -> NamedRoster:
    """The roster of a file, or the one in force for `published` (a file of that name is `./published`).

    Raises `InputError`, `RosterError` or `BrokerError`.
    """
    if source != PUBLISHED:
        return NamedRoster(printable(source), read_roster(source))
    found = asyncio.run(published_roster(settings)).roster
    if found is None:
        raise InputError(
            f"no roster is in force on {settings.topic('officials')}", remedy="publish one, or name a file"
        )
    return NamedRoster(f"the roster in force on {settings.topic('officials')}", found)
