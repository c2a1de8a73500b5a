"""Made-up events on their way: at once, or at the pace of the clock, to a file or to the raw topics."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

from streams.cases.sample import SAMPLE_ROSTER
from streams.core.clock import to_us
from streams.core.rosters.roster_file import parse_roster
from streams.errors import InputError
from streams.events import Event
from streams.kafka.client import started_producer
from streams.kafka.raw_record import raw_record
from streams.kafka.roster_topic import published_roster
from streams.settings import Settings

__all__ = ["at_their_time", "require_sample_roster", "send_events"]

_ON_THE_WAY: Final = 500  # records sent before the acknowledgements are awaited


async def at_their_time(events: Iterable[Event]) -> AsyncIterator[Event]:
    """Each event when the clock has come to its time; at once what is of the past."""
    for event in events:
        wait_us = to_us(event.at) - time.time_ns() // 1_000
        if wait_us > 0:
            await asyncio.sleep(wait_us / 1_000_000)
        yield event


async def require_sample_roster(settings: Settings) -> None:
    """Raises `InputError` where the roster in force knows none of the sample's officials, and `BrokerError`."""
    in_force = (await published_roster(settings)).roster
    wanted = {entry.account_key for entry in parse_roster(SAMPLE_ROSTER.encode(), "sample").entries}
    known = {entry.account_key for entry in in_force.entries} if in_force is not None else set()
    if not wanted <= known:
        raise InputError(
            "the roster in force does not have the officials of the sample: nothing of it would be counted",
            remedy="antiphon sample --roster > sample.csv && antiphon roster publish sample.csv",
        )


async def send_events(
    settings: Settings, events: AsyncIterator[Event], progress: Callable[[int], None] = lambda _sent: None
) -> int:
    """Write events to the raw topics; returns how many, once the broker has all of them. Raises `BrokerError`."""
    sent = 0
    async with started_producer(settings) as client:
        waiting = []
        async for event in events:
            record = raw_record(event)
            waiting.append(await client.send(settings.topic(record.topic), record.value, key=record.key))
            sent += 1
            progress(sent)
            if len(waiting) >= _ON_THE_WAY:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)
    return sent
