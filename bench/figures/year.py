"""A year of a small world, in event time: what officials do to old and new subjects, profiles, suspensions.

Owns the assumptions; knows nothing of topics or sizes. Seeded: equal arguments give equal events.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from msgspec import Struct

from bench.world import PLATFORM, ROSTER_SIZE
from streams.core.clock import to_us
from streams.core.officials import Official
from streams.core.subject_event import Coordinates, SubjectEvent, SubjectEventKind
from streams.events import Account

__all__ = ["Assumptions", "DayEvent", "year"]

_BEGIN: Final = datetime(2024, 3, 1, tzinfo=UTC)
_STATES: Final = ("IR", "RU", "CN", "TR", "BR", "FR", "US", "IN")
_DIGEST: Final = "5f" * 32


class Assumptions(Struct, frozen=True, kw_only=True):
    """What the world is like. Rates are of raw events a second; shares of profiles, suspensions and acts by officials
    are of all raw events, the others of acts by officials.

    In 48,929 statuses by French members of parliament, half were retweets, and they engaged 10,252 accounts: one in
    five acts concerned somebody new. How often collectors send profiles and suspensions is anybody's guess.
    """

    raw_rate: float = 0.25
    days: int = 365
    official_share: float = 0.005
    profile_share: float = 0.005
    suspension_share: float = 0.0005
    tracked_share: float = 0.02  # of profiles and suspensions: about an account that officials engaged with
    new_subject_share: float = 0.21
    retweet_share: float = 0.5
    quote_share: float = 0.1
    seed: int = 1


class DayEvent(Struct, frozen=True):
    """A subject event and the day of the year on which it comes."""

    day: int
    event: SubjectEvent


def year(world: Assumptions) -> Iterator[DayEvent]:
    """The subject events of all days, in the order of their times."""
    random = Random(world.seed)
    shares = (world.official_share, world.profile_share, world.suspension_share)
    count = round(world.raw_rate * 86_400 * world.days * sum(shares))
    step = timedelta(days=world.days) / count
    engaged: list[int] = []  # a subject as often as it was engaged: the more often, the likelier is it to be again
    subjects = unengaged = 0
    for number in range(count):
        at = _BEGIN + step * number
        day = int((at - _BEGIN) / timedelta(days=1))
        kind = random.choices(("act", "profile", "suspension"), shares)[0]
        if kind == "act":
            if not engaged or random.random() < world.new_subject_share:
                subjects += 1
                engaged.append(subjects)
            else:
                engaged.append(random.choice(engaged))
            event = _act(number, at, engaged[-1], random, world)
        else:
            is_tracked = bool(engaged) and random.random() < world.tracked_share
            if not is_tracked:
                unengaged += 1
            account = _account(random.choice(engaged), at) if is_tracked else _account(10**9 + unengaged, at)
            event = _notice("profile" if kind == "profile" else "suspension", number, at, account)
        yield DayEvent(day, event)


def _act(number: int, at: datetime, subject: int, random: Random, world: Assumptions) -> SubjectEvent:
    # Nine in ten by officials of one State: a subject has few hundred officials, not thousands.
    state = subject % len(_STATES) if random.random() < 0.9 else random.randrange(len(_STATES))
    official = random.randrange(ROSTER_SIZE // len(_STATES)) * len(_STATES) + state
    luck = random.random()
    kind: SubjectEventKind = "mention"
    if luck < world.retweet_share + world.quote_share:
        kind = "retweet" if luck < world.retweet_share else "quote"
    return SubjectEvent(
        kind=kind,
        platform=PLATFORM,
        event_id=str(4 * 10**18 + number),
        at_us=to_us(at),
        subject=_account(subject, at),
        source=Coordinates("retweets" if kind == "retweet" else "posts", number % 12, number),
        roster_digest=_DIGEST,
        official=Official(
            id=str(10**18 + official), handle=f"official_{official}", country=_STATES[state], category="diplomat"
        ),
        post_id=None if kind == "mention" else str(4 * 10**18 - number),
    )


def _notice(kind: SubjectEventKind, number: int, at: datetime, account: Account) -> SubjectEvent:
    return SubjectEvent(
        kind=kind,
        platform=PLATFORM,
        event_id=f"{kind}:{number}",
        at_us=to_us(at),
        subject=account,
        source=Coordinates(f"{kind}s", number % 4, number),
        roster_digest=_DIGEST,
        status="suspended" if kind == "suspension" else None,
    )


def _account(number: int, at: datetime) -> Account:
    """As an event tells it; every tenth account is new when the year begins, and followers come by the day."""
    age = timedelta(days=(number % 60) + 1 if number % 10 == 0 else 60 + number % 3_000)
    return Account(
        id=str(3 * 10**18 + number),
        handle=f"voice_{number}",
        name=f"voice no. {number}",
        created_at=_BEGIN - age,
        created_at_source="reported",
        followers=(number * 7_919) % 100_000 + (at - _BEGIN).days,
    )
