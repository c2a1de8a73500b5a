"""The keys under which a post may refer to an account: by id, by handle in the text, by handle in a link.

Knows how platforms write handles and links to accounts. Whether anybody looks for a key is not its business.
"""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

from streams.core.rosters.roster import handle_key
from streams.core.state_event import StateEvent
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account

__all__ = ["account_keys", "reference_keys"]

# Where the first part of a link's path is a handle. `www.`, `mobile.` and `m.` in front say nothing.
_HOSTS: Final = {
    "twitter": frozenset({"twitter.com", "x.com"}),
    "bluesky": frozenset({"bsky.app"}),
    "telegram": frozenset({"t.me", "telegram.me"}),
    "instagram": frozenset({"instagram.com"}),
    "facebook": frozenset({"facebook.com"}),
    "youtube": frozenset({"youtube.com"}),
    "tiktok": frozenset({"tiktok.com"}),
    "threads": frozenset({"threads.net", "threads.com"}),
    "vk": frozenset({"vk.com", "vk.ru"}),
}
_MIRRORS: Final = ("www.", "mobile.", "m.")
# First parts after which the handle comes: t.me/s/HANDLE, bsky.app/profile/HANDLE.
_BEFORE_HANDLE: Final = frozenset({"s", "profile"})
# Pages of the platforms themselves; no account can have these names.
_PAGES: Final = frozenset({"", "i", "home", "search", "hashtag", "intent", "share", "explore", "watch", "joinchat"})

# Not within an e-mail address or a path. Applications put a direction mark between the sign and the handle.
_BEFORE: Final = "(?<![A-Za-z0-9_@!#$%&*/.])[@\uff20][\u200e\u200f\u2066-\u2068]?"
_PLAIN: Final = "[A-Za-z0-9_]{1,64}"  # Twitter: letters, digits, underscore
_DOTTED: Final = "[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,254}[A-Za-z0-9_])?"  # elsewhere dots and hyphens within
_PLAIN_HANDLE: Final = re.compile(_BEFORE + f"({_PLAIN})")
_DOTTED_HANDLE: Final = re.compile(_BEFORE + f"({_DOTTED})(@{_DOTTED})?")
_PLAIN_PLATFORMS: Final = frozenset({"twitter", "telegram"})
_HANDLE: Final = re.compile(_DOTTED)
_LINK: Final = re.compile(r'https?://[^\s<>"]{1,2048}', re.IGNORECASE)


def account_keys(account: Account) -> tuple[str, ...]:
    """The keys by which posts may refer to an account: its id, and its handle as far as it is known."""
    keys = (f"i:{account.id}",)
    return (*keys, f"h:{handle_key(account.handle)}") if account.handle else keys


def reference_keys(event: StateEvent, policy: WatchPolicy) -> tuple[str, ...]:
    """The keys of everybody a post refers to, sorted; its author's own are left out, at most `policy.references`.

    Accounts that it passes on, quotes, answers or mentions come before handles in its text, and these before links.
    """
    author = event.official
    own = set() if author is None else set(account_keys(Account(id=author.id, handle=author.handle)))
    found: dict[str, None] = {}
    for key in _keys(event):
        if key not in own:
            found[key] = None
            if len(found) == policy.references:
                break
    return tuple(sorted(found))


def _keys(event: StateEvent) -> Iterator[str]:
    if event.subject is not None:
        yield f"i:{event.subject.id}"
    for account in event.about:
        yield f"i:{account.id}"
    if event.platform in _PLAIN_PLATFORMS:
        for handle in _PLAIN_HANDLE.findall(event.text):
            yield f"h:{handle_key(handle)}"
    else:
        for handle, server in _DOTTED_HANDLE.findall(event.text):
            yield f"h:{handle_key(handle)}"
            if server:
                yield f"h:{handle_key(handle + server)}"
    hosts = _HOSTS.get(event.platform)
    if hosts is not None:
        for link in (*event.links, *_LINK.findall(event.text)):
            named = _handle_in(link, hosts)
            if named is not None:
                yield f"h:{named}"


def _handle_in(link: str, hosts: frozenset[str]) -> str | None:
    """The handle that a link names, as `handle_key`; `None` for a link to anything but an account of the platform."""
    lowered = link.lower()
    if not any(host in lowered for host in hosts):  # nearly all links
        return None
    try:
        parts = urlsplit(link if "://" in link else f"//{link}")
        host = (parts.hostname or "").rstrip(".")
        path = unquote(parts.path, errors="strict")
    except ValueError:  # brackets, a port that is none, bytes that are no text
        return None
    for mirror in _MIRRORS:
        host = host.removeprefix(mirror)
    if host not in hosts:
        return None
    names = [name.removeprefix("@") for name in path.split("/", 3)[1:3]]
    if len(names) == 2 and names[0] in _BEFORE_HANDLE:
        del names[0]
    if not names or names[0].lower() in _PAGES or not _HANDLE.fullmatch(names[0]):
        return None
    return handle_key(names[0])
