"""Where a roster comes from that a command is given: a file, or what the broker has."""

import asyncio
import os
import re
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from streams.cli.inputs import read_roster
from streams.core.rosters.roster import Roster
from streams.errors import InputError
from streams.kafka.roster_history import kept_rosters
from streams.kafka.roster_topic import published_roster
from streams.printable import printable
from streams.settings import Settings
from streams.topic_names import EVIDENCE, OFFICIALS

__all__ = ["PUBLISHED", "NamedRoster", "kept_roster", "named_roster"]

PUBLISHED: Final = "published"
_DIGEST: Final = re.compile("[0-9a-f]{8,64}")


class NamedRoster(Struct, frozen=True):
    """A roster, and what it is called here."""

    name: str
    roster: Roster


def named_roster(source: str, settings: Settings) -> NamedRoster:
    """The roster of a file, the one in force for `published`, or for a digest (where no file has that name) one that
    was published before.

    Raises `InputError`, `RosterError` or `BrokerError`.
    """
    if source == PUBLISHED:
        found = asyncio.run(published_roster(settings)).roster
        if found is None:
            what = f"no roster is in force on {settings.topic(OFFICIALS)}"
            raise InputError(what, remedy="publish one, or name a file")
        return NamedRoster(f"the roster in force on {settings.topic(OFFICIALS)}", found)
    if _DIGEST.fullmatch(source) and not os.path.exists(source):
        return kept_roster(source, settings)
    return NamedRoster(printable(source), read_roster(source))


def kept_roster(digest: str, settings: Settings, progress: Callable[[int], None] | None = None) -> NamedRoster:
    """A roster that was published, by the beginning of its digest. Raises `InputError` or `BrokerError`."""
    list_them = "`antiphon roster history` lists those that are kept"
    if not _DIGEST.fullmatch(digest):
        raise InputError(f"{printable(digest, 70)!r} is no digest: at least 8 hexadecimal digits", remedy=list_them)
    found = [each for each in asyncio.run(kept_rosters(settings, progress)) if each.digest.startswith(digest)]
    if len(found) != 1:
        count = "no roster is" if not found else f"{len(found)} rosters are"
        raise InputError(f"{count} kept on {settings.topic(EVIDENCE)} by the digest {digest}", remedy=list_them)
    [kept] = found
    if kept.roster is None:
        raise InputError(f"the roster {digest} cannot be put together: {kept.problem}", remedy=list_them)
    return NamedRoster(f"roster {kept.digest[:12]}", kept.roster)
