"""Names on Bluesky: which DID a handle leads to, and whether the DID says so too."""

from collections.abc import Sequence
from functools import partial

from streams.collectors.bluesky.identity import Identities
from streams.collectors.roster_names import PlatformAccount, same_handle

__all__ = ["BlueskyNames"]


class BlueskyNames:
    """A `NameService`: `identities` has who resolves handles and which handles a DID has."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    async def by_handle(self, handle: str) -> PlatformAccount:
        """See `NameService`."""
        is_so = partial(PlatformAccount, handle=handle)
        did = await self._identities.did_of(handle)
        if did is None:
            return is_so("vanished", "the handle leads to no account")
        identity = await self._identities.of(did)
        if identity is None:
            return is_so("vanished", f"the handle leads to {did}, which is gone")
        if not _has(identity.handles, handle):
            return is_so("disagrees", f"the handle leads to {did}, which calls itself {_said(identity.handles)}")
        return is_so("resolved", account_id=did)

    async def by_id(self, account_id: str, handle: str | None) -> PlatformAccount:
        """See `NameService`."""
        is_so = partial(PlatformAccount, account_id=account_id, handle=handle)
        identity = await self._identities.of(account_id)
        if identity is None:
            return is_so("vanished", "the account is gone")
        is_named = handle is not None and _has(identity.handles, handle)
        if is_named and await self._identities.did_of(handle or "") == account_id:
            return is_so("confirmed")
        for name in identity.handles:
            if await self._identities.did_of(name) == account_id:
                moved = is_so("moved", f"its handle is {name}", handle=name)
                return moved if handle else is_so("resolved", handle=name)
        return is_so("disagrees", f"it calls itself {_said(identity.handles)}, which does not lead back to it")


def _has(handles: Sequence[str], handle: str) -> bool:
    return any(same_handle(name, handle) for name in handles)


def _said(handles: Sequence[str]) -> str:
    return ", ".join(handles[:3]) or "by no handle"
