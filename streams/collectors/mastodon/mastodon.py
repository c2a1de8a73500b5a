"""The collector `mastodon`: the officials of the roster on their own servers, without a key."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Final

from msgspec import Meta, Struct
from yarl import URL

from streams.collectors.collector import Collector, CollectorContext
from streams.collectors.following import in_background
from streams.collectors.http_sessions import open_session
from streams.collectors.mastodon.mastodon_source import MastodonPolicy, MastodonSource
from streams.collectors.mastodon.officials import follow_officials
from streams.collectors.source import Source
from streams.errors import ConfigurationError
from streams.formats.mastodon.mastodon_statuses import MASTODON

__all__ = ["MASTODON_COLLECTOR", "MastodonSettings", "addresses_of"]


class MastodonSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often, and where."""

    interval_seconds: Annotated[
        float, Meta(ge=1, le=86_400, description="how often each official is looked at, as far as servers allow")
    ] = 60.0
    spacing_seconds: Annotated[
        float, Meta(ge=0.01, le=60, description="least time between two requests to one server")
    ] = 1.0
    addresses: Annotated[
        str,
        Meta(
            max_length=65_536,
            description="servers whose API is elsewhere than at https://NAME, separated by commas: "
            "example.org=https://social.example.org",
        ),
    ] = ""


@asynccontextmanager
async def _open(own: MastodonSettings, context: CollectorContext) -> AsyncIterator[Sequence[Source]]:
    policy = MastodonPolicy(
        interval=own.interval_seconds, spacing=own.spacing_seconds, addresses=addresses_of(own.addresses)
    )
    async with open_session(policy.trusted, per_host=1) as session:
        source = MastodonSource(session, policy)
        async with in_background(follow_officials(context.settings, source.use)):
            yield [source]


def addresses_of(text: str, key: str = "addresses") -> dict[str, str]:
    """Addresses of servers by name, of `NAME=https://HOST,…`. Raises `ConfigurationError`, which names the `key`."""
    found = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, _, address = part.partition("=")
        try:
            url = URL(address)
        except ValueError:
            url = URL()
        if not name or url.scheme not in ("http", "https") or not url.host or url.path not in ("", "/"):
            raise ConfigurationError(
                f"{key}: {part!r} is no NAME=https://HOST", remedy="example.org=https://social.example.org"
            )
        found[name.lower()] = str(url.origin())
    return found


MASTODON_COLLECTOR: Final = Collector(
    name=MASTODON,
    platform=MASTODON,
    summary="posts and boosts of the roster's officials on their own Mastodon servers, and what of it vanishes; no key",
    teaches=(
        "Ask each official's own server for his newest statuses (public streams carry no boosts): one request at a "
        "time to a server, as often as its headers allow, many servers side by side. Needs a published roster "
        "(`antiphon roster publish`) with addresses (https://SERVER/@NAME) or handles (NAME@SERVER); a new one is in "
        "use within a minute. Needs no key.\n\n"
        "What vanishes from the newest 40 statuses of an official is asked for once, and a deletion if it is gone: "
        "an un-boost is found while it is among them. What an official posted before he came onto the roster is read "
        "as far as the first page.\n\n"
        "It cannot see statuses for followers alone, what was posted and deleted between two looks, what older than "
        "the newest 40 is deleted, and servers that show nothing without an account."
    ),
    settings=MastodonSettings,
    open=_open,
)
