"""What is legal and extreme in a chaos run: subjects at the bounds of what is retained, and records as large as a
broker takes.

The same seed gives the same records. Knows nothing of brokers.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from operator import attrgetter
from random import Random
from typing import Final

from msgspec.structs import replace

from streams.core.rosters.roster import RosterEntry
from streams.core.tracking.subject import TrackPolicy
from streams.events import RAW_TOPICS, Account, Deletion, Event, Post, Retweet, Suspension
from streams.kafka.batch_writer import LARGEST_BATCH_BYTES, OutgoingRecord
from streams.kafka.raw_record import raw_record
from tests.core.tracking.extremes import longest_id

__all__ = ["LARGE_AT_ONCE", "Extremes"]

LARGE_AT_ONCE: Final = 2
"""How many records `Extremes.large` gives."""

_PLATFORM: Final = "example"
_STATE: Final = "XK"  # of nobody else, so that no other State's figures are made large
_LETTER: Final = "\U0001d538"  # four bytes in UTF-8
_POLICY: Final = TrackPolicy()
_CROWDED, _PATRONISED, _NOTICED, _KEYED = (Account(id=longest_id(99_999_990 + n)) for n in range(4))
# An event in forty, up to the bounds: what is beyond a bound depends on the order of arrival, by design.
_SHARE: Final = 1 / 40
_NOTICED_BY: Final = 20
_DELETED: Final = 0.1
_REPEATED: Final = 0.05
_LARGEST_POSTS: Final = 2
_GROUP: Final = 500
# Where the numbers begin that the ids are made of.
_MENTIONS_FROM: Final = 10_000
_PATRONS_FROM: Final = 20_000
_NOTICED_FROM: Final = 30_000
_KEYED_FROM: Final = 40_000
_LARGEST_FROM: Final = 50_000
_OTHERS_FROM: Final = 60_000
# A record batch's own 61 bytes and the record's own.
_ROOM_BYTES: Final = LARGEST_BATCH_BYTES - 61 - 15
_PART_BYTES: Final = 150_000


class Extremes:
    """For a run of so many `events`, over `days` from `begin` on."""

    def __init__(self, seed: int, *, events: int, begin: datetime, days: int) -> None:
        self._seed = seed
        self._begin = begin
        self._days = days
        self._many = min(_POLICY.amplifications, int(events * _SHARE))
        # One half retweets the crowded subject, the other half mentions it.
        self._officials = [
            Account(id=longest_id(number), handle=_LETTER * 1_016 + f"{number:08}")
            for number in range(1, 2 * self._many + 1)
        ]
        self.entries = [
            RosterEntry(
                platform=_PLATFORM,
                account_id=official.id,
                country=_STATE,
                category="state_media",
                source_url="https://example.org/roster",
            )
            for official in self._officials
        ]

    def groups(self) -> list[list[OutgoingRecord]]:
        """The events of all huge subjects: groups in the order of time, each in disorder, and some events twice."""
        random = Random(f"extremes {self._seed}")
        events = sorted(self._events(random), key=attrgetter("at"))
        groups = []
        for start in range(0, len(events), _GROUP):
            group = [raw_record(event) for event in events[start : start + _GROUP]]
            group += random.sample(group, int(len(group) * _REPEATED))
            random.shuffle(group)
            groups.append(group)
        return groups

    def large(self, number: int, at: datetime) -> list[OutgoingRecord]:
        """Two records, each as large as a default broker takes: one is refused, one is a retweet with a large key."""
        topics = list(RAW_TOPICS.values())
        mark = b"%d %d " % (self._seed, number)
        event = Retweet(
            platform=_PLATFORM,
            id=longest_id(_KEYED_FROM + number),
            at=at,
            actor=self._officials[number % len(self._officials)],
            subject=_KEYED,
        )
        record = raw_record(event)
        room = _ROOM_BYTES - len(record.value or b"")
        # There are as many shapes as topics: each shape comes to each topic in turn.
        topic = topics[(number + number // len(topics)) % len(topics)]
        return [_refused(number, topic, mark), replace(record, key=mark.ljust(room, b"k"))]

    def _events(self, random: Random) -> Iterator[Event]:
        many, officials = self._many, self._officials
        for number in range(many):
            at = self._time(random)
            official = officials[number]
            yield self._retweet(number, at, official, _CROWDED)
            yield self._mention(_MENTIONS_FROM + number, self._time(random), officials[many + number], (_CROWDED,))
            yield self._retweet(_PATRONS_FROM + number, self._time(random), officials[0], _PATRONISED)
            if random.random() < _DELETED:
                gone = at + timedelta(seconds=random.randrange(30 * 86_400))
                post_id, actor = longest_id(number), Account(id=official.id)
                yield Deletion(platform=_PLATFORM, id=f"gone{number}", at=gone, post_id=post_id, actor=actor)
        for number, official in enumerate(officials[:_NOTICED_BY]):
            yield self._retweet(_NOTICED_FROM + number, self._time(random), official, _NOTICED)
        notices = [_NOTICED] * _POLICY.suspensions + [_CROWDED, _PATRONISED] * 3
        for number, subject in enumerate(notices):
            yield Suspension(
                platform=_PLATFORM,
                id=f"notice{number}",
                at=self._time(random),
                actor=replace(subject, followers=random.randrange(100_000)),
                status=random.choice(("suspended", "reinstated")),
            )
        for number in range(_LARGEST_POSTS):
            # Of a thousand mentions fifty are looked at.
            others = [Account(id=longest_id(_OTHERS_FROM + n)[-100:], handle="\x01" * 20) for n in range(1_000)]
            yield self._mention(
                _LARGEST_FROM + number, self._time(random), officials[number], others, text=_LETTER * 100_000
            )

    def _time(self, random: Random) -> datetime:
        # Whole minutes, so that events at the very same time are common.
        return self._begin + timedelta(minutes=random.randrange(self._days * 1_440))

    def _retweet(self, number: int, at: datetime, official: Account, subject: Account) -> Retweet:
        return Retweet(platform=_PLATFORM, id=longest_id(number), at=at, actor=official, subject=subject)

    def _mention(self, number: int, at: datetime, official: Account, whom: Iterable[Account], text: str = "") -> Post:
        mentions = tuple(whom)
        return Post(platform=_PLATFORM, id=longest_id(number), at=at, actor=official, mentions=mentions, text=text)


def _refused(number: int, topic: str, mark: bytes) -> OutgoingRecord:
    """A record that no worker can use: with a large key, value or header, or many headers, in turn."""
    room, part = _ROOM_BYTES, _PART_BYTES
    shapes: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]] = [
        (mark.ljust(part, b"k"), b"\xff" * (room - part), []),
        (mark.ljust(room, b"k"), b"", []),
        (mark.ljust(room, b"k"), None, []),
        (None, mark.ljust(room, b"{"), []),
        (None, b"\xff" + mark, [("h", b"v" * (room - 50))]),
        (b"k", b"\xff" + mark, [("h", b"v" * 50)] * (room // 53 - 10)),
        (mark.ljust(part, b"k"), b"\xff" * (room - 2 * part - 10), [("a", b"v" * (part // 2))] * 2),
    ]
    return OutgoingRecord(topic, *shapes[number % len(shapes)])
