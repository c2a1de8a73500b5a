"""The generated world: a roster, and a seeded stream of retweets and posts as a platform's collector would send them.

Knows where each event will stand on the broker (topic, partition, offset), and nothing of brokers. What any world is
(`AnyWorld`) stands here too.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, Protocol
from zlib import crc32

from msgspec import Struct

from streams.core.rosters.roster import Roster, RosterEntry
from streams.events import Account, Post, PostRef, Retweet, encode_event

__all__ = [
    "OFFICIAL_SHARE",
    "PARTITIONS",
    "PLATFORM",
    "RAW_NAMES",
    "ROSTER_SIZE",
    "AnyWorld",
    "PlacedEvent",
    "Placing",
    "World",
    "officials_roster",
    "subject_of",
]

PLATFORM: Final = "twitter"
PARTITIONS: Final = 4
RAW_NAMES: Final = ("posts", "retweets")
ROSTER_SIZE: Final = 5_000
OFFICIAL_SHARE: Final = 0.005
_RETWEET_SHARE: Final = 0.8
_QUOTE_SHARE: Final = 0.5  # of posts
_BYSTANDERS: Final = 200_000
_SUBJECTS: Final = 20_000
_BEGIN: Final = datetime(2024, 3, 1, tzinfo=UTC)
_DAYS: Final = 30
_COUNTRIES: Final = ("IR", "RU", "CN", "TR", "BR", "FR", "US", "IN")
_TEXT: Final = (
    "the ministry said on Tuesday that talks will go on as planned and نشست خبری برگزار شد "
    "la séance est ouverte à quinze heures merci à tous für Frieden und Zusammenarbeit "
    "новости дня сегодня we stand with the people of our region against every sanction #news #world"
)


class PlacedEvent(Struct, frozen=True):
    """One event: where it will stand, its key and bytes, and whether an official amplifies a subject with it."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    amplification: tuple[str, str, str] | None  # event id, official id, subject id


class AnyWorld(Protocol):
    """A roster and a stream of events, the same each time."""

    @property
    def name(self) -> str:
        """Short and unique: by it results are kept apart."""

    @property
    def about(self) -> str:
        """What the events are, in words that follow their number."""

    @property
    def size(self) -> int:
        """How many events there are."""

    @property
    def seed(self) -> int:
        """What chance was made from."""

    @property
    def official_ids(self) -> tuple[str, ...]:
        """The ids of all officials on the roster."""

    @property
    def roster(self) -> Roster:
        """Who is official."""

    def events(self) -> Iterator[PlacedEvent]:
        """The events in the order of their times."""


class Placing:
    """Gives each event its place: by the key that a collector would use, behind the events that came before it."""

    def __init__(self) -> None:
        self._ends: dict[tuple[str, int], int] = {}

    def place(self, event: Retweet | Post, *, is_official: bool) -> PlacedEvent:
        """The event at its place. What an official retweets or quotes amplifies its author."""
        subject = subject_of(event)
        topic, keyed_by = ("retweets", event.subject) if isinstance(event, Retweet) else ("posts", event.actor)
        key = f"{PLATFORM}:{keyed_by.id}".encode()
        partition = crc32(key) % PARTITIONS
        offset = self._ends.get((topic, partition), 0)
        self._ends[(topic, partition)] = offset + 1
        amplification = (event.id, event.actor.id, subject.id) if is_official and subject is not None else None
        return PlacedEvent(topic, partition, offset, key, encode_event(event), amplification)


class World:
    """`events` events over 30 days: four of five are retweets, one of two posts quotes somebody.

    One event in 200 is by one of 5,000 officials. Equal arguments give equal bytes at equal places.
    """

    name = "generated"
    about = (
        f"generated canonical events, four of five of them retweets, {OFFICIAL_SHARE:.1%} by one of {ROSTER_SIZE:,} "
        "officials"
    )

    def __init__(self, events: int, seed: int) -> None:
        self.size = events
        self.seed = seed
        self.official_ids = tuple(str(10**18 + 7_919 * number) for number in range(ROSTER_SIZE))
        self.roster = officials_roster(self.official_ids)

    def events(self) -> Iterator[PlacedEvent]:
        """The events in the order of their times."""
        random = Random(self.seed)
        officials = [_account(i, f"official_{n}", random) for n, i in enumerate(self.official_ids)]
        bystanders = [_account(str(2 * 10**18 + n), f"reader_{n}", random) for n in range(_BYSTANDERS)]
        subjects = [_account(str(3 * 10**18 + n), f"voice_{n}", random) for n in range(_SUBJECTS)]
        words = _TEXT.split()
        texts = [" ".join(random.choices(words, k=16)) for _ in range(2_000)]
        placing = Placing()
        step = timedelta(days=_DAYS) / max(1, self.size)
        for number in range(self.size):
            is_official = random.random() < OFFICIAL_SHARE
            actor = random.choice(officials if is_official else bystanders)
            # Squared: a few subjects get most of the attention, as in real data.
            subject = subjects[int(_SUBJECTS * random.random() ** 2)]
            event = _event(number, _BEGIN + step * number, actor, subject, random.choice(texts), random)
            yield placing.place(event, is_official=is_official)


def subject_of(event: Retweet | Post) -> Account | None:
    """Whom the event retweets or quotes."""
    if isinstance(event, Retweet):
        return event.subject
    return None if event.quotes is None else event.quotes.account


def officials_roster(account_ids: Iterable[str]) -> Roster:
    """A roster of diplomats of a few States; nobody's handle is among those that occur in real data."""
    return Roster(
        RosterEntry(
            platform=PLATFORM,
            account_id=account_id,
            handle=f"official_{number}",
            country=_COUNTRIES[number % len(_COUNTRIES)],
            category="diplomat",
            source_url="https://example.org/roster",
        )
        for number, account_id in enumerate(account_ids)
    )


def _event(number: int, at: datetime, actor: Account, subject: Account, text: str, random: Random) -> Retweet | Post:
    event_id = str(4 * 10**18 + number)
    post_id = str(4 * 10**18 - random.randrange(10**9))
    if random.random() < _RETWEET_SHARE:
        return Retweet(
            platform=PLATFORM,
            id=event_id,
            at=at,
            observed_at=at + timedelta(seconds=2),
            actor=actor,
            subject=subject,
            post_id=post_id,
            text=f"RT @{subject.handle}: {text}"[:140],
        )
    quotes = PostRef(post_id=post_id, account=subject) if random.random() < _QUOTE_SHARE else None
    return Post(
        platform=PLATFORM,
        id=event_id,
        at=at,
        observed_at=at + timedelta(seconds=2),
        actor=actor,
        text=text,
        lang="en",
        links=(f"https://example.org/news/{post_id}",),
        quotes=quotes,
    )


def _account(account_id: str, handle: str, random: Random) -> Account:
    # A tenth of all accounts is new: the rules on new accounts have something to say.
    age = timedelta(days=random.randrange(1, 60 if random.random() < 0.1 else 3_000))
    return Account(
        id=account_id,
        handle=handle,
        name=handle.replace("_", " no. "),
        created_at=_BEGIN - age,
        created_at_source="reported",
        followers=random.randrange(100_000),
    )
