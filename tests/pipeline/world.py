"""A seeded world: officials, subjects and a stream of events in which everything that happens in real data happens.

Late events, duplicates, withdrawn and repeated suspensions, quotes, answers, mentions, follows, poison lines. Knows
nothing of brokers.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from streams.core.roster import Roster, RosterEntry
from streams.events import (
    Account,
    Event,
    Follow,
    Post,
    PostRef,
    Profile,
    Retweet,
    Suspension,
    SuspensionStatus,
    encode_event,
)

__all__ = ["World"]

_BEGIN: Final = datetime(2022, 1, 1, tzinfo=UTC)
_DAYS: Final = 200


class World:
    """`events` events over 200 days by 40 officials of 3 States and by bystanders, towards 150 subjects."""

    def __init__(self, seed: int, events: int) -> None:
        self.random = Random(seed)
        self.size = events
        self.officials = [
            Account(id=f"9{number:05}", handle=f"official_{number}", created_at=_BEGIN - timedelta(days=900))
            for number in range(40)
        ]
        self.roster = Roster(
            RosterEntry(
                platform="twitter",
                account_id=official.id,
                handle=official.handle,
                state=("IR", "RU", "CN")[number % 3],
                category="diplomat",
                source_url="https://example.org/roster",
            )
            for number, official in enumerate(self.officials)
        )
        self.subjects = [self._subject(number) for number in range(150)]

    def _subject(self, number: int) -> Account:
        age = timedelta(days=self.random.choice([2_000, 400, 30, -10, -60, -100]))
        return Account(
            id=f"7{number:05}",
            handle=f"subject_{number}",
            created_at=_BEGIN - age if self.random.random() < 0.8 else None,
            followers=self.random.choice([None, 100, 4_999, 5_001, 2_000_000]),
        )

    def lines(self) -> Iterator[bytes]:
        """The events as NDJSON in the order of arrival: late by up to two days, some twice."""
        arrivals: list[tuple[datetime, int, bytes]] = []
        for number in range(self.size):
            event = self._event(number)
            line = encode_event(event)
            arrival = event.at + timedelta(hours=self.random.expovariate(1 / 6))
            arrivals.append((arrival, number, line))
            if self.random.random() < 0.05:
                arrivals.append((arrival + timedelta(days=self.random.random() * 20), number, line))
        arrivals.sort()
        return (line for _arrival, _number, line in arrivals)

    def write(self, path: Path) -> int:
        """Write the lines to a file; returns how many."""
        lines = list(self.lines())
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return len(lines)

    def _event(self, number: int) -> Event:
        random = self.random
        # Squared, so that a few subjects get most of the attention, as in real data.
        subject = self.subjects[int(len(self.subjects) * random.random() ** 2)]
        if random.random() < 0.1:
            subject = random.choice(self.officials)
        actor = random.choice(self.officials) if random.random() < 0.7 else Account(id=f"5{random.randrange(2_000)}")
        # Whole seconds, so that events at the very same time are common.
        at = _BEGIN + timedelta(seconds=int(random.random() * _DAYS * 86_400))
        key = str(number)
        draw = random.random()
        if draw < 0.55:
            post_id = str(random.randrange(10**6))
            return Retweet(platform="twitter", id=key, at=at, actor=actor, subject=subject, post_id=post_id)
        if draw < 0.9:
            return self._post(key, at, actor, subject)
        if draw < 0.94:
            active = random.random() < 0.7
            return Follow(platform="twitter", id=key, at=at, actor=actor, subject=subject, active=active)
        if draw < 0.95:
            status: SuspensionStatus = "suspended" if random.random() < 0.8 else "reinstated"
            return Suspension(platform="twitter", id=key, at=at, actor=subject, status=status)
        renamed = Account(id=subject.id, handle=f"renamed_{number}", followers=number)
        return Profile(platform="twitter", id=key, at=at, actor=renamed)

    def _post(self, key: str, at: datetime, actor: Account, subject: Account) -> Post:
        random = self.random
        bare = Account(id=subject.id, handle=subject.handle)
        ref = PostRef(post_id=str(random.randrange(10**6)), account=bare)
        draw = random.random()
        others = tuple(random.sample(self.subjects, 2)) if random.random() < 0.2 else ()
        return Post(
            platform="twitter",
            id=key,
            at=at,
            actor=actor,
            text="a post",
            quotes=ref if draw < 0.4 else None,
            reply_to=ref if 0.3 < draw < 0.7 else None,
            mentions=(bare, *others) if draw > 0.6 else others,
        )
