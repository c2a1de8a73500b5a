"""A small busy world, now: everything that a worker counts happens in it. It is written to the raw topics."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

from streams.core.rosters.roster import Roster, RosterEntry
from streams.events import (
    Account,
    Deletion,
    Event,
    Follow,
    Post,
    Profile,
    Retweet,
    Suspension,
)
from streams.kafka.client import producer
from streams.kafka.raw_record import raw_record
from streams.settings import Settings

__all__ = ["BUSTLING_ROSTER", "bustle"]

_SUBJECTS: Final = 9
# Seven, so that each of them amplifies each of the nine.
_OFFICIALS: Final = tuple(Account(id=f"9{number}", handle=f"official_{number}") for number in range(7))
BUSTLING_ROSTER: Final = Roster(
    RosterEntry(
        platform="twitter",
        account_id=official.id,
        handle=official.handle,
        country=("IR", "RU")[number % 2],
        category=("leader", "diplomat")[number % 3 == 0],
        source_url="https://example.org/",
    )
    for number, official in enumerate(_OFFICIALS)
)
_TEXT: Final = "the ministry will publish its statement on the negotiations tomorrow morning after the session"


def _round(number: int, now: datetime) -> Iterator[Event]:
    """One event of each kind: officials who retweet a new account and post, and others who do so, too."""
    subject = Account(
        id=f"7{number % _SUBJECTS}",
        handle=f"subject_{number % _SUBJECTS}",
        created_at=now - timedelta(days=9),
        followers=9,
    )
    official = _OFFICIALS[number % len(_OFFICIALS)]
    bystander = Account(id=f"5{number}", handle=f"bystander_{number}")
    twitter = "twitter"
    yield Retweet(platform=twitter, id=f"r{number}", at=now, actor=official, subject=subject)
    yield Retweet(platform=twitter, id=f"s{number}", at=now, actor=bystander, subject=subject)
    yield Post(platform=twitter, id=f"p{number}", at=now, actor=official, text=f"{_TEXT}, number {number}")
    yield Post(platform=twitter, id=f"q{number}", at=now, actor=bystander, text=_TEXT)
    yield Deletion(platform=twitter, id=f"d{number}", at=now, actor=official, post_id=f"p{number - 2}")
    yield Follow(platform=twitter, id=f"f{number}", at=now, actor=official, subject=subject, active=True)
    yield Profile(platform=twitter, id=f"o{number}", at=now, actor=subject)
    if number % 20 == 19:
        yield Suspension(platform=twitter, id=f"x{number}", at=now, actor=subject, status="suspended")


async def bustle(settings: Settings, is_enough: threading.Event) -> int:
    """Write rounds of events until it is enough; returns how many rounds."""
    client = producer(settings)
    await client.start()
    try:
        for number in count():
            for event in _round(number, datetime.now(UTC)):
                record = raw_record(event)
                await client.send(settings.topic(record.topic), record.value, key=record.key)
            await asyncio.sleep(0.05)
            if is_enough.is_set():
                break
        await client.flush()
        return number + 1
    finally:
        await client.stop()
