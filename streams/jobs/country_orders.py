"""The orders to WATCH on their way: sent to the partition of each State, and waited for until its ledger is right."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Final

from aiokafka import AIOKafkaProducer

from streams.core.country_event import CountryEvent, encode_country_event
from streams.core.country_recounts import CountryOrder, country_recount, country_recount_open
from streams.core.recounts import encode_recount
from streams.jobs.drain import StalledError, wait_for_commits
from streams.kafka.corrections_topic import read_corrections
from streams.kafka.partitioning import partition_of
from streams.settings import Settings
from streams.topic_names import COUNTRY_EVENTS

__all__ = ["end_with_countries", "send_to_countries"]

_ON_THE_WAY: Final = 50
_LOOK_SECONDS: Final = 1.0
_STALLED_SECONDS: Final = 180.0


async def send_to_countries(
    client: AIOKafkaProducer, settings: Settings, events: Iterable[CountryEvent]
) -> dict[tuple[str, int], int]:
    """Write the events; returns the offsets behind the last of them, by plain topic name and partition."""
    topic = settings.topic(COUNTRY_EVENTS)
    partitions = len(await client.partitions_for(topic))
    ends: dict[tuple[str, int], int] = {}
    futures: list[asyncio.Future[object]] = []

    async def written() -> None:
        for each in await asyncio.gather(*futures):
            place = COUNTRY_EVENTS, each.partition  # type: ignore[attr-defined]  # aiokafka has no types
            ends[place] = max(ends.get(place, 0), each.offset + 1)  # type: ignore[attr-defined]
        futures.clear()

    for event in events:
        key = event.country.encode()
        futures.append(
            await client.send(topic, encode_country_event(event), key=key, partition=partition_of(key, partitions))
        )
        if len(futures) >= _ON_THE_WAY:
            await written()
    await written()
    return ends


async def end_with_countries(
    client: AIOKafkaProducer, settings: Settings, countries: Sequence[str], last: CountryOrder
) -> None:
    """Once WATCH knows what TRACK says of the subjects now, have the aftermaths of these States recounted, and wait
    for that. Raises `StalledError`.
    """
    behind = [country_recount_open(each, "", last.at_us) for each in countries]
    await wait_for_commits(settings, await send_to_countries(client, settings, behind), lambda _left: None)
    packed = encode_recount(last)
    await send_to_countries(client, settings, [country_recount(each, last, packed) for each in countries])
    left = set(countries)
    deadline = time.monotonic() + _STALLED_SECONDS
    while left:
        answered = {
            each.country
            for each in await read_corrections(settings)
            if each.correction == last.correction and each.about == "country"
        }
        if left & answered:
            left -= answered
            deadline = time.monotonic() + _STALLED_SECONDS
            continue
        if time.monotonic() > deadline:
            raise StalledError(
                f"the aftermaths of {min(left)} were not recounted for {_STALLED_SECONDS:.0f} s",
                remedy="see that workers of this version run, and repeat the command: it goes on where it was",
            )
        await asyncio.sleep(_LOOK_SECONDS)
        # A ledger counts some watches with each batch, and this is one.
        again = [country_recount_open(each, last.correction, last.at_us) for each in sorted(left)]
        await send_to_countries(client, settings, again)
