"""Host names of officials' own sites, from the addresses that lists have. A host that others share is left out."""

import re
from typing import Final
from urllib.parse import urlsplit

from streams.core.platforms import hosts_of
from streams.core.rosters.hosts import host_name, link_host
from streams.core.rosters.roster import MAX_DOMAINS

__all__ = ["sites_in"]

_MAX_TEXT: Final = 16_384  # characters that are looked at: more than all domains of a roster's row take
_BETWEEN: Final = re.compile(r"[\s;,|]+")
_PLATFORMS: Final = ("twitter", "bluesky", "telegram", "instagram", "facebook", "youtube", "tiktok", "threads", "vk")
_OF_PLATFORMS: Final = frozenset().union(*map(hosts_of, _PLATFORMS)) | {
    *("ok.ru", "linkedin.com", "youtu.be", "rutube.ru", "weibo.com", "google.com", "apple.com", "wikipedia.org"),
    *("telegram.org", "medium.com", "archive.org", "dailymotion.com", "soundcloud.com", "rumble.com", "linktr.ee"),
}
# A page of a language is still the front page; any other may be one of many on the host.
_FRONT_PAGE: Final = re.compile(r"/*(?:[A-Za-z]{2,3}(?:-[A-Za-z]{2})?/*)?(?:index\.[a-z]{3,5})?")
_WWW: Final = "www."
# Below these a country has all its authorities, firms and so on: `gov.za` is nobody's own site, `www.gov.za` is one.
_SHARED: Final = re.compile(r"(?:ac|co|com|edu|gc|go|gob|gov|gouv|gub|mil|net|or|org)\.[a-z]{2}")


def sites_in(text: str) -> tuple[str, ...]:
    """The host names in a cell of names or addresses, in their order, each once; at most as many as a roster takes."""
    names = [name for part in _BETWEEN.split(text[:_MAX_TEXT]) if (name := _site(part)) is not None]
    return tuple(dict.fromkeys(names))[:MAX_DOMAINS]


def _site(address: str) -> str | None:
    try:
        path = urlsplit(address if "//" in address else f"//{address}").path
    except ValueError:
        return None
    host = link_host(address) if _FRONT_PAGE.fullmatch(path) else None
    if host is None or any(host == shared or host.endswith(f".{shared}") for shared in _OF_PLATFORMS):
        return None
    bare = host.removeprefix(_WWW)
    return bare if host_name(bare) is not None and not _SHARED.fullmatch(bare) else host
