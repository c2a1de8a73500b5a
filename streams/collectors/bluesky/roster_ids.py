"""Officials on Bluesky: which DID a handle leads to, and whether the DID says so too. Both directions must agree."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from streams.collectors.bluesky.http_client import ClientPolicy, HttpClient, HttpClientError
from streams.collectors.bluesky.identity import Identities
from streams.collectors.public_hosts import place_of
from streams.core.rosters.roster import Roster, RosterEntry, account_key, handle_key
from streams.core.rosters.roster_edit import Names, with_names
from streams.core.rosters.roster_file import parse_roster
from streams.formats.bluesky.jetstream_fields import BLUESKY

__all__ = ["Outcome", "Resolution", "resolve_file", "resolve_officials"]

Outcome: TypeAlias = Literal["confirmed", "resolved", "moved", "vanished", "disagrees", "unknown"]
"""`confirmed`: id and handle belong together. `resolved`: the id was found by the handle. `moved`: the account has
another handle by now, which leads back to it. `vanished`: the handle leads nowhere, or the account is gone.
`disagrees`: one direction says so and the other does not. `unknown`: nobody could be asked."""

_AT_ONCE: Final = 8
_PATIENCE_SECONDS: Final = 330.0  # the window of Bluesky's limits is 300 s


class Resolution(Struct, frozen=True, kw_only=True):
    """What became of an account on the roster. `account_id` and `handle` are what is true now, `None` where nobody
    knows; `was_id` and `was_handle` what the roster has.
    """

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


async def resolve_file(
    data: bytes, name: str, appview: str, directory: str, told: Callable[[int], None] = lambda _done: None
) -> tuple[list[Resolution], bytes]:
    """What became of the accounts of Bluesky in a roster file, and the file with the ids and handles that were found.

    `appview` resolves handles, `directory` says which handles a DID has. Raises `RosterError`.
    """
    trusted = frozenset(map(place_of, (appview, directory)))
    policy = ClientPolicy(trusted=trusted, patience_seconds=_PATIENCE_SECONDS, at_once_per_host=_AT_ONCE)
    async with HttpClient(policy) as client:
        identities = Identities(client, directory, appview)
        resolutions = await resolve_officials(parse_roster(data, name), identities, told)
    return resolutions, with_names(data, name, dict(_names(each) for each in resolutions if each.is_change))


def _names(each: Resolution) -> tuple[str, Names]:
    key = account_key(BLUESKY, each.was_id, each.was_handle)
    return key, (each.account_id if each.was_id is None else None, each.handle if each.was_id is not None else None)


async def resolve_officials(
    roster: Roster, identities: Identities, told: Callable[[int], None] = lambda _done: None
) -> list[Resolution]:
    """The accounts of Bluesky on a roster, each once, in its order. `told` is told how many are done."""
    accounts = {entry.account_key: entry for entry in roster.entries if entry.platform == BLUESKY}
    slots = asyncio.Semaphore(_AT_ONCE)
    done = 0

    async def resolve(entry: RosterEntry) -> Resolution:
        nonlocal done
        async with slots:
            resolution = await _resolution(entry, identities)
        done += 1
        told(done)
        return resolution

    return list(await asyncio.gather(*(resolve(entry) for entry in accounts.values())))


async def _resolution(entry: RosterEntry, identities: Identities) -> Resolution:
    try:
        if entry.account_id is not None:
            return await _by_id(entry.account_id, entry.handle, identities)
        return await _by_handle(entry.handle or "", identities)
    except HttpClientError as error:
        return Resolution(
            outcome="unknown",
            was_id=entry.account_id,
            was_handle=entry.handle,
            account_id=entry.account_id,
            handle=entry.handle,
            detail=str(error),
        )


async def _by_handle(handle: str, identities: Identities) -> Resolution:
    def is_so(outcome: Outcome, detail: str, did: str | None = None) -> Resolution:
        return Resolution(outcome=outcome, was_id=None, was_handle=handle, account_id=did, handle=handle, detail=detail)

    did = await identities.did_of(handle)
    if did is None:
        return is_so("vanished", "the handle leads to no account")
    identity = await identities.of(did)
    if identity is None:
        return is_so("vanished", f"the handle leads to {did}, which is gone")
    if not _has(identity.handles, handle):
        return is_so("disagrees", f"the handle leads to {did}, which calls itself {_said(identity.handles)}")
    return is_so("resolved", "", did)


async def _by_id(did: str, handle: str | None, identities: Identities) -> Resolution:
    def is_so(outcome: Outcome, detail: str, now: str | None = handle) -> Resolution:
        return Resolution(outcome=outcome, was_id=did, was_handle=handle, account_id=did, handle=now, detail=detail)

    identity = await identities.of(did)
    if identity is None:
        return is_so("vanished", "the account is gone")
    if handle is not None and _has(identity.handles, handle) and await identities.did_of(handle) == did:
        return is_so("confirmed", "")
    for name in identity.handles:
        if await identities.did_of(name) == did:
            return is_so("moved", f"its handle is {name}", name) if handle else is_so("resolved", "", name)
    return is_so("disagrees", f"it calls itself {_said(identity.handles)}, which does not lead back to it")


def _has(handles: Sequence[str], handle: str) -> bool:
    return any(handle_key(name) == handle_key(handle) for name in handles)


def _said(handles: Sequence[str]) -> str:
    return ", ".join(handles[:3]) or "by no handle"
