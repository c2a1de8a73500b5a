"""What a first reading passed over: what says whether a second reading is worth its time.

A run over files meets everything that a subject ever posted before it is known that the subject is worth following, and
statuses whose author was trimmed to an id before others show which handle of the roster has that id.
"""

from typing import Final

from streams.core.clock import to_us
from streams.core.screening.account_index import AccountIndex
from streams.events import Account, Deletion, Event, Post, Retweet

__all__ = ["PassedOver", "is_passed_over", "is_worth_reading_again"]

_MOST: Final = 1_000_000
"""Hashes kept, 60 MB; of a run with more strangers than that, a second reading is always worth its time."""


class PassedOver:
    """Authors of what a first reading passed over."""

    __slots__ = ("_hashes",)

    def __init__(self) -> None:
        self._hashes: set[int] = set()

    def meet(self, event: Event, known: AccountIndex) -> None:
        """Note the author of an event of the first reading."""
        if (author := _passed_over(event, known)) is not None and len(self._hashes) < _MOST:
            self._hashes.add(hash((event.platform, author.id)))

    def include_followed(self, known: AccountIndex) -> bool:
        """Whether one of them has turned out to be worth following; a chance in 10^12 that none really has."""
        return len(self._hashes) >= _MOST or any(hash(account) in self._hashes for account in known.followed())


def is_passed_over(event: Event, known: AccountIndex) -> bool:
    """Whether it is a post, a deletion or a retweet by an id without a handle, by somebody who was not on the roster at
    the time.
    """
    return _passed_over(event, known) is not None


def is_worth_reading_again(event: Event, known: AccountIndex) -> bool:
    """Whether the first reading passed it over, and it is by an account that is known by now."""
    author = _passed_over(event, known)
    return author is not None and known.of(event.platform, author.id).followed


def _passed_over(event: Event, known: AccountIndex) -> Account | None:
    """Who wrote what the first reading passed over; `None` where it did not."""
    if not isinstance(event, Post | Deletion | Retweet) or event.actor is None:
        return None
    if isinstance(event, Retweet) and event.actor.handle is not None:
        return None
    return event.actor if known.official(event.platform, event.actor, to_us(event.at)) is None else None
