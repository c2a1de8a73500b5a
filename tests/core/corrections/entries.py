"""An account on a roster, of which a test says only what matters to it."""

from typing import Any

from streams.core.rosters.roster import RosterEntry

__all__ = ["entry"]


def entry(**fields: Any) -> RosterEntry:
    """Account 1, a diplomat of IR, but for `fields`."""
    made: dict[str, Any] = {
        "platform": "twitter",
        "account_id": "1",
        "handle": "one",
        "country": "IR",
        "category": "diplomat",
        "source_url": "https://example.org/",
    }
    return RosterEntry(**(made | fields))
