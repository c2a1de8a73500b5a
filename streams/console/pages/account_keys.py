"""The key of an account in an address: `PLATFORM:ID`, or `PLATFORM:@HANDLE` of an official without an id."""

from typing import NamedTuple

from streams.console.pages.page import NotFound, PageRequest
from streams.core.platforms import ALIASES, PLATFORM_NAME
from streams.core.subject_event import subject_key
from streams.printable import quoted

__all__ = ["AccountKey", "account_key_of"]

_SHOWN = 80


class AccountKey(NamedTuple):
    """The key as records have it, and its two parts."""

    key: str
    platform: str
    id: str


def account_key_of(request: PageRequest) -> AccountKey:
    """What the address names. Raises `NotFound` for what is no key, with the way to look for it."""
    written = request.path["key"]
    platform, _, account = written.partition(":")
    platform = ALIASES.get(platform.lower(), platform)
    if not PLATFORM_NAME.fullmatch(platform) or not account:
        raise NotFound(
            f"{quoted(written, _SHOWN)} is no account.",
            remedy="An account is PLATFORM:ID, such as twitter:12345. Look for a handle or a name under Accounts.",
        )
    return AccountKey(subject_key(platform, account), platform, account)
