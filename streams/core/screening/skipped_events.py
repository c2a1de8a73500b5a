"""What a first reading passed over: what says whether a second reading is worth its time.

A run over files meets everything that a subject ever posted before it is known that the subject is worth following;
statuses whose author was trimmed to an id, notices of such accounts, and gaps that name officials by their ids, before
others show which handle of the roster has that id.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

from streams.core.clock import to_us
from streams.core.screening.account_index import AccountIndex
from streams.events import Coverage, Deletion, Event, Follow, Post, Retweet, Suspension

__all__ = ["SkippedEvents", "is_worth_reading_again"]

_MOST: Final = 1_000_000
"""Hashes kept, 60 MB; of a run with more strangers than that, a second reading is always worth its time."""

_Acted: TypeAlias = Post | Deletion | Retweet | Follow | Suspension


class SkippedEvents:
    """Authors of what a first reading passed over, and officials whom it did not know by their ids."""

    __slots__ = ("_hashes",)

    def __init__(self) -> None:
        self._hashes: set[int] = set()

    def meet(self, event: Event, known: AccountIndex) -> None:
        """Note the accounts of an event of the first reading."""
        for account_id in (*_authors(event, known), *_nameless(event, known)):
            if len(self._hashes) < _MOST:
                self._hashes.add(hash((event.platform, account_id)))

    def include_tracked(self, known: AccountIndex) -> bool:
        """Whether one of them has turned out to be worth following; a chance in 10^12 that none really has."""
        return len(self._hashes) >= _MOST or any(hash(account) in self._hashes for account in known.is_tracked())


def is_worth_reading_again(event: Event, known: AccountIndex) -> bool:
    """Whether it says more by now than in the first reading: it is a post or a deletion by an account that is followed,
    or names an official by an id that was not known to be one's.
    """
    platform = event.platform
    return any(known.of(platform, each).is_tracked for each in _authors(event, known)) or any(
        known.of(platform, each).handle is not None for each in _nameless(event, known)
    )


def _authors(event: Event, known: AccountIndex) -> Iterable[str]:
    """Who wrote a post, or deleted one, and is no official by what the event says."""
    if isinstance(event, Post | Deletion) and event.actor is not None and _is_nobody(event, known):
        yield event.actor.id


def _nameless(event: Event, known: AccountIndex) -> Iterable[str]:
    """Whom an event names by an id without a handle, that the roster does not have."""
    if isinstance(event, Coverage):
        yield from (each for each in event.officials or () if not known.of(event.platform, each).rostered)
    elif isinstance(event, Retweet | Follow | Suspension) and event.actor.handle is None and _is_nobody(event, known):
        yield event.actor.id


def _is_nobody(event: _Acted, known: AccountIndex) -> bool:
    return event.actor is not None and known.official(event.platform, event.actor, to_us(event.at)) is None
