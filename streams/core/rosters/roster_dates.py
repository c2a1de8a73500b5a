"""The dates of a roster: a day of UTC, or a moment."""

import re
from datetime import UTC, datetime
from typing import Final

from streams.core.clock import DAY_US, to_us

__all__ = ["parse_bound_us"]

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def parse_bound_us(text: str, *, last: bool) -> int:
    """The bound (µs since 1970 UTC) that `text` sets: `YYYY-MM-DD`, a whole day of UTC, or an RFC 3339 time.

    The first day of a validity counts from its start; the `last` day is included, so that the bound is its end. A
    time is exact either way. Raises `ValueError`, worded to follow the text, for anything else.
    """
    try:
        if _DAY.fullmatch(text):
            return to_us(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)) + (DAY_US if last else 0)
        if moment := _MOMENT.fullmatch(text):
            return to_us(datetime.fromisoformat(f"{moment[1]}T{moment[2]}{moment[3].upper()}"))
    except ValueError:
        raise ValueError("is a day or time that does not exist") from None
    raise ValueError("is neither a day (YYYY-MM-DD) nor a time with its zone (YYYY-MM-DDThh:mm:ssZ)")
