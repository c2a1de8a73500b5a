"""Who is asked for names of accounts: of Bluesky an AppView and the identity directory, of Mastodon each own server."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from streams.collectors.bluesky.identity import Identities
from streams.collectors.bluesky.names import BlueskyNames
from streams.collectors.http_client import ClientPolicy, HttpClient
from streams.collectors.mastodon.names import MastodonNames
from streams.collectors.public_hosts import place_of
from streams.collectors.roster_names import AT_ONCE, NameService, Resolution, resolve_file
from streams.formats.bluesky.jetstream_fields import BLUESKY
from streams.formats.mastodon.mastodon_statuses import MASTODON

__all__ = ["NAMED_PLATFORMS", "resolve_names"]

NAMED_PLATFORMS: Final = (BLUESKY, MASTODON)
"""Platforms that say without a key which account a handle leads to."""
_PATIENCE_SECONDS: Final = 330.0  # the window of Bluesky's limits, and of Mastodon's, is 300 s


async def resolve_names(
    data: bytes,
    name: str,
    appview: str,
    directory: str,
    progress: Callable[[int], None],
    *,
    mastodon: Mapping[str, str] | None = None,
    platforms: Collection[str] = NAMED_PLATFORMS,
) -> tuple[list[Resolution], bytes]:
    """What became of the accounts of `platforms` in a roster file, and the file with what was found: `resolve_file`.

    `mastodon` has the addresses of servers that answer elsewhere than at `https://NAME`, by name.
    """
    addresses = mastodon or {}
    trusted = frozenset(map(place_of, (appview, directory, *addresses.values())))
    policy = ClientPolicy(trusted=trusted, patience_seconds=_PATIENCE_SECONDS, at_once_per_host=AT_ONCE)
    async with HttpClient(policy) as client:
        services: dict[str, NameService] = {
            BLUESKY: BlueskyNames(Identities(client, directory, appview)),
            MASTODON: MastodonNames(client, addresses),
        }
        asked = {platform: service for platform, service in services.items() if platform in platforms}
        return await resolve_file(data, name, asked, progress)
