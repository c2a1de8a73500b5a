"""The real world: minutes of Twitter's v1.1 sample stream, repeated. The data is not part of the project.

Takes posts and retweets only, as that is the job; the stream's deletions, three of four messages in 2019, are left out.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from bench.world import OFFICIAL_SHARE, ROSTER_SIZE, PlacedEvent, Placing, officials_roster, subject_of
from streams.events import Post, Retweet
from streams.formats.inputs.files import open_lines
from streams.formats.registry import reader_named
from tools.kafka.jars import Unavailable

__all__ = ["DATA", "RealWorld"]

DATA: Final = Path(__file__).parents[1] / ".." / "shared" / "data" / "twitter_v11_stream"
_MINUTE: Final = timedelta(minutes=1)
# After the newest of the minutes, so that no account is younger than what it does.
_BEGIN: Final = datetime(2019, 7, 4, tzinfo=UTC)
_FIRST_ID_THAT_MAY_NOT_OCCUR: Final = 9 * 10**18


class RealWorld:
    """The minutes one after the other, again and again until there are `events` events, each time with new event ids.

    Times go on without a gap from 4 July 2019. Officials are actors chosen by chance until 0.5 % of the events are
    theirs, among those that neither retweet nor quote themselves; the rest of the roster never acts. Raises
    `Unavailable` where the data is absent.
    """

    name = "real"
    about = (
        "posts and retweets of real minutes of Twitter's v1.1 sample stream (2013, 2016, 2019) as canonical events, "
        f"repeated with new ids and later times; {OFFICIAL_SHARE:.1%} by actors that chance put among {ROSTER_SIZE:,} "
        "officials"
    )

    def __init__(self, events: int, seed: int, data: Path = DATA) -> None:
        self.size = events
        self.seed = seed
        self._once = list(_in_sequence(_distinct(_posts_and_retweets(data))))
        acting = _chosen_actors(self._once, Random(seed))
        occurring = {event.actor.id for event in self._once}
        idle = (str(number) for number in count(_FIRST_ID_THAT_MAY_NOT_OCCUR) if str(number) not in occurring)
        self.official_ids = (*acting, *islice(idle, ROSTER_SIZE - len(acting)))
        self.roster = officials_roster(self.official_ids)

    def events(self) -> Iterator[PlacedEvent]:
        """The events in the order of their times."""
        officials = frozenset(self.official_ids)
        placing = Placing()
        span = self._once[-1].at.replace(second=0, microsecond=0) + _MINUTE - _BEGIN
        endless = (_again(event, repetition, span) for repetition in count() for event in self._once)
        for event in islice(endless, self.size):
            yield placing.place(event, is_official=event.actor.id in officials)


def _posts_and_retweets(data: Path) -> Iterator[Post | Retweet]:
    paths = sorted(data.glob("*.json.bz2"))
    if not paths:
        raise Unavailable("the real world needs the minutes of Twitter's v1.1 stream, which are not in ../shared/data")
    read = reader_named("twitter-v1").read
    for path in paths:
        with open_lines(str(path)) as lines:
            for line in lines:
                reading = read(line.data) if line.refusal is None else line.refusal
                if isinstance(reading, tuple):
                    yield from (event for event in reading if isinstance(event, Post | Retweet))


def _distinct(events: Iterator[Post | Retweet]) -> list[Post | Retweet]:
    """Each event once: some were delivered twice."""
    return list({(type(event), event.id): event for event in events}.values())


def _in_sequence(events: list[Post | Retweet]) -> Iterator[Post | Retweet]:
    """The events by time, their minutes moved so that each follows the one before."""
    events = sorted(events, key=lambda event: event.at)
    minutes = sorted({event.at.replace(second=0, microsecond=0) for event in events})
    later = {minute: _BEGIN + number * _MINUTE - minute for number, minute in enumerate(minutes)}
    for event in events:
        yield _moved(event, later[event.at.replace(second=0, microsecond=0)])


def _chosen_actors(events: list[Post | Retweet], random: Random) -> list[str]:
    acts: dict[str, int] = {}
    of_themselves: set[str] = set()
    for event in events:
        acts[event.actor.id] = acts.get(event.actor.id, 0) + 1
        subject = subject_of(event)
        if subject is not None and subject.id == event.actor.id:
            of_themselves.add(event.actor.id)
    candidates = sorted(acts.keys() - of_themselves)
    random.shuffle(candidates)
    chosen: list[str] = []
    so_far = 0
    for actor in candidates:
        if so_far >= OFFICIAL_SHARE * len(events):
            break
        chosen.append(actor)
        so_far += acts[actor]
    return chosen


def _again(event: Post | Retweet, repetition: int, span: timedelta) -> Post | Retweet:
    # Six digits behind an id: two ids that differ stay different.
    return msgspec.structs.replace(_moved(event, repetition * span), id=f"{event.id}{repetition:06}")


def _moved(event: Post | Retweet, later: timedelta) -> Post | Retweet:
    observed_at = event.observed_at and event.observed_at + later
    return msgspec.structs.replace(event, at=event.at + later, observed_at=observed_at)
