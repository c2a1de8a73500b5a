"""Event times as whole microseconds since 1970 UTC, the form in which the core compares and keeps them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeAlias

from msgspec import Meta

__all__ = [
    "DAY_US",
    "FIRST_US",
    "HOUR_US",
    "LAST_US",
    "SECOND_US",
    "STORED_MOST",
    "WEEK_US",
    "StoredInt",
    "day_of",
    "from_us",
    "parse_duration_us",
    "to_us",
]

STORED_MOST: Final = 2**62
StoredInt: TypeAlias = Annotated[int, Meta(ge=-STORED_MOST, le=STORED_MOST)]
"""A number of an internal record. JSON may hold any, MessagePack and SQLite none beyond 64 bits, also where a period is
added to it.
"""

SECOND_US: Final = 1_000_000
HOUR_US: Final = 3_600 * SECOND_US
DAY_US: Final = 24 * HOUR_US
WEEK_US: Final = 7 * DAY_US

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
FIRST_US: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
LAST_US: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""The first and the last moment of the calendar, years 1 to 9999 UTC."""
_UNITS: Final = {"s": SECOND_US, "m": 60 * SECOND_US, "h": HOUR_US, "d": DAY_US}


def to_us(at: datetime) -> int:
    """Microseconds since 1970 UTC of an aware `datetime`, exactly: a little beyond `FIRST_US` and `LAST_US` at most."""
    return (at - _EPOCH) // _MICROSECOND


def from_us(at_us: int) -> datetime:
    """The aware UTC `datetime` of a count of microseconds since 1970, exactly.

    Total: a time before the year 1 or after the year 9999 is the first or last moment of the calendar. An offset, or a
    period that is added, takes a legal time there.
    """
    return _EPOCH + timedelta(microseconds=min(max(at_us, FIRST_US), LAST_US))


def day_of(at_us: int) -> str:
    """The day (UTC) of a count of microseconds since 1970, as `2022-02-24`. Total, as `from_us` is."""
    return from_us(at_us).date().isoformat()


def parse_duration_us(text: str) -> int:
    """Microseconds of a duration such as `90s`, `30m`, `24h` or `7d`. Raises `ValueError` for anything else."""
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not number.isascii() or not number.isdigit() or len(number) > 6 or int(number) == 0:
        raise ValueError(f"{text!r} is not a duration such as 90s, 30m, 24h or 7d")
    return int(number) * _UNITS[unit]
