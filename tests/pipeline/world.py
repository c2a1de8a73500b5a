"""A seeded world: officials, subjects and a stream of events in which everything that happens in real data happens.

Late events, duplicates, withdrawn and repeated suspensions, quotes, answers, mentions, follows, posts of subjects that
link to officials' sites or share their texts, deletions of what officials posted and of anything else, and what two
sources say that they saw and missed. Knows nothing of brokers.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from msgspec.structs import replace

from streams.core.rosters.roster import Roster, RosterEntry
from streams.events import (
    Account,
    Coverage,
    Deletion,
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
_WORDS: Final = (
    "the ministry will publish its statement on the negotiations tomorrow morning after the session",
    "our delegation has arrived and thanks the hosts for the warm welcome at the airport",
    "это заявление будет опубликовано завтра утром после заседания правительства",
    "این بیانیه فردا صبح پس از جلسه هیئت دولت منتشر خواهد شد",
    "nothing that anybody else would ever say in these words, number {}",
)


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
                account_id=official.id if number % 8 != 7 else None,  # a deletion does not tell those others' handles
                handle=official.handle,
                country=("IR", "RU", "CN")[number % 3],
                category="leader" if number % 13 == 0 else "diplomat",
                source_url="https://example.org/roster",
                domains=("mfa.example",) if number % 3 == 0 else (),
            )
            for number, official in enumerate(self.officials)
        )
        self.subjects = [self._subject(number) for number in range(150)]
        self.authors: dict[int, Account] = {}  # of the events so far, by number
        self.suspended: list[tuple[Account, datetime]] = []
        self.posts: dict[str, list[str]] = {}  # of each account so far
        self.gaps: list[Coverage] = []  # that go on

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
        self.authors[number] = actor
        key = str(number)
        draw = random.random()
        if draw < 0.07:
            return self._own_post(key, at, subject)
        if draw < 0.14:
            return self._deletion(key, at, actor)
        if draw < 0.55:
            post_id = self._post_of(subject)
            text = self._text(post_id) if random.random() < 0.5 else None
            return Retweet(platform="twitter", id=key, at=at, actor=actor, subject=subject, post_id=post_id, text=text)
        if draw < 0.9:
            return self._post(key, at, actor, subject)
        if draw < 0.94:
            active = random.random() < 0.7
            return Follow(platform="twitter", id=key, at=at, actor=actor, subject=subject, active=active)
        if draw < 0.96:
            return self._notice(key, at, subject)
        if draw < 0.97:
            return self._coverage(at)
        # Whether it comes before the first engagement is chance, and then it is not kept: it says nothing that is news.
        return Profile(platform="twitter", id=key, at=at, actor=Account(id=subject.id, handle=subject.handle))

    def _post(self, key: str, at: datetime, actor: Account, subject: Account) -> Post:
        random = self.random
        bare = Account(id=subject.id, handle=subject.handle)
        ref = PostRef(post_id=self._post_of(subject), account=bare)
        draw = random.random()
        others = tuple(random.sample(self.subjects, 2)) if random.random() < 0.2 else ()
        return Post(
            platform="twitter",
            id=key,
            at=at,
            actor=actor,
            text=self._text(key),
            lang=random.choice((None, "en", "fa")),
            quotes=ref if draw < 0.4 else None,
            reply_to=ref if 0.3 < draw < 0.7 else None,
            mentions=(bare, *others) if draw > 0.6 else others,
        )

    def _notice(self, key: str, at: datetime, subject: Account) -> Suspension:
        """One in three is a reversal, mostly of a suspension in the weeks before."""
        random = self.random
        status: SuspensionStatus = random.choice(("suspended", "suspended", "reinstated"))
        if status == "reinstated" and self.suspended and random.random() < 0.8:
            subject, suspended_at = random.choice(self.suspended)
            at = suspended_at + timedelta(seconds=random.randrange(20 * 86_400))
        elif status == "suspended":
            self.suspended.append((subject, at))
        return Suspension(platform="twitter", id=key, at=at, actor=subject, status=status)

    def _coverage(self, at: datetime) -> Coverage:
        """What a source saw, what all or some officials did unseen, or the end of a gap that went on."""
        random = self.random
        source = random.choice(("stream", "archive"))
        if self.gaps and random.random() < 0.8:
            gap = self.gaps.pop(random.randrange(len(self.gaps)))
            since = gap.since or _BEGIN
            until = since + timedelta(hours=random.randrange(1, 30))
            closed_by = random.choice((None, None, "replay", "back_fill"))
            return replace(gap, until=until, closed_by=closed_by, observed_at=until, at=until)
        if random.random() < 0.2:
            until = at + timedelta(days=random.randrange(1, 60))
            return Coverage(
                platform="twitter",
                id=f"{source}:{at.isoformat()}",
                at=until,
                observed_at=until,
                source=source,
                seen=True,
                since=at,
                until=until,
            )
        some = None if random.random() < 0.5 else tuple(sorted(each.id for each in random.sample(self.officials, 9)))
        gap = Coverage(
            platform="twitter",
            id=f"{source}:{at.isoformat()}:silent:{some[0] if some else 'all'}",
            at=at,
            observed_at=at,
            source=source,
            seen=False,
            since=at,
            officials=some,
            reason="silent",
        )
        self.gaps.append(gap)
        return gap

    def _post_of(self, subject: Account) -> str:
        """One of the subject's posts: of those that are events themselves, or of a few that nobody collected."""
        collected = self.posts.get(subject.id)
        return self.random.choice(collected) if collected else f"{subject.id}{self.random.randrange(9)}"

    def _own_post(self, key: str, at: datetime, subject: Account) -> Post:
        self.posts.setdefault(subject.id, []).append(key)
        links = self.random.choice(((), ("https://www.mfa.example/speech",), ("https://elsewhere.example/",)))
        return Post(platform="twitter", id=key, at=at, actor=subject, text=self._text(key), links=links)

    def _deletion(self, key: str, at: datetime, actor: Account) -> Deletion:
        """Of any event's post, mostly by whoever made it, whenever that was."""
        number = self.random.randrange(self.size)
        made = self.authors.get(number)
        by = made if made is not None and self.random.random() < 0.8 else actor
        bare = Account(id=by.id) if self.random.random() < 0.9 else None
        return Deletion(platform="twitter", id=key, at=at, post_id=str(number), actor=bare)

    def _text(self, key: str) -> str:
        """The same for everybody who speaks of a post; a few say what others say, in part."""
        number = int(key)
        return f"{_WORDS[number % 7 % len(_WORDS)].format(number)} {'#' * (number % 3)}{number % 50}"
