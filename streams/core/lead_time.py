"""How long before a suspension an alert fired, as far as anybody knows when that was."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from streams.core.enriched import SuspensionRecord

__all__ = ["lead_time"]

_DAY = timedelta(days=1)


def lead_time(fired_at: datetime, notices: Iterable[SuspensionRecord]) -> tuple[float, float] | None:
    """Days from firing to the first suspension after it, at least and at most, to the hundredth; `None` where none is
    known. `notices` are oldest first, as a dossier has them; only the platform's own suspensions count.
    """
    for notice in notices:
        last = notice.not_after or notice.at
        if notice.status == "suspended" and last >= fired_at:
            first = max(notice.not_before or fired_at, fired_at)
            return round((first - fired_at) / _DAY, 2), round((last - fired_at) / _DAY, 2)
    return None
