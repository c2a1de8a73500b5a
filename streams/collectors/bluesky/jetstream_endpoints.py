"""Where a Jetstream is and what is asked of it: hosts, wires, and the addresses of subscriptions. No I/O."""

import re
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from yarl import URL

from streams.errors import ConfigurationError
from streams.printable import printable

__all__ = [
    "COLLECTIONS",
    "MAX_DIDS",
    "Asking",
    "Endpoint",
    "Wire",
    "dictionary_url",
    "new_filter",
    "parse_endpoints",
    "subscription_url",
]

Wire: TypeAlias = Literal["v1", "v2"]
Asking: TypeAlias = Literal["officials", "accounts", "everything"]
"""The records of some accounts, the notices of every account, or all there is."""

MAX_DIDS: Final = 10_000
"""What a server takes for one connection."""

COLLECTIONS: Final = ("app.bsky.feed.post", "app.bsky.feed.repost", "app.bsky.graph.follow")
"""The records that become events."""

_NO_COLLECTION: Final = "invalid.antiphon.none"  # v1 has no other way to leave out every record
_V1_PATH: Final = "/subscribe"
_V2_PATH: Final = "/xrpc/network.bsky.jetstream.subscribeEvents"
_DICTIONARY_PATH: Final = "/xrpc/network.bsky.jetstream.getZstdDictionary"
_SCHEMES: Final = {"wss": "https", "ws": "http", "https": "https", "http": "http"}
_LOCAL: Final = re.compile(r"localhost|127(\.[0-9]{1,3}){3}|\[?::1\]?")


class Endpoint(Struct, frozen=True):
    """A host (scheme, name and port) and the wire that it is spoken to on."""

    host: str
    wire: Wire

    def __str__(self) -> str:
        return f"{self.host} ({self.wire})"


def parse_endpoints(text: str) -> tuple[Endpoint, ...]:
    """The hosts of a setting: names or addresses separated by commas, `#v1` behind those that speak the old wire.

    Raises `ConfigurationError`.
    """
    endpoints = tuple(dict.fromkeys(_parse(part.strip()) for part in text.split(",") if part.strip()))
    if not endpoints:
        raise ConfigurationError("hosts: no host is named", remedy="name one, as jetstream.us-east.bsky.network")
    return endpoints


def _parse(part: str) -> Endpoint:
    address, _, wire = part.partition("#")
    try:
        url = URL(address if "://" in address else f"wss://{address}")
        scheme, host = _SCHEMES.get(url.scheme), url.host
        port = url.explicit_port
    except ValueError:
        scheme = host = port = None
        url = URL()
    is_bare = url.path in ("", "/") and not url.query_string and url.user is None and url.password is None
    if not scheme or not host or not is_bare or wire not in ("", "v1", "v2"):
        raise ConfigurationError(
            f"hosts: {printable(part, 200)!r} is no host of Jetstream",
            remedy="write NAME, NAME#v1, or an address as wss://NAME:PORT",
        )
    if scheme == "http" and not _LOCAL.fullmatch(host):
        raise ConfigurationError(
            f"hosts: {printable(part, 200)!r} is without TLS", remedy="write wss:// unless it is on this machine"
        )
    origin = f"{scheme}://{f'[{host}]' if ':' in host else host}" + ("" if port is None else f":{port}")
    return Endpoint(origin, "v1" if wire == "v1" else "v2")


def subscription_url(
    endpoint: Endpoint,
    asking: Asking,
    *,
    cursor: int | None = None,
    dids: Sequence[str] = (),
    dictionary: int | None = None,
    largest: int = 0,
) -> URL:
    """The address of a subscription. On v1 the accounts are not in it: they follow in a message (`new_filter`).

    `largest` (bytes, 0: any) leaves out longer frames; `dictionary` is the id of one that the client has.
    """
    query: list[str] = []
    if endpoint.wire == "v1":
        if asking == "accounts":
            query.append(f"wantedCollections={_NO_COLLECTION}")
        elif asking == "officials":
            query.append("requireHello=true")
    else:
        if asking == "accounts":
            query += ["kinds=account", "kinds=identity"]
        elif asking == "officials":
            query.append("kinds=commit")
            query += [f"collections={collection}" for collection in COLLECTIONS]
            query += [f"dids={did}" for did in dids]
        if dictionary is not None:
            query.append(f"zstdDictionary={dictionary}")
    if cursor is not None:
        query.append(f"cursor={cursor}")
    if largest:
        query.append(f"maxMessageSizeBytes={largest}")
    path = _V1_PATH if endpoint.wire == "v1" else _V2_PATH
    # A DID has no character that a query would have to escape, and yarl needs a second for ten thousand of them.
    return URL(f"{endpoint.host}{path}" + (f"?{'&'.join(query)}" if query else ""), encoded=True)


def dictionary_url(endpoint: Endpoint) -> URL:
    """Where a host gives its dictionary."""
    return URL(f"{endpoint.host}{_DICTIONARY_PATH}")


def new_filter(dids: Sequence[str], largest: int = 0) -> dict[str, object]:
    """The message that replaces the whole filter of a v1 connection."""
    payload = {"wantedCollections": list(COLLECTIONS), "wantedDids": list(dids), "maxMessageSizeBytes": largest}
    return {"type": "options_update", "payload": payload}
