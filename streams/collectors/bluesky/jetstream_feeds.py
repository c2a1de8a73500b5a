"""What the sources of Jetstream learn from Kafka, for as long as they run: the roster, and whom officials amplified.

A broker that is away for a while changes nothing: what was known stays in use.
"""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Final

from aiokafka import TopicPartition

from streams.collectors.bluesky.jetstream_coverage import FilterLog
from streams.collectors.bluesky.jetstream_shared import WatchedAccounts, system_now_us
from streams.collectors.following import follow_forever, follow_rosters
from streams.core.rosters.roster import Roster
from streams.core.subject_event import subject_key
from streams.events import Coverage, decode_event
from streams.formats.bluesky.jetstream_fields import BLUESKY, account_named
from streams.kafka.client import consumer, start_client
from streams.kafka.reading import read_topic, require_topic
from streams.refusal import DECODE_ERRORS, Refused
from streams.settings import Settings
from streams.topic_names import COVERAGE

__all__ = ["follow_roster", "follow_subjects", "officials_of", "read_filters"]

_log: Final = logging.getLogger(__name__)
_POLL_MS: Final = 1_000
_PREFIX: Final = subject_key(BLUESKY, "").encode()


def officials_of(roster: Roster, now_us: int) -> frozenset[str]:
    """The DIDs of those who are officials on Bluesky, or will be. Who is on the roster by a handle alone is in no
    filter.
    """
    terms = roster.ids_of(BLUESKY)
    return frozenset(did for did, own in terms.items() if own[-1].to_us > now_us and _is_did(did))


async def follow_roster(settings: Settings, watched: WatchedAccounts) -> None:
    """Use each roster that is published. Until cancelled."""

    def use(roster: Roster) -> None:
        officials = officials_of(roster, system_now_us())
        if officials != watched.officials:
            watched.use(officials)
            _log.info("officials in the filter", extra={"officials": len(officials)})

    await follow_rosters(settings, BLUESKY, use)


async def follow_subjects(settings: Settings, watched: WatchedAccounts) -> None:
    """Note everybody of whom there is a dossier. Until cancelled."""

    async def follow() -> None:
        async with aclosing(_records_of(settings, "dossiers")) as fetches:
            async for records in fetches:
                watched.subjects.update(
                    record.key[len(_PREFIX) :].decode(errors="replace")
                    for record in records
                    if record.key is not None and record.key.startswith(_PREFIX)
                )

    await follow_forever(follow, "dossiers")


async def read_filters(settings: Settings) -> FilterLog:
    """Who was in the filter before, by the topic `coverage`. Raises `BrokerError` and aiokafka's errors."""
    filters = FilterLog()
    async for record in read_topic(settings, COVERAGE):
        try:
            event = decode_event(record.value or b"")
        except DECODE_ERRORS:
            continue
        if isinstance(event, Coverage) and event.platform == BLUESKY:
            filters.take(event)
    return filters


async def _records_of(settings: Settings, name: str) -> AsyncGenerator[Sequence[Any], None]:
    """The committed records of all partitions of a topic (plain name), from the beginning and on and on."""
    partitions = await require_topic(settings, name)
    tps = [TopicPartition(settings.topic(name), partition) for partition in range(partitions)]
    client = consumer(settings, max_partition_fetch_bytes=1_048_576)
    try:
        await start_client(client)
        client.assign(tps)
        await client.seek_to_beginning(*tps)
        while True:
            for records in (await client.getmany(*tps, timeout_ms=_POLL_MS)).values():
                yield records
    finally:
        await client.stop()


def _is_did(text: str) -> bool:
    try:
        account_named(text, "")
    except Refused:
        return False
    return True
