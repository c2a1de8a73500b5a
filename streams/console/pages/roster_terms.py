"""Entries of a roster as lines of a page: a term with its days and its source."""

from datetime import datetime

from msgspec import Struct

from streams.core.clock import from_us
from streams.core.country_names import country_name
from streams.core.rosters.roster import RosterEntry

__all__ = ["TermLine", "term_line"]


class TermLine(Struct, frozen=True, kw_only=True):
    """One term of one official. `entry` is as the roster has it."""

    entry: RosterEntry
    """The entry."""
    key: str
    """The account, as `platform:id`, or `platform:@handle` where the entry matches by handle."""
    country: str
    """The State's name."""
    since: datetime | None
    """Where the term begins; null for no bound."""
    until: datetime | None
    """Where it ends, itself outside; null for no bound."""
    words: str
    """The term in words."""


def term_line(entry: RosterEntry) -> TermLine:
    """The entry with its term in words."""
    since = None if entry.valid_from_us is None else from_us(entry.valid_from_us)
    until = None if entry.valid_to_us is None else from_us(entry.valid_to_us)
    return TermLine(
        entry=entry,
        key=entry.account_key,
        country=country_name(entry.country),
        since=since,
        until=until,
        words=_words(since, until),
    )


def _words(since: datetime | None, until: datetime | None) -> str:
    begins = "since ever" if since is None else f"since {since:%Y-%m-%d}"
    return begins if until is None else f"{begins}, until {until:%Y-%m-%d}"
