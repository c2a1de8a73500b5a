"""The traffic of the soak: generated events at a steady rate, in an event time that passes faster than the clock.

Every second officials of one State amplify two accounts, which are suspended ten seconds later, and write two posts,
which they delete ten seconds later. One event in twenty is about an account without engagement: half of those
suspensions, half profiles.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, NoReturn
from zlib import crc32

from msgspec import Struct, json
from msgspec.structs import replace

from bench.counter import SharedCounter
from bench.world import OFFICIAL_SHARE, PLATFORM, World
from bench.writing import BulkWriter
from streams.events import (
    RAW_TOPICS,
    Account,
    AccountEvent,
    AccountEventKind,
    Deletion,
    Post,
    Profile,
    Retweet,
    Suspension,
    encode_event,
)
from streams.settings import Settings, load_settings
from streams.topics import topic_named

__all__ = ["PAIRS_PER_SECOND", "STATE", "UNENGAGED_SHARE", "SoakJob", "second_of_traffic"]

PAIRS_PER_SECOND: Final = 2
"""Suspensions of accounts that the State amplified, and as many deletions, in each second."""
UNENGAGED_SHARE: Final = 0.05
STATE: Final = "IR"

_COUNTRIES: Final = 8  # of the world's roster: every eighth official is of the State
_DELAY_SECONDS: Final = 10
_BYSTANDERS: Final = 200_000
_SUBJECTS: Final = 20_000
_RETWEET_SHARE: Final = 0.8
_TEXT: Final = "ministry foreign affairs condemns strongest terms statement yesterday peace region talks people"
_TICK_SECONDS: Final = 0.05


class SoakJob(Struct, frozen=True, kw_only=True):
    """What the process is told: events a second, the event time of the first, how much faster than the clock event
    time passes, the seed, and the file of the counter."""

    rate: int
    begin: datetime
    speed: float
    seed: int
    counter: str


def second_of_traffic(job: SoakJob, second: int, officials: tuple[str, ...]) -> Iterator[AccountEvent]:
    """The events of one second, `job.rate` of them, spread evenly over it in event time."""
    random = Random(f"{job.seed}/{second}")
    events = list(_of_the_country(second, officials[::_COUNTRIES], random))
    events += [_unengaged(second, number) for number in range(round(job.rate * UNENGAGED_SHARE))]
    events += [_ordinary(second, number, officials, random) for number in range(job.rate - len(events))]
    random.shuffle(events)
    for number, event in enumerate(events):
        at = job.begin + timedelta(seconds=(second + number / len(events)) * job.speed)
        yield replace(event, at=at, observed_at=at)


_UNDATED: Final = datetime(2000, 1, 1, tzinfo=UTC)  # until an event has its place in the second


def _of_the_country(second: int, officials: tuple[str, ...], random: Random) -> Iterator[AccountEvent]:
    before = second - _DELAY_SECONDS
    for number in range(PAIRS_PER_SECOND):
        own, old = second * PAIRS_PER_SECOND + number, before * PAIRS_PER_SECOND + number
        yield Retweet(
            platform=PLATFORM,
            id=str(50 * 10**17 + own),
            at=_UNDATED,
            actor=_official(random.choice(officials)),
            subject=_amplified(own),
            post_id=str(51 * 10**17 + own),
        )
        # By number: the deletion must name the author again.
        author = _official(officials[own % len(officials)])
        yield Post(
            platform=PLATFORM, id=str(52 * 10**17 + own), at=_UNDATED, actor=author, text=_text(random), lang="en"
        )
        if before >= 0:
            yield Suspension(
                platform=PLATFORM, id=str(53 * 10**17 + old), at=_UNDATED, actor=_amplified(old), status="suspended"
            )
            author = _official(officials[old % len(officials)])
            post_id = str(52 * 10**17 + old)
            yield Deletion(platform=PLATFORM, id=str(54 * 10**17 + old), at=_UNDATED, actor=author, post_id=post_id)


def _unengaged(second: int, number: int) -> AccountEvent:
    own = second * 100_000 + number
    account = Account(id=str(60 * 10**17 + own), handle=f"stranger_{own}")
    if number % 2:
        return Profile(platform=PLATFORM, id=str(61 * 10**17 + own), at=_UNDATED, actor=account)
    return Suspension(platform=PLATFORM, id=str(62 * 10**17 + own), at=_UNDATED, actor=account, status="suspended")


def _ordinary(second: int, number: int, officials: tuple[str, ...], random: Random) -> AccountEvent:
    own = str(70 * 10**17 + second * 100_000 + number)
    if random.random() < OFFICIAL_SHARE:
        actor = _official(random.choice(officials))
    else:
        reader = random.randrange(_BYSTANDERS)
        actor = Account(id=str(2 * 10**18 + reader), handle=f"reader_{reader}")
    if random.random() < _RETWEET_SHARE:
        voice = int(_SUBJECTS * random.random() ** 2)
        subject = Account(id=str(3 * 10**18 + voice), handle=f"voice_{voice}")
        return Retweet(platform=PLATFORM, id=own, at=_UNDATED, actor=actor, subject=subject, post_id=own)
    return Post(platform=PLATFORM, id=own, at=_UNDATED, actor=actor, text=_text(random), lang="en")


def _official(official_id: str) -> Account:
    return Account(id=official_id)


def _amplified(number: int) -> Account:
    return Account(id=str(55 * 10**17 + number), handle=f"amplified_{number}")


def _text(random: Random) -> str:
    return " ".join(random.choices(_TEXT.split(), k=20))


async def keep_up(settings: Settings, job: SoakJob) -> NoReturn:
    """Write for ever, a twentieth of a second at a time. Time that is lost is not made up for: the rate stays."""
    officials = World(0, job.seed).official_ids
    counter = SharedCounter(Path(job.counter))
    gc.collect()
    gc.freeze()
    second = 0
    async with BulkWriter(settings) as writer:
        while True:
            events = list(second_of_traffic(job, second, officials))
            began = time.monotonic()
            pieces = round(1 / _TICK_SECONDS)
            for piece in range(pieces):
                part = events[piece * len(events) // pieces : (piece + 1) * len(events) // pieces]
                for event in part:
                    kind: AccountEventKind = event.__struct_config__.tag  # type: ignore[assignment]  # the kind's name
                    topic = RAW_TOPICS[kind]
                    account = event.subject if isinstance(event, Retweet) else event.actor
                    key = f"{PLATFORM}:{account.id if account else ''}".encode()
                    partition = crc32(key) % topic_named(topic).partitions
                    await writer.write(topic, partition, key, encode_event(event))
                await writer.flush()
                counter.add(len(part))
                await asyncio.sleep(max(0.0, (piece + 1) * _TICK_SECONDS - (time.monotonic() - began)))
            second += 1


if __name__ == "__main__":
    asyncio.run(keep_up(load_settings(), json.decode(sys.argv[1], type=SoakJob)))
