"""What flows through a chaos run: a small world of officials in a sea of bystanders, and what is legal and extreme, cut
into batches; and poison.

The same seed gives the same records, batch by batch, as often as they are asked for. Knows nothing of brokers.
"""

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from msgspec import json
from msgspec.structs import replace

from streams.core.rosters.roster import Roster
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.skipped_events import is_worth_reading_again
from streams.events import Account, Coverage, Deletion, Event, Follow, Post, Profile, Retweet, Suspension, decode_event
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.raw_record import raw_record
from tests.chaos.extremes import LARGE_AT_ONCE, Extremes
from tests.pipeline.world import World

__all__ = ["Flood"]

_BEGIN: Final = datetime(2022, 1, 1, tzinfo=UTC)
_DAYS: Final = 200
# So many that the busiest of 150 subjects stays below what a state retains exactly (1,024): beyond that the order of
# arrival may show in what is dropped, and the oracle would be wrong, not the pipeline.
_WORLD_EVENTS: Final = 12_000
_WORLD_SHARE: Final = 0.15
_POISON_AT_ONCE: Final = (8, 25)
# Likewise for reports of followers that come with no engagement, of which a state retains 128.
_PROFILES_OF_ONE: Final = 20
# A suspension that comes before all engagements is kept for 30 days of event time, a profile not at all. Batches and
# partitions that are held back may take 20 of them.
_EARLY: Final = timedelta(days=5)
_SURELY_LATER: Final = timedelta(days=25)
_LATE_HOURS: Final = 6
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Flood:
    """`events` raw events in `batches` batches, in the order of time but for what is late by hours, some by weeks."""

    def __init__(self, seed: int, *, events: int, batches: int) -> None:
        self.batches = batches
        self._seed = seed
        self._world = World(seed, min(_WORLD_EVENTS, int(events * _WORLD_SHARE)))
        self._extremes = Extremes(seed, events=events, begin=_BEGIN, days=_DAYS)
        self.roster = Roster([*self._world.roster.entries, *self._extremes.entries])
        officials = frozenset(official.id for official in self._world.officials)
        self._lines = list(_within_bounds(list(self._world.lines()), officials))
        self._groups = self._extremes.groups()
        known = len(self._lines) + sum(map(len, self._groups)) + LARGE_AT_ONCE * batches
        self.size = max(events, known)
        self._bystanders = self.size - known

    def batch(self, number: int) -> list[OutgoingRecord]:
        """The records of a batch, in the order of their arrival."""
        random = Random(f"batch {self._seed} {number}")
        lines = self._share(len(self._lines), number)
        bystanders = self._share(self._bystanders, number)
        records = [raw_record(self._bystander_event(random, which)) for which in range(*bystanders)]
        places = sorted(random.randrange(len(records) + 1) for _ in range(*lines))
        mixed: list[OutgoingRecord] = []
        taken = 0
        for place, which in zip(places, range(*lines), strict=True):
            mixed += records[taken:place]
            taken = place
            mixed.append(raw_record(decode_event(self._lines[which])))
        mixed += records[taken:]
        blocks = [self._groups[which] for which in range(*self._share(len(self._groups), number))]
        blocks.append(self._extremes.large(number, self._time(number / self.batches)))
        for block in blocks:
            place = random.randrange(len(mixed) + 1)
            mixed[place:place] = block
        return mixed

    @property
    def correctable(self) -> set[str]:
        """The ids of officials whom a correction may concern: none of those who fill a huge subject."""
        return {entry.account_id for entry in self._world.roster.entries if entry.account_id is not None}

    def worth_repeating(self, known: AccountIndex) -> list[OutgoingRecord]:
        """What says more of accounts that a worker may have come to know too late."""
        return [raw_record(event) for event in map(decode_event, self._lines) if is_worth_reading_again(event, known)]

    def by(self, accounts: Set[str]) -> list[OutgoingRecord]:
        """All that accounts (ids) did, and what sources said that they saw of them."""
        return [raw_record(event) for event in map(decode_event, self._lines) if _is_of(event, accounts)]

    def poison(self, draw: int) -> list[OutgoingRecord]:
        """Some records that no worker can use, each of the worst."""
        random = Random(draw)
        worst = self._worst(random)
        chosen = random.sample(worst, min(len(worst), random.randint(*_POISON_AT_ONCE)))
        topics = ["posts", "retweets", "follows", "profiles", "suspensions", "deletions"]
        return [OutgoingRecord(random.choice(topics), b"poison", value) for value in chosen]

    def _share(self, whole: int, number: int) -> tuple[int, int]:
        return number * whole // self.batches, (number + 1) * whole // self.batches

    def _time(self, share: float) -> datetime:
        return _BEGIN + timedelta(days=_DAYS * share)

    def _bystander_event(self, random: Random, which: int) -> Event:
        """An event that no official takes part in as an actor; one in twenty is about an account all the same, as of a
        source that tells the status of a whole network.
        """
        name = f"b{which}"
        at = self._time(which / self._bystanders) - timedelta(hours=random.expovariate(1 / _LATE_HOURS))
        actor = Account(id=f"5{random.randrange(50_000)}", handle=f"bystander_{random.randrange(1_000)}")
        subject = Account(id=f"7{random.randrange(150):05}")
        draw = random.random()
        if draw < 0.03:
            return Suspension(
                platform="twitter", id=name, at=at, actor=actor, status="suspended" if draw < 0.02 else "reinstated"
            )
        if draw < 0.05:
            return Profile(platform="twitter", id=name, at=at, actor=replace(actor, followers=which))
        if draw < 0.09:
            return Deletion(platform="twitter", id=name, at=at, actor=actor, post_id=str(which))
        if draw < 0.14:
            return Follow(platform="twitter", id=name, at=at, actor=actor, subject=subject, active=True)
        if draw < 0.58:
            return Retweet(platform="twitter", id=name, at=at, actor=actor, subject=subject, post_id=str(which))
        return Post(platform="twitter", id=name, at=at, actor=actor, text="said in passing", mentions=(subject,))

    def _worst(self, random: Random) -> list[bytes]:
        mark = str(random.randrange(10**9)).encode()  # so that no two are the same by chance
        official = self._world.officials[0].id.encode()
        head = (
            b'{"kind":"retweet","platform":"twitter","id":"' + mark + b'","at":"2022-01-02T00:00:00Z","actor":{"id":"'
        )
        whole = head + official + b'"},"subject":{"id":"700001"}}'
        status = {"id_str": mark.decode(), "created_at": "Sat Jan 01 00:00:00 +0000 2022", "user": {"id": 1e400}}
        return [
            b"\x00\xff\xfe garbage \x1b[2J" + mark,
            random.randbytes(400),
            b"[" * 200_000 + mark,
            b'{"a":' * 50_000 + mark,
            b'{"kind":"retweet","n":' + mark + b"}",
            whole.replace(b"retweet", b"teapot"),
            head + official + b'"}}',
            whole.replace(b'"700001"', b"700001"),
            whole.replace(b'"twitter"', b'"Tw itter"'),
            whole.replace(b'"twitter"', b"null"),
            whole.replace(b"2022-01-02", b"2999-01-02"),
            whole.replace(b"2022-01-02", b"1969-01-02"),
            whole.replace(b"2022-01-02T00:00:00Z", b"0001-01-01T00:00:00+00:01"),
            whole.replace(b"2022-01-02T00:00:00Z", b"2022-02-30T25:61:61Z"),
            whole[:-3],
            whole.replace(b"700001", b"7\xff"),
            whole.replace(b"700001", b"x" * 300),
            whole.replace(b"700001", b"9" * 950_000),
            whole.replace(b'"700001"', b"9" * 100_000),
            head + b'"' * 100_000,
            b'{"created_at":"' + b"\\ud800" * 1_000 + b'"}' + mark,
            json.encode({"delete": {"status": {"id": 2**63, "id_str": mark.decode()}}}),
            json.encode({"retweeted_status": status, "text": "RT @x: " + "\u202e" * 500} | status),
            b"\xef\xbb\xbf" + whole,
            b" \n",
        ]


def _is_of(event: Event, accounts: Set[str]) -> bool:
    if isinstance(event, Coverage):
        return not accounts.isdisjoint(event.officials or ())
    return event.actor is not None and event.actor.id in accounts


def _within_bounds(lines: Sequence[bytes], officials: frozenset[str]) -> Iterator[bytes]:
    """The lines without the profiles that are too many for one account, those that may come before the first engagement
    by an official, and the suspensions that come days before it.
    """
    events = list(map(decode_event, lines))
    engaged: dict[str, datetime] = {}
    for event in events:
        if isinstance(event, Retweet) and event.actor.id in officials:
            engaged[event.subject.id] = min(event.at, engaged.get(event.subject.id, event.at))
    profiles = Counter[str]()
    for line, event in zip(lines, events, strict=True):
        first = engaged.get(event.actor.id, _NEVER) if isinstance(event, Profile | Suspension) else _BEGIN
        if isinstance(event, Profile):
            if first > event.at - _SURELY_LATER:
                continue
            profiles[event.actor.id] += 1
            if profiles[event.actor.id] > _PROFILES_OF_ONE:
                continue
        if isinstance(event, Suspension) and first > event.at + _EARLY:
            continue
        yield line
