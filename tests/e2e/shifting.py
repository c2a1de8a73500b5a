"""A history moved in time: every moment in it by the same span, and nothing else. Knows nothing of what happened in it.

Ids stay, and a Twitter id may tell when its account was created: so each account whose id does says itself when that
was, moved like everything else.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from streams.core.accounts import creation
from streams.core.clock import from_us, to_us
from streams.core.rosters.roster import Roster
from streams.events import Account, Event, PostRef

__all__ = ["shifted_events", "shifted_roster"]

_Struct = TypeVar("_Struct", bound=msgspec.Struct)


def shifted_events(events: Iterable[Event], by: timedelta) -> list[Event]:
    """The same events, later by that span: event times, times of observation, creation times of accounts."""
    return [_shifted(event, by, event.platform, to_us(event.at)) for event in events]


def shifted_roster(roster: Roster, by: timedelta) -> Roster:
    """The same officials, from and until the same moments of the moved history."""
    span_us = by // timedelta(microseconds=1)
    return Roster(
        msgspec.structs.replace(
            entry,
            valid_from_us=None if entry.valid_from_us is None else entry.valid_from_us + span_us,
            valid_to_us=None if entry.valid_to_us is None else entry.valid_to_us + span_us,
        )
        for entry in roster.entries
    )


def _shifted(struct: _Struct, by: timedelta, platform: str, at_us: int) -> _Struct:
    fields = {name: _moved(value, by, platform, at_us) for name, value in msgspec.structs.asdict(struct).items()}
    return msgspec.structs.replace(struct, **fields)


def _moved(value: Any, by: timedelta, platform: str, at_us: int) -> Any:
    if isinstance(value, datetime):
        return value + by
    if isinstance(value, tuple):
        return tuple(_moved(each, by, platform, at_us) for each in value)
    if isinstance(value, Account):
        return _shifted(_with_creation(value, platform, at_us), by, platform, at_us)
    return _shifted(value, by, platform, at_us) if isinstance(value, PostRef) else value


def _with_creation(account: Account, platform: str, at_us: int) -> Account:
    """The account with what its id says of its creation; as if reported, or the id, which stays, would gainsay it."""
    if account.created_at is not None:
        return account
    created_us, _source = creation(platform, account, at_us)
    if created_us is None:
        return account
    return msgspec.structs.replace(account, created_at=from_us(created_us), created_at_source="reported")
