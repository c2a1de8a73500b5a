"""What a first reading passed over: what says whether a second reading is worth its time.

A run over files meets everything that a subject ever posted before it is known that the subject is worth following;
statuses whose author was trimmed to an id, and gaps that name officials by their ids, before others show which handle
of the roster has that id.
"""

from collections.abc import Sequence
from typing import Final

from streams.core.clock import to_us
from streams.core.screening.account_index import AccountIndex
from streams.events import Coverage, Deletion, Event, Post, Retweet

__all__ = ["PassedOver", "is_passed_over", "is_worth_reading_again"]

_MOST: Final = 1_000_000
"""Hashes kept, 60 MB; of a run with more strangers than that, a second reading is always worth its time."""


class PassedOver:
    """Accounts that a first reading passed over."""

    __slots__ = ("_hashes",)

    def __init__(self) -> None:
        self._hashes: set[int] = set()

    def meet(self, event: Event, known: AccountIndex) -> None:
        """Note the author of an event of the first reading, or the officials that a word on coverage names."""
        for account_id in _passed_over(event, known):
            if len(self._hashes) < _MOST:
                self._hashes.add(hash((event.platform, account_id)))

    def include_followed(self, known: AccountIndex) -> bool:
        """Whether one of them has turned out to be worth following; a chance in 10^12 that none really has."""
        return len(self._hashes) >= _MOST or any(hash(account) in self._hashes for account in known.followed())


def is_passed_over(event: Event, known: AccountIndex) -> bool:
    """Whether it is a post, a deletion or a retweet by an id without a handle, by somebody who was not on the roster at
    the time, or a word on coverage that names somebody whose id is not on it.
    """
    return bool(_passed_over(event, known))


def is_worth_reading_again(event: Event, known: AccountIndex) -> bool:
    """Whether the first reading passed it over, and it is by an account, or names one, that is known by now."""
    return any(known.of(event.platform, account_id).followed for account_id in _passed_over(event, known))


def _passed_over(event: Event, known: AccountIndex) -> Sequence[str]:
    """The ids of who wrote what the first reading passed over, or of whom it names."""
    if isinstance(event, Coverage):
        named = event.officials or ()
        return [official for official in named if not known.of(event.platform, official).rostered]
    if not isinstance(event, Post | Deletion | Retweet) or event.actor is None:
        return ()
    if isinstance(event, Retweet) and event.actor.handle is not None:
        return ()
    return (event.actor.id,) if known.official(event.platform, event.actor, to_us(event.at)) is None else ()
