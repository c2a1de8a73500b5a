"""The collector `tap`: repositories of the roster's officials on Bluesky, by a Tap process of the operator's own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Final

import aiohttp
from msgspec import Meta, Struct

from streams import __version__
from streams.collectors.bluesky.jetstream_feeds import follow_roster
from streams.collectors.bluesky.jetstream_shared import WatchedAccounts
from streams.collectors.bluesky.tap_source import TapPolicy, TapSource
from streams.collectors.collector import Collector, CollectorContext
from streams.collectors.following import in_background
from streams.collectors.source import Source
from streams.formats.bluesky.jetstream_fields import BLUESKY
from streams.setting_sources import Secret

__all__ = ["TAP", "TapSettings"]


class TapSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the Tap is, and what it is told to follow."""

    url: Annotated[str, Meta(pattern="^https?://[^/?#@ ]+/?$", max_length=300, description="base URL of the Tap")] = (
        "http://127.0.0.1:2480"
    )
    password: Annotated[Secret, Meta(description="TAP_ADMIN_PASSWORD of the Tap, if it has one")] = Secret("")
    add_officials: Annotated[
        bool, Meta(description="tell the Tap to follow the officials of the roster, with their whole history")
    ] = True


@asynccontextmanager
async def _open(own: TapSettings, context: CollectorContext) -> AsyncIterator[Sequence[Source]]:
    watched = WatchedAccounts()
    following = [follow_roster(context.settings, watched)] if own.add_officials else []
    async with (
        in_background(*following),
        aiohttp.ClientSession(
            headers={"User-Agent": f"antiphon/{__version__}"}, cookie_jar=aiohttp.DummyCookieJar()
        ) as session,
    ):
        policy = TapPolicy(url=own.url, password=own.password)
        yield [TapSource(session, policy, lambda: watched.officials or frozenset())]


TAP: Final = Collector(
    name="tap",
    platform=BLUESKY,
    summary="repositories of the roster's officials on Bluesky, whole and as they change, by a Tap of your own",
    teaches=(
        "Read a Tap (bluesky-social/indigo, cmd/tap), which follows whole repositories and verifies them: all that an "
        "official ever posted, reposted and followed, then what changes. Each message is acknowledged when Kafka has "
        "it; a Tap sends again what was not. Tells the Tap to follow the officials of the published roster. Set "
        "TAP_COLLECTION_FILTERS to app.bsky.feed.post,app.bsky.feed.repost,app.bsky.graph.follow.\n\n"
        "A Tap does not say how far it is, so nothing is published of what it could not see. Two collectors at one Tap "
        "share its messages."
    ),
    settings=TapSettings,
    open=_open,
)
