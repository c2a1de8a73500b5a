"""What a collector learns from Kafka for as long as it runs: the roster, and what else it follows.

A broker that is away for a while changes nothing: what was known stays in use.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

from aiokafka.errors import KafkaError

from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_log import RosterLog, RosterRecordError
from streams.kafka.failures import BrokerError
from streams.kafka.reading import follow_topic
from streams.printable import printable
from streams.settings import Settings
from streams.topic_names import OFFICIALS

__all__ = ["follow_forever", "follow_rosters", "in_background"]

_log: Final = logging.getLogger(__name__)
_PAUSE_SECONDS: Final = 2.0


async def follow_rosters(settings: Settings, platform: str, use: Callable[[Roster], object]) -> None:
    """Use the roster in force, with every fetch: terms end by the clock. Until cancelled.

    Where there is none, or none with an official on the platform, the log says so and what to do, once.
    """
    lacks = ""

    async def follow() -> None:
        nonlocal lacks
        log = RosterLog()
        async with aclosing(follow_topic(settings, OFFICIALS)) as fetches:
            async for fetched in fetches:
                for record in fetched.records:
                    try:
                        log.apply(record.key or b"", record.value)
                    except RosterRecordError:
                        continue  # SCREEN makes the dead letter of it
                if not fetched.whole:
                    continue
                before, lacks = lacks, _lacking(log.roster, platform)
                if lacks and lacks != before:
                    extra = {"platform": platform, "remedy": "antiphon roster publish FILE"}
                    _log.warning(lacks, extra=extra)
                if log.roster is not None:
                    use(log.roster)

    await follow_forever(follow, "officials")


def _lacking(roster: Roster | None, platform: str) -> str:
    if roster is None:
        return "no roster is published"
    is_there = roster.ids_of(platform) or roster.handles_of(platform)
    return "" if is_there else "the roster in force has no official on this platform"


async def follow_forever(follow: Callable[[], Awaitable[None]], topic: str) -> None:
    """Follow the topic (plain name), and begin again after a failure of the broker. Until cancelled."""
    while True:
        try:
            await follow()
        except (KafkaError, BrokerError, OSError) as error:
            extra = {"topic": topic, "error": printable(f"{type(error).__name__}: {error}", 200)}
            _log.warning("topic cannot be followed", extra=extra)
            await asyncio.sleep(_PAUSE_SECONDS)


@asynccontextmanager
async def in_background(*following: Coroutine[Any, Any, None]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Run them beside the block, which gets their tasks; they are cancelled at its end."""
    tasks = [asyncio.create_task(each) for each in following]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
