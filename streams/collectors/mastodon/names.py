"""Names on Mastodon and what speaks its protocol: which profile a name leads to by WebFinger (RFC 7033), and whether
the profile's server says so too.

An account's id is the address of its profile, as in events. The host of a handle may be another than the server's.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from msgspec import Struct
from yarl import URL

from streams.collectors.http_client import AnswerError, HttpClient
from streams.collectors.mastodon.officials import name_of_address, name_of_handle
from streams.collectors.roster_names import PlatformAccount, same_handle

__all__ = ["MastodonNames"]

_GONE: Final = frozenset({400, 404, 410})  # older servers answer 400 to names that are not theirs
_MOST_ADDRESS: Final = 256  # characters, as of an id
_PROFILE: Final = "http://webfinger.net/rel/profile-page"
_ACCOUNT: Final = "acct:"


class _Link(Struct):
    rel: str = ""
    href: str | None = None


class _Descriptor(Struct):
    subject: str = ""
    links: list[_Link] = []


class _Name(Struct, frozen=True):
    """What a server answers: how the account calls itself (`user@host`), and the address of its profile."""

    handle: str
    profile: str | None


class MastodonNames:
    """A `NameService`. `addresses` are those of servers that answer elsewhere than at `https://NAME`, by name."""

    def __init__(self, client: HttpClient, addresses: Mapping[str, str]) -> None:
        self._client = client
        self._addresses = addresses

    async def by_handle(self, handle: str) -> PlatformAccount:
        """See `NameService`."""
        is_so = partial(PlatformAccount, handle=handle)
        named = name_of_handle(handle)
        if named is None:
            return is_so("disagrees", "no name of a server: write NAME@SERVER")
        there = await self._ask(*named)
        if there is None:
            return is_so("vanished", f"{named[1]} has no such account")
        back = None if there.profile is None else await self._of_profile(there.profile)
        if there.profile is None or back is None or back.profile != there.profile:
            return is_so("disagrees", f"the handle leads to {_said(there.profile)}, which does not say so")
        if not same_handle(back.handle, handle):
            return is_so("disagrees", f"the handle leads to {there.profile}, which calls itself {_said(back.handle)}")
        return is_so("resolved", account_id=there.profile)

    async def by_id(self, account_id: str, handle: str | None) -> PlatformAccount:
        """See `NameService`."""
        is_so = partial(PlatformAccount, account_id=account_id, handle=handle)
        if name_of_address(account_id) is None:
            return is_so("disagrees", "no address of a profile: write https://SERVER/@NAME")
        there = await self._of_profile(account_id)
        if there is None:
            return is_so("vanished", "its server has no such account")
        if there.profile != account_id:
            return is_so("disagrees", f"its server calls its profile {_said(there.profile)}")
        named = name_of_handle(there.handle)
        back = None if named is None else await self._ask(*named)
        if back is None or back.profile != account_id:
            return is_so("disagrees", f"it calls itself {_said(there.handle)}, which does not lead back to it")
        if handle is None:
            return is_so("resolved", handle=there.handle)
        if same_handle(there.handle, handle):
            return is_so("confirmed")
        return is_so("moved", f"its handle is {there.handle}", handle=there.handle)

    async def _of_profile(self, profile: str) -> _Name | None:
        named = name_of_address(profile)
        return None if named is None else await self._ask(*named)

    async def _ask(self, user: str, host: str) -> _Name | None:
        """What the server says of a name, `None` where it knows no such account."""
        address = URL(self._addresses.get(host, f"https://{host}"))
        query = [("resource", f"{_ACCOUNT}{user}@{host}")]
        try:
            found = await self._client.json(address.with_path("/.well-known/webfinger"), _Descriptor, query)
        except AnswerError as error:
            if error.status in _GONE:
                return None
            raise
        profile = next((link.href for link in found.links if link.rel == _PROFILE and link.href), "")
        is_usable = 0 < len(profile) <= _MOST_ADDRESS
        return _Name(found.subject.removeprefix(_ACCOUNT), profile if is_usable else None)


def _said(name: str | None) -> str:
    return name or "nothing"
