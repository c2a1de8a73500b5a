"""An enricher beside its servers and a broker, and what it says."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from streams.collectors.bluesky.enricher import Enricher, EnricherPolicy
from streams.collectors.http_client import ClientPolicy
from streams.core.enriched import Amplification, Dossier
from streams.core.officials import Official
from streams.core.subject_event import Coordinates
from streams.events import Account, AccountSource, Event
from streams.kafka.administration import create_topics
from streams.kafka.client import started_producer
from streams.kafka.enriched_record import enriched_record
from streams.schemas.examples import EXAMPLES
from streams.settings import Settings
from tools.kafka.running_broker import RunningBroker
from tools.servers.appview import AppView
from tools.servers.bluesky_accounts import Accounts
from tools.servers.plc import Directory

_OFFICIAL: Final = Official(
    id="did:plc:" + "a" * 24, handle="embassy.example", country="FR", category="diplomat", name=None
)


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


class Listening:
    """The chunks of an enricher as they come."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.news = asyncio.Condition()

    async def listen(self, enricher: Enricher) -> None:
        """Until cancelled."""
        async with aclosing(enricher.chunks(None)) as chunks:
            async for chunk in chunks:
                async with self.news:
                    self.events += chunk.events
                    self.news.notify_all()

    async def until(self, enough: int) -> list[Event]:
        """The events, once there are that many."""
        return await self.when(lambda: len(self.events) >= enough)

    async def when(self, met: Callable[[], bool]) -> list[Event]:
        """The events, once that holds."""
        async with self.news:
            await asyncio.wait_for(self.news.wait_for(met), 60)
        return self.events

    async def warm(self, settings: Settings, did: str) -> None:
        """Returns when the enricher follows the topic, and has looked this subject up."""
        while not self.events:
            await write(settings, [amplification(did)])
            with suppress(TimeoutError):
                async with self.news:
                    await asyncio.wait_for(self.news.wait(), 0.5)
        await self.until(2)


def settings_of(broker: RunningBroker, prefix: str) -> Settings:
    """Those of a test."""
    return Settings(broker=broker.address, topic_prefix=prefix, transactions=broker.is_real_kafka)


def policy_of(appview: AppView, directory: Directory) -> EnricherPolicy:
    """Quick to ask again, and for these servers."""
    client = ClientPolicy(
        trusted=frozenset({appview.place, directory.place}),
        first_wait_seconds=0.001,
        longest_wait_seconds=0.001,
        patience_seconds=0.0,
        timeout_seconds=60.0,
    )
    return EnricherPolicy(appview=appview.url, directory=directory.url, retry_seconds=0.01, client=client)


@asynccontextmanager
async def enriching(
    broker: RunningBroker, prefix: str, accounts: Accounts, before: Sequence[object] = ()
) -> AsyncIterator[tuple[Settings, AppView, Directory]]:
    """Topics with the enriched records `before`, and servers for the accounts."""
    settings = settings_of(broker, prefix)
    await create_topics(settings)
    await write(settings, before)
    async with AppView(accounts) as appview, Directory(accounts) as directory:
        yield settings, appview, directory


@asynccontextmanager
async def listening(
    settings: Settings, policy: EnricherPolicy, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[Listening]:
    """An enricher at work."""
    listener = Listening()
    task = asyncio.create_task(listener.listen(Enricher(settings, policy, clock=clock)))
    try:
        yield listener
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def write(settings: Settings, records: Iterable[object]) -> None:
    """Write enriched records as TRACK does."""
    ready = [enriched_record(record) for record in records]
    async with started_producer(settings) as client:
        await asyncio.gather(
            *[await client.send(settings.topic(each.topic), each.value, key=each.key) for each in ready]
        )


def amplification(did: str, number: int = 0) -> Amplification:
    """An official reposted a post of the account."""
    return Amplification(
        id=f"at://{_OFFICIAL.id}/app.bsky.feed.repost/{did[-8:]}{number}",
        kind="retweet",
        platform="bluesky",
        at=datetime.now(UTC),
        official=_OFFICIAL,
        subject=Account(id=did),
        subject_is_official=False,
        post_id=f"at://{did}/app.bsky.feed.post/3k",
        roster_digest="r",
        source=Coordinates("retweets", 0, number),
    )


def dossier(
    did: str, *, followers_as_of: datetime | None = None, created_at_source: AccountSource | None = None
) -> Dossier:
    """What TRACK says of an account that was amplified just now."""
    example = EXAMPLES["dossier"][1]
    assert isinstance(example, Dossier)
    return replace(
        example,
        platform="bluesky",
        subject=Account(id=did, created_at_source=created_at_source),
        last_amplified_at=datetime.now(UTC),
        followers_as_of=followers_as_of,
        suspension=None,
    )


def with_revisits(policy: EnricherPolicy, seconds: float, confirm_seconds: float = 0.0) -> EnricherPolicy:
    """The policy that looks again so soon."""
    return replace(policy, revisit_seconds=seconds, confirm_seconds=confirm_seconds)
