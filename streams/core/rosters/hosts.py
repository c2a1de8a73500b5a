"""Host names: the one that a browser would ask for a link, in the one form in which names are compared.

Follows the URL standard of browsers (url.spec.whatwg.org) where it and older readings part: what counts is where a
click leads.
"""

import re
from typing import Final
from urllib.parse import unquote

import idna

__all__ = ["MAX_HOST", "host_name", "link_host"]

MAX_HOST: Final = 253
"""Characters of a host name (RFC 1035: 255 octets on the wire)."""

_MAX_LINK: Final = 8_192  # characters that are looked at, as many as a canonical event's link may have
_TRIMMED: Final = "".join(map(chr, range(0x21)))
_DROPPED: Final = re.compile("[\t\n\r]")
# A backslash is a slash, and between scheme and authority any number of them will do.
_WEB_LINK: Final = re.compile(r"https?:[/\\]*([^/\\?#]*)", re.IGNORECASE | re.ASCII)
_WITHOUT_SCHEME: Final = re.compile(r"(?:[/\\]{2})?([^/\\?#@:]*(?::[0-9]+)?)(?=[/\\?#]|\Z)")
_PORT: Final = re.compile("0*[0-9]{0,5}")
_LABEL: Final = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"(?:{_LABEL}\.)+(?!(?:[0-9]+|0x[0-9a-f]*)\Z){_LABEL}")


def host_name(text: str) -> str | None:
    """The name in lower case and ASCII (international names as `xn--…`), without the dot of the root.

    `None` for what is none: an IP address in any spelling, a name without a dot, or longer than names may be.
    """
    if len(text) > MAX_HOST + 1:
        return None
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode("ascii")
        except UnicodeError:  # idna's own errors are of this kind
            return None
    name = text.lower().removesuffix(".")
    return name if len(name) <= MAX_HOST and _NAME.fullmatch(name) else None


def link_host(link: str) -> str | None:
    """The host name that a web link leads to, as `host_name` gives it; `None` where it leads to none.

    A link is an http or https address, or one without a scheme (`//host/path`, `host`, `host:port/path`). Names and
    passwords before an `@`, ports, per cent escapes, backslashes, line breaks and upper case are read as browsers read
    them. Never raises; takes no longer for any link than for one of 8,192 characters.
    """
    link = _DROPPED.sub("", link[:_MAX_LINK].strip(_TRIMMED))
    found = _WEB_LINK.match(link) or _WITHOUT_SCHEME.match(link)
    if found is None:
        return None
    host, _, port = found[1].rpartition("@")[2].partition(":")
    if not _PORT.fullmatch(port):
        return None
    if "%" in host:
        try:
            host = unquote(host, errors="strict")
        except UnicodeDecodeError:
            return None
    return host_name(host)
