"""Who is to be polled, and where: the officials of the roster on Mastodon, by server."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from streams.collectors.following import follow_rosters
from streams.core.rosters.roster import Roster
from streams.formats.mastodon.mastodon_statuses import MASTODON
from streams.settings import Settings

__all__ = ["Servers", "follow_officials", "name_of_address", "name_of_handle", "servers_of"]

_USER: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?")
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_PROFILE: Final = re.compile(r"/(?:@|users/)([^/@]+)/?")

Servers = Mapping[str, tuple[str, ...]]
"""The names of the officials on each server, by its domain."""


def servers_of(roster: Roster, now_us: int) -> dict[str, tuple[str, ...]]:
    """Those who are officials now, or will be. An entry names an account by address, or as `user@server`."""
    found: dict[str, set[str]] = {}
    ids = {name: terms for name, terms in roster.ids_of(MASTODON).items() if terms[-1].to_us > now_us}
    handles = {name: terms for name, terms in roster.handles_of(MASTODON).items() if terms[-1].to_us > now_us}
    for named in [*map(name_of_address, ids), *map(name_of_handle, handles)]:
        if named is not None:
            found.setdefault(named[1], set()).add(named[0])
    return {host: tuple(sorted(users)) for host, users in sorted(found.items())}


async def follow_officials(settings: Settings, use: Callable[[Servers], object]) -> None:
    """Use each roster that is published. Until cancelled."""
    await follow_rosters(settings, MASTODON, lambda roster: use(servers_of(roster, time.time_ns() // 1_000)))


def name_of_address(address: str) -> tuple[str, str] | None:
    """User and server (lower case) of the address of a profile; `None` for any other text."""
    try:
        parts = urlsplit(address)
        profile = _PROFILE.fullmatch(parts.path)
        is_web = parts.scheme in ("http", "https")
        return None if profile is None or not is_web else _checked(profile[1], parts.netloc)
    except ValueError:
        return None


def name_of_handle(handle: str) -> tuple[str, str] | None:
    """User and server (lower case) of `user@server`; `None` for any other text."""
    user, _, host = handle.lstrip("@").partition("@")
    return _checked(user, host)


def _checked(user: str, host: str) -> tuple[str, str] | None:
    host = host.lower()
    return (user.lower(), host) if _USER.fullmatch(user) and _HOST.fullmatch(host) else None
