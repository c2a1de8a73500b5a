"""How platforms write ids, handles, mentions and links to accounts: what each can look like."""

import re
from functools import cache
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Struct

__all__ = [
    "ALIASES",
    "PLATFORM_NAME",
    "handle_in_link",
    "handles_linked_in",
    "has_link",
    "hosts_of",
    "mentions_in",
    "names_of",
    "platforms_named",
    "post_link",
    "written_handle",
]

PLATFORM_NAME: Final = re.compile("[a-z][a-z0-9_-]{0,31}")
"""The names that platforms can have in events."""

ALIASES: Final = {
    "x": "twitter",
    "x.com": "twitter",
    "twitter.com": "twitter",
    "bsky": "bluesky",
    "bsky.app": "bluesky",
    "t.me": "telegram",
}
"""Other names of platforms, and the one that events and rosters use."""


class Names(Struct, frozen=True):
    """What ids and handles of a platform look like: patterns for the whole, and the same in words."""

    id: re.Pattern[str]
    id_words: str
    handle: re.Pattern[str]
    handle_words: str


_NAMES: Final = {
    "twitter": Names(
        re.compile("[1-9][0-9]{0,19}"),
        "an id of Twitter has digits alone",
        re.compile("[A-Za-z0-9_]{1,20}"),  # 15 today; some of the first years have up to 20
        "a handle of Twitter has at most 20 letters, digits and underscores",
    ),
    "bluesky": Names(
        re.compile("did:(?:plc:[a-z2-7]{24}|web:[A-Za-z0-9.%:-]{1,240})"),
        "an id of Bluesky is a DID such as did:plc:… or did:web:…",
        re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"),
        "a handle of Bluesky is a host name such as embassy.bsky.social",
    ),
    "telegram": Names(
        re.compile("(?:channel|user|chat)[1-9][0-9]{0,18}"),
        "an id of Telegram is channel, user or chat with a number, such as channel1234567890 for -1001234567890",
        re.compile("[A-Za-z][A-Za-z0-9_]{2,31}"),
        "a handle of Telegram has at most 32 letters, digits and underscores, and begins with a letter",
    ),
}

_SIGNS: Final = ("@", "\uff20")  # before a handle: once

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
_BEFORE_HANDLE: Final = {"t.me": "s", "telegram.me": "s", "bsky.app": "profile"}
# Pages of the platforms themselves; no account can have these names.
_PAGES: Final = frozenset({"", "i", "home", "search", "hashtag", "intent", "share", "explore", "watch", "joinchat"})
_NAMED_IN_QUERY: Final = "screen_name"  # twitter.com/intent/user?screen_name=HANDLE, and follow buttons
_HASHBANG: Final = "!/"  # twitter.com/#!/HANDLE, as Twitter itself wrote addresses from 2010 to 2012
# Nearly all links to a platform: nothing in them has to be decoded, or read by all the rules of addresses.
_PLAIN_LINK: Final = re.compile(r"https?://([a-z.]+)/([A-Za-z0-9_]+)(?:/[A-Za-z0-9_/]*)?")

# What is a mention is what the platform takes for one (Twitter: twitter-text, extractMentions; Mastodon: MENTION_RE).
# On Twitter a dot, a slash or nothing but `RT` may stand before the sign; letters, digits and some marks may not, as in
# an e-mail address. The sign stands first in each pattern, since a search leaps from sign to sign then; what is before
# it is looked at afterwards. Between the sign and the handle there is nothing: with a direction mark, a joiner or a
# space there the platforms show plain text.
_SIGN: Final = "[@\uff20]"
_LATIN: Final = "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0300-\u036f\u1e00-\u1eff"  # beyond ASCII, and its accents
_PLAIN: Final = "[A-Za-z0-9_]{1,64}+"
_DOTTED: Final = "[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,254}[A-Za-z0-9_])?"  # dots and hyphens within
_PLAIN_MENTION: Final = re.compile(
    f"{_SIGN}(?:(?<![A-Za-z0-9_!#$%&*@\uff20]{_SIGN})|(?<=[Rr][Tt]{_SIGN})(?<![A-Za-z0-9_+~.-][Rr][Tt]{_SIGN}))"
    f"({_PLAIN})(?!{_SIGN}|://|[{_LATIN}])"
)
_DOTTED_MENTION: Final = re.compile(f"{_SIGN}(?<![A-Za-z0-9_=/@\uff20]{_SIGN})({_DOTTED})(@{_DOTTED})?")
_ADDRESS: Final = re.compile(
    r"https?://[^\s<>\"]{1,2048}|(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}/@?", re.IGNORECASE
)
_CLOSING: Final = ".,:;!?'*)]}"  # after a link, of the sentence it stands in
_PLAIN_PLATFORMS: Final = frozenset({"twitter", "telegram"})
_HANDLE: Final = re.compile(_DOTTED)
_BLUESKY_POST: Final = re.compile("at://(did:[a-z]+:[A-Za-z0-9.:%_-]+)/app[.]bsky[.]feed[.]post/([A-Za-z0-9._~:-]+)")


def names_of(platform: str) -> Names | None:
    """What the platform's ids and handles look like; `None` where that is not known."""
    return _NAMES.get(platform)


def hosts_of(platform: str) -> frozenset[str]:
    """The hosts whose links name an account of the platform."""
    return _HOSTS.get(platform, frozenset())


def platforms_named() -> tuple[str, ...]:
    """The platforms of which it is known how links to accounts look."""
    return tuple(_HOSTS)


