"""The keys under which a post may refer to an account: by id, by handle in the text, by handle in a link.

Knows how platforms write handles and links to accounts. Whether anybody looks for a key is not its business.
"""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from streams.core.officials import Official
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

# Not within an e-mail address or a path. Applications put a direction mark between the sign and the handle. The sign
# stands first in the pattern, since a search leaps from sign to sign then; what is before it is looked at afterwards.
_BEFORE: Final = "[@\uff20](?<![A-Za-z0-9_@!#$%&*/.][@\uff20])[\u200e\u200f\u2066-\u2068]?"
_PLAIN: Final = "[A-Za-z0-9_]{1,64}"  # Twitter: letters, digits, underscore
_DOTTED: Final = "[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,254}[A-Za-z0-9_])?"  # elsewhere dots and hyphens within
_PLAIN_HANDLE: Final = re.compile(_BEFORE + f"({_PLAIN})")
_DOTTED_HANDLE: Final = re.compile(_BEFORE + f"({_DOTTED})(@{_DOTTED})?")
_PLAIN_PLATFORMS: Final = frozenset({"twitter", "telegram"})
_HANDLE: Final = re.compile(_DOTTED)
_LINK: Final = re.compile(r'https?://[^\s<>"]{1,2048}', re.IGNORECASE)
# Nearly all links to a platform: nothing in them has to be decoded, or read by all the rules of addresses.
_PLAIN_LINK: Final = re.compile(r"https?://([a-z.]+)/([A-Za-z0-9_]+)(?:/[A-Za-z0-9_/]*)?")


def account_keys(account: Account | Official) -> tuple[str, ...]:
    """The keys by which posts may refer to an account: its id, and its handle as far as it is known."""
    keys = (f"i:{account.id}",)
    return (*keys, f"h:{handle_key(account.handle)}") if account.handle else keys


def reference_keys(event: StateEvent, policy: WatchPolicy) -> tuple[str, ...]:
    """The keys of everybody a post refers to, sorted; its author's own are left out, at most `policy.references`.

    Accounts that it passes on, quotes, answers or mentions come before handles in its text, and these before links.
    """
    author = event.official
    own = () if author is None else account_keys(author)
    keys = [key for key in dict.fromkeys(_keys(event)) if key not in own]
    return tuple(sorted(keys[: policy.references]))


def _keys(event: StateEvent) -> list[str]:
    """Bounded as the event is: by its text's length, its links and the accounts it is about."""
    text = event.text
    keys = [] if event.subject is None else [f"i:{event.subject.id}"]
    keys += [f"i:{account.id}" for account in event.about]
    if "@" in text or "\uff20" in text:
        if event.platform in _PLAIN_PLATFORMS:
            keys += [f"h:{handle_key(handle)}" for handle in _PLAIN_HANDLE.findall(text)]
        else:
            for handle, server in _DOTTED_HANDLE.findall(text):
                keys.append(f"h:{handle_key(handle)}")
                if server:
                    keys.append(f"h:{handle_key(handle + server)}")
    hosts = _HOSTS.get(event.platform)
    if hosts is not None:
        links = [*event.links, *_LINK.findall(text)] if _has(hosts, text) else event.links
        named = [_handle_in(link, hosts) for link in links if _has(hosts, link)]
        keys += [f"h:{handle}" for handle in named if handle is not None]
    return keys


def _has(hosts: frozenset[str], text: str) -> bool:
    """Whether a text could have a link to one of the hosts; nearly all have none."""
    lowered = text.lower()
    for host in hosts:  # noqa: SIM110  # runs for every link of every post; a generator takes twice as long
        if host in lowered:
            return True
    return False


def _handle_in(link: str, hosts: frozenset[str]) -> str | None:
    """The handle that a link names, as `handle_key`; `None` for a link to anything but an account of the platform."""
    plain = _PLAIN_LINK.fullmatch(link)
    if plain is not None and plain[1] in hosts and plain[2] not in _BEFORE_HANDLE:
        return None if plain[2].lower() in _PAGES else handle_key(plain[2])
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
