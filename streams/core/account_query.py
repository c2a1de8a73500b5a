"""What somebody may type to ask for an account or an alert, and which accounts it can mean. Pure."""

import re
from typing import Final

from msgspec import Struct

from streams.core.platforms import ALIASES, PLATFORM_NAME, handle_in_link, hosts_of, names_of, platforms_named
from streams.core.subject_event import subject_key

__all__ = ["AccountQuery", "account_query"]

_RECORD_ID: Final = re.compile("[0-9a-f]{32}")
_DID: Final = "did:"
_SIGNS: Final = "@\uff20"


class AccountQuery(Struct, frozen=True, kw_only=True):
    """What was typed can be read as: the id of an alert or aftermath (`record_id`), accounts by their keys, the id of
    an account on a platform that is not said (`account_id`), a handle. `platform`, where it is said, is the only one.
    """

    text: str
    record_id: str | None = None
    keys: tuple[str, ...] = ()
    account_id: str | None = None
    handle: str | None = None
    platform: str | None = None

    def is_handle(self, handle: str | None) -> bool:
        """Whether an account with this handle is meant: capital letters do not tell handles apart."""
        return handle is not None and self.handle is not None and handle.casefold() == self.handle.casefold()


def account_query(text: str) -> AccountQuery:
    """Read what was typed: `@handle`, a handle, the address of a profile, `platform:id`, `platform:@handle`, an id, a
    DID, or the 32 hex digits of an alert or aftermath. Raises `ValueError`, with what can be typed, for nothing.
    """
    typed = text.strip()
    if not typed.strip(_SIGNS):
        raise ValueError("type a handle such as @name, an account such as twitter:12345, or the id of an alert")
    if _RECORD_ID.fullmatch(typed):
        return AccountQuery(text=typed, record_id=typed)
    if typed.startswith(_DID):
        return AccountQuery(text=typed, keys=(subject_key("bluesky", typed),))
    platform, colon, rest = typed.partition(":")
    named = ALIASES.get(platform.lower(), platform.lower())
    if colon and rest and PLATFORM_NAME.fullmatch(named) and not rest.startswith("//"):
        if rest[0] in _SIGNS:
            return AccountQuery(text=typed, handle=rest[1:], platform=named)
        return AccountQuery(text=typed, keys=(subject_key(named, rest),), platform=named)
    if "/" in typed:
        for name in platforms_named():
            handle = handle_in_link(typed, hosts_of(name))
            if handle is not None:
                return AccountQuery(text=typed, handle=handle, platform=name)
        raise ValueError("this address names no account that is known here: type its handle, as @name")
    if typed[0] in _SIGNS:
        return AccountQuery(text=typed, handle=typed[1:])
    fitting = [name for name in platforms_named() if (look := names_of(name)) is not None and look.id.fullmatch(typed)]
    keys = tuple(subject_key(name, typed) for name in fitting)
    return AccountQuery(text=typed, keys=keys, account_id=typed, handle=typed)
