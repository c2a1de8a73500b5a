"""What is said besides a list of officials, for all of its entries."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from streams.formats.fields.written_times import DayOrder

__all__ = ["READ_PLATFORMS", "ImportOptions"]

READ_PLATFORMS: Final = ("twitter", "bluesky", "telegram", "mastodon")
"""Platforms whose posts are read from files, so that officials on them can be seen."""


class ImportOptions(Struct, frozen=True, kw_only=True):
    """`platforms`: those to take; one alone is also that of handles and ids that name none.

    `country`, `category` and `source_url` are for entries that say none; `countries` and `categories` give what words
    of the list, in lower case, mean. `dates`: the order of day and month where a list leaves it open. `without_ids`:
    take entries by handle alone.
    """

    platforms: tuple[str, ...] = ()
    country: str = ""
    category: str = ""
    source_url: str = ""
    countries: Mapping[str, str] = msgspec.field(default_factory=dict)
    categories: Mapping[str, str] = msgspec.field(default_factory=dict)
    dates: DayOrder | None = None
    without_ids: bool = False

    @property
    def taken(self) -> tuple[str, ...]:
        """The platforms whose accounts are taken."""
        return self.platforms or READ_PLATFORMS

    @property
    def platform(self) -> str | None:
        """The platform of what names none."""
        return self.platforms[0] if len(self.platforms) == 1 else None
