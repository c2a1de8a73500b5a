"""The collector `jetstream`: the officials of the roster on Bluesky, live and without a key."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Final

import aiohttp
from msgspec import Meta, Struct

from streams import __version__
from streams.collectors.bluesky.history import History, HistoryPolicy
from streams.collectors.bluesky.identity import DIRECTORY
from streams.collectors.bluesky.jetstream_accounts_source import JetstreamAccountsSource
from streams.collectors.bluesky.jetstream_cursor import jetstream_cursor_at
from streams.collectors.bluesky.jetstream_endpoints import MAX_DIDS, parse_endpoints
from streams.collectors.bluesky.jetstream_feeds import follow_roster, follow_subjects, read_filters
from streams.collectors.bluesky.jetstream_shared import Hosts, JetstreamPolicy, Shared
from streams.collectors.bluesky.jetstream_source import JetstreamSource
from streams.collectors.collector import Collector, CollectorContext
from streams.collectors.following import in_background
from streams.collectors.http_client import ClientPolicy
from streams.collectors.public_hosts import place_of
from streams.collectors.source import Source
from streams.formats.bluesky.jetstream_fields import BLUESKY

__all__ = ["JETSTREAM", "JetstreamSettings"]

_HOSTS: Final = (
    "jetstream.us-east.bsky.network,jetstream.us-west.bsky.network,"
    "jetstream2.us-east.bsky.network#v1,jetstream1.us-west.bsky.network#v1"
)
_Seconds = Annotated[float, Meta(ge=1, le=86_400)]


class JetstreamSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the collector."""

    hosts: Annotated[
        str,
        Meta(
            description="hosts in order of preference, separated by commas: NAME, NAME#v1 for the old wire, or an "
            "address as wss://NAME:PORT"
        ),
    ] = _HOSTS
    compress: Annotated[bool, Meta(description="ask for frames compressed with the host's dictionary")] = True
    rewind_seconds: Annotated[
        _Seconds, Meta(description="how far before the cursor a connection begins: content ids remove what comes twice")
    ] = 10.0
    host_silent_seconds: Annotated[
        _Seconds, Meta(description="a host that tells of no account of the network for so long is left")
    ] = 30.0
    history: Annotated[
        bool, Meta(description="read what an official posted, reposted and followed before he came onto the roster")
    ] = True
    directory: Annotated[
        str, Meta(pattern="^https?://[^/?#@ ]+/?$", description="identity directory that says where a history is")
    ] = DIRECTORY
    dids_per_connection: Annotated[
        int, Meta(ge=1, le=MAX_DIDS, description="officials in the filter of one connection; beyond, several are made")
    ] = MAX_DIDS


@asynccontextmanager
async def _open(own: JetstreamSettings, context: CollectorContext) -> AsyncIterator[Sequence[Source]]:
    endpoints = parse_endpoints(own.hosts)
    settings = context.settings
    policy = JetstreamPolicy(
        rewind=own.rewind_seconds,
        silent=own.host_silent_seconds,
        compress=own.compress,
        dids_per_connection=own.dids_per_connection,
    )
    async with aiohttp.ClientSession(
        headers={"User-Agent": f"antiphon/{__version__}"}, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        shared = Shared(session=session, hosts=Hosts(endpoints), policy=policy)
        filters = await read_filters(settings)
        async with in_background(follow_roster(settings, shared.watched), follow_subjects(settings, shared.watched)):
            history = HistoryPolicy(
                directory=own.directory, client=ClientPolicy(trusted=frozenset({place_of(own.directory)}))
            )
            sources: list[Source] = [JetstreamSource(shared, filters), JetstreamAccountsSource(shared)]
            if own.history:
                sources.append(History(settings, history, lambda: shared.watched.officials or frozenset()))
            yield sources


JETSTREAM: Final = Collector(
    name="jetstream",
    platform=BLUESKY,
    summary="posts, reposts, deletions and follows of the roster's officials on Bluesky, and account statuses; no key",
    teaches=(
        "Read Bluesky's public Jetstream: what the officials of the roster post, repost, delete and whom they follow, "
        "and the status and handle of officials and of those they amplified. Needs a published roster (`antiphon "
        "roster publish`) with DIDs; a new one is in use within five seconds. Needs no key.\n\n"
        "What an official posted, reposted and followed before that is read from his own server, once; so is what all "
        "of them did in a time that the stream did not show.\n\n"
        "It cannot see what was deleted before an official came onto the roster, what a moderation service hides "
        "without taking the account down, likes, and whose follow was withdrawn. A host keeps 36 hours: a longer "
        "absence leaves a gap on the topic `coverage`."
    ),
    settings=JetstreamSettings,
    open=_open,
    cursor_at=jetstream_cursor_at,
)
