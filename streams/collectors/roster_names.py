"""Ids and handles of a roster's accounts: what their platforms say of them now. Both directions must agree.

Each platform has its own way to find out (`NameService`); what it found is put into the roster's file here.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Literal, Protocol, TypeAlias

from msgspec import Struct

from streams.collectors.http_client import HttpClientError
from streams.core.rosters.roster import Roster, RosterEntry, account_key, handle_key
from streams.core.rosters.roster_edit import Names, with_names
from streams.core.rosters.roster_file import parse_roster

__all__ = [
    "AT_ONCE",
    "NameService",
    "Outcome",
    "PlatformAccount",
    "Resolution",
    "resolve_file",
    "same_handle",
]

Outcome: TypeAlias = Literal["confirmed", "resolved", "moved", "vanished", "disagrees", "unknown"]
"""`confirmed`: id and handle belong together. `resolved`: the one that was missing was found by the other. `moved`: the
account has another handle by now, which leads back to it. `vanished`: the handle leads nowhere, or the account is gone.
`disagrees`: one direction says so and the other does not. `unknown`: nobody could be asked."""

AT_ONCE: Final = 8
"""Accounts that are asked about at the same time."""


class PlatformAccount(Struct, frozen=True):
    """What a platform says of an account: why it is not well, and its id and handle now, `None` where it says none."""

    outcome: Outcome
    detail: str = ""
    account_id: str | None = None
    handle: str | None = None


class Resolution(Struct, frozen=True, kw_only=True):
    """What became of an account on the roster. `account_id` and `handle` are what is true now, `None` where nobody
    knows; `was_id` and `was_handle` what the roster has.
    """

    platform: str
    outcome: Outcome
    was_id: str | None
    was_handle: str | None
    account_id: str | None = None
    handle: str | None = None
    detail: str = ""

    @property
    def is_change(self) -> bool:
        """Whether something was found that the roster does not have."""
        return self.outcome in ("resolved", "moved")


class NameService(Protocol):
    """How a platform is asked. Both raise `HttpClientError` where it cannot be."""

    async def by_handle(self, handle: str) -> PlatformAccount:
        """The account that has a handle."""

    async def by_id(self, account_id: str, handle: str | None) -> PlatformAccount:
        """The account with an id, which the roster calls `handle`, if it says so."""


async def resolve_file(
    data: bytes, name: str, services: Mapping[str, NameService], progress: Callable[[int], None]
) -> tuple[list[Resolution], bytes]:
    """What became of the accounts in a roster file, and the file with the ids and handles that were found.

    `services` has who is asked, by platform; `progress` is progress how many are done. Raises `RosterError`.
    """
    resolutions = await _resolve_accounts(parse_roster(data, name), services, progress)
    return resolutions, with_names(data, name, dict(_names(each) for each in resolutions if each.is_change))


async def _resolve_accounts(
    roster: Roster, services: Mapping[str, NameService], progress: Callable[[int], None]
) -> list[Resolution]:
    """The accounts of these platforms on a roster, each once, in its order."""
    accounts = {entry.account_key: entry for entry in roster.entries if entry.platform in services}
    slots = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def resolve(entry: RosterEntry) -> Resolution:
        nonlocal done
        async with slots:
            found = await _found(entry, services[entry.platform])
        done += 1
        progress(done)
        return Resolution(
            platform=entry.platform,
            outcome=found.outcome,
            was_id=entry.account_id,
            was_handle=entry.handle,
            account_id=found.account_id,
            handle=found.handle,
            detail=found.detail,
        )

    return list(await asyncio.gather(*(resolve(entry) for entry in accounts.values())))


def same_handle(one: str, other: str) -> bool:
    """Whether two handles are one for the roster."""
    return handle_key(one) == handle_key(other)


async def _found(entry: RosterEntry, service: NameService) -> PlatformAccount:
    try:
        if entry.account_id is not None:
            return await service.by_id(entry.account_id, entry.handle)
        return await service.by_handle(entry.handle or "")
    except HttpClientError as error:
        return PlatformAccount("unknown", str(error), entry.account_id, entry.handle)


def _names(each: Resolution) -> tuple[str, Names]:
    key = account_key(each.platform, each.was_id, each.was_handle)
    return key, (each.account_id if each.was_id is None else None, each.handle if each.was_id is not None else None)