def post_link(platform: str, account_id: str | None, handle: str | None, post_id: str) -> str | None:
    """The address at which people see a post; `None` where it is not known. Nothing says that it is still there."""
    if platform == "twitter" and post_id.isascii() and post_id.isdecimal():
        known = handle is not None and _NAMES[platform].handle.fullmatch(handle)
        return f"https://x.com/{handle if known else 'i'}/status/{post_id}"
    if platform == "bluesky" and (post := _BLUESKY_POST.fullmatch(post_id)):
        return f"https://bsky.app/profile/{post[1]}/post/{post[2]}"
    if platform == "telegram" and handle is not None and _NAMES[platform].handle.fullmatch(handle):
        number = post_id.rpartition("/")[2]
        return f"https://t.me/{handle}/{number}" if number.isascii() and number.isdecimal() else None
    return None


def mentions_in(text: str, platform: str) -> list[str]:
    """The handles that a text mentions, in its order; where a server follows (`@user@host`), without and with it."""
    if "@" not in text and "\uff20" not in text:
        return []
    if "/" in text and _may_have_signed_address(text):
        text = _ADDRESS.sub(" ", text)  # what stands in an address is part of it
    if platform in _PLAIN_PLATFORMS:
        return _PLAIN_MENTION.findall(text)
    found: list[str] = []
    for handle, server in _DOTTED_MENTION.findall(text):
        found.append(handle)
        if server:
            found.append(handle + server)
    return found


def _may_have_signed_address(text: str) -> bool:
    """Whether something without spaces has both a slash and a sign: addresses have no spaces, and all have a slash."""
    if "/@" not in text and "://" not in text:
        return False
    for part in text.split():  # noqa: SIM110  # as in `has_link`; to look for addresses takes three times as long
        if "/" in part and ("@" in part or "\uff20" in part):
            return True
    return False


def written_handle(text: str, platform: str) -> str:
    """The handle that people write as `@handle`, `.@handle` or the address of a profile; anything else as it is."""
    if "/" in text:
        return handle_in_link(text, hosts_of(platform)) or text
    signed = text.removeprefix(".")
    return signed[1:] if signed[:1] in _SIGNS and signed[1:2] not in _SIGNS else text


def has_link(hosts: frozenset[str], text: str) -> bool:
    """Whether a text could have a link to one of the hosts; nearly all have none."""
    lowered = text.lower()
    for host in hosts:  # noqa: SIM110  # runs for every link of every post; a generator takes twice as long
        if host in lowered:
            return True
    return False


def handles_linked_in(text: str, hosts: frozenset[str]) -> list[str]:
    """The handles that links in a text name, in its order, also links without `https://`.

    For texts of which `has_link` is true.
    """
    found: list[str] = []
    for part in _parts_with(hosts, text):
        links = (part,) if _PLAIN_LINK.fullmatch(part) else _links_to(hosts).findall(part)
        for link in links:
            whole = link if link.endswith("...") else link.rstrip(_CLOSING)
            if (handle := handle_in_link(whole, hosts)) is not None:
                found.append(handle)
    return found


def _parts_with(hosts: frozenset[str], text: str) -> list[str]:
    """What stands between spaces and names a host: to look for links in all of a text takes twice as long."""
    lowered = text.lower()
    if len(lowered) != len(text):  # of a few capital letters
        return [text]
    spans: list[tuple[int, int]] = []
    for host in hosts:
        at = lowered.find(host)
        while at >= 0:
            end = lowered.find(" ", at)
            end = end if end >= 0 else len(text)
            spans.append((lowered.rfind(" ", 0, at) + 1, end))
            at = lowered.find(host, end)
    return [text[start:end] for start, end in sorted(spans)]


@cache
def _links_to(hosts: frozenset[str]) -> re.Pattern[str]:
    """Links with a scheme, of any host, so that nothing is looked for within them; and those without, of these hosts.

    A link without a scheme is one where nothing stands before it that could be part of an address. The path ends where
    what no address is written with follows, such as Chinese without a space. Dots of what was left out belong to it: a
    handle that was cut is none.
    """
    path = r"[!#-;=?-~]{0,2048}\u2026?"
    named = "|".join(map(re.escape, sorted(hosts)))
    mirrors = "|".join(map(re.escape, _MIRRORS))
    return re.compile(
        rf"https?://[^\s<>\"/]{{1,255}}{path}|(?<![A-Za-z0-9_@\uff20$#./=&?%+~{_LATIN}-])(?:{mirrors})?(?:{named})/{path}",
        re.IGNORECASE,
    )


def handle_in_link(link: str, hosts: frozenset[str]) -> str | None:
    """The handle that a link names; `None` for a link to anything but an account on one of the hosts."""
    plain = _PLAIN_LINK.fullmatch(link)
    if plain is not None and plain[1] in hosts and plain[2] != _BEFORE_HANDLE.get(plain[1]):
        return None if plain[2].lower() in _PAGES else plain[2]
    try:
        parts = urlsplit(link if "://" in link else f"//{link}")
        host = (parts.hostname or "").rstrip(".")
        path = parts.path
        if parts.fragment.startswith(_HASHBANG):
            path = urlsplit(parts.fragment.removeprefix("!")).path  # it has a query and a fragment of its own
        names = [name.removeprefix("@") for name in unquote(path, errors="strict").split("/") if name][:2]
        named = parse_qs(parts.query, max_num_fields=20, errors="strict").get(_NAMED_IN_QUERY, [])
    except ValueError:  # brackets, a port that is none, bytes that are no text, too many fields
        return None
    for mirror in _MIRRORS:
        host = host.removeprefix(mirror)
    if host not in hosts:
        return None
    if names and names[0].lower() == "intent" and named:
        names = [named[0].removeprefix("@")]
    elif len(names) == 2 and names[0] == _BEFORE_HANDLE.get(host):
        del names[0]
    if not names or names[0].lower() in _PAGES or not _HANDLE.fullmatch(names[0]):
        return None
    return names[0]
