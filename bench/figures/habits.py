"""Habits of deleting: what officials take back in ordinary times, for reasons of their own. Simulated and seeded.

Knows nothing of suspensions: whatever falls into a watch is there by chance.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final, TypeAlias

from bench.figures.parliament import Status
from streams.events import Deletion, Post, Retweet

__all__ = ["HABITS", "Habit"]

_MEAN_DELAY: Final = timedelta(days=20)
_FIT_SHARE: Final = 0.1  # of the officials, in each quarter
_FIT_EVERY: Final = timedelta(days=91)
_FIT_REACH: Final = timedelta(days=90)
_FIT_SIZE: Final = 20
_FIT_LENGTH: Final = timedelta(hours=1)

Habit: TypeAlias = Callable[[Sequence[Status], Random], Iterator[Deletion]]
"""The deletions that follow from officials' statuses, given by time, until the last of them."""


def _none(_: Sequence[Status], __: Random) -> Iterator[Deletion]:
    return iter(())


def _share(kind: type[Post | Retweet], share: float) -> Habit:
    """Each post or retweet is taken back with this chance, 20 days later on average."""

    def habit(statuses: Sequence[Status], random: Random) -> Iterator[Deletion]:
        for status in statuses:
            if isinstance(status, kind) and random.random() < share:
                at = status.at + _MEAN_DELAY * random.expovariate(1.0)
                if at <= statuses[-1].at:
                    yield _deletion(status, at)

    return habit


def _fits(statuses: Sequence[Status], random: Random) -> Iterator[Deletion]:
    """In each quarter one official in ten sits down and deletes 20 of its last 90 days' posts and retweets within an
    hour, or all of them where there are fewer.
    """
    by_official: defaultdict[str, list[Status]] = defaultdict(list)
    for status in statuses:
        by_official[status.actor.id].append(status)
    gone: set[str] = set()
    quarter, last = statuses[0].at, statuses[-1].at
    while quarter <= last:
        for official in sorted(by_official):
            begins = quarter + _FIT_EVERY * random.random()
            if random.random() < _FIT_SHARE and begins + _FIT_LENGTH <= last:
                yield from _fit(by_official[official], begins, gone, random)
        quarter += _FIT_EVERY


def _fit(statuses: Iterable[Status], begins: datetime, gone: set[str], random: Random) -> Iterator[Deletion]:
    there = [status for status in statuses if begins - _FIT_REACH <= status.at < begins and status.id not in gone]
    for status in random.sample(there, min(_FIT_SIZE, len(there))):
        gone.add(status.id)
        yield _deletion(status, begins + _FIT_LENGTH * random.random())


def _deletion(status: Status, at: datetime) -> Deletion:
    return Deletion(platform=status.platform, id=f"gone-{status.id}", at=at, actor=status.actor, post_id=status.id)


HABITS: Final[dict[str, Habit]] = {
    "nobody deletes": _none,
    "2 % of posts": _share(Post, 0.02),
    "10 % of posts": _share(Post, 0.1),
    "5 % of retweets": _share(Retweet, 0.05),
    "fits of 20": _fits,
}
"""Every habit by its name in tables."""
