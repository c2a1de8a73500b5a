"""The forms of times that a mapping can name, each as a function from a text to a UTC time."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from msgspec import Struct

from streams.formats.fields.written_times import parse_iso
from streams.formats.twitter.twitter_v1_fields import parse_created_at

__all__ = ["TIME_WORDS", "TimeFormat", "time_format", "zone_named"]

TIME_WORDS: Final = "iso, unix, unix-ms, unix-us, twitter, or a pattern such as %d.%m.%Y %H:%M:%S"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ZONE: Final = re.compile(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])")
_SECOND_US: Final = 1_000_000
_DIGITS_TODAY: Final = 10  # of seconds from 2001 to 2286: nearly all of them
_UNITS_US: Final = {"unix": _SECOND_US, "unix-ms": 1_000, "unix-us": 1}
_NUMBER: Final = re.compile(r"([0-9]{1,17})(?:\.([0-9]{1,9}))?")
_DIRECTIVE: Final = re.compile(r"%(.?)", re.DOTALL)
_DIRECTIVES: Final = frozenset("YmdHIMSfzpbBaA%")
_MAX_PATTERN: Final = 100  # characters
_MAX_TIME: Final = 64

ReadTime = Callable[[str], tuple[datetime, bool]]
"""Gives the UTC time, and whether the text says only a day, of which it is the beginning. Raises `ValueError`, worded
to follow the text."""


class TimeFormat(Struct, frozen=True):
    """How a column writes times. `is_day`: it has days alone. `needs_zone`: it says no zone, and none was given."""

    read: ReadTime
    is_day: bool = False
    needs_zone: bool = False


def zone_named(text: str) -> tzinfo | None:
    """The zone of `UTC` or `+03:00`; `None` for anything else: names of places do not say which of two hours it was."""
    if text == "UTC":
        return UTC
    found = _ZONE.fullmatch(text)
    if found is None:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(offset if found[1] == "+" else -offset)


def time_format(name: str, zone: tzinfo | None) -> TimeFormat | None:
    """The format of that name or pattern; `None` where there is none, or a pattern that is not one moment or day."""
    if name == "iso":
        return TimeFormat(lambda text: parse_iso(_short(text), zone))
    if name == "twitter":
        return TimeFormat(_twitter)
    if (unit_us := _UNITS_US.get(name)) is not None:
        return TimeFormat(lambda text: (_unix(text, unit_us), False))
    directives = _DIRECTIVE.findall(name)
    named = frozenset(directives)
    is_whole = {"Y", "d"} <= named <= _DIRECTIVES and len(named & {"m", "b", "B"}) == 1
    is_whole = is_whole and all(directives.count(each) == 1 for each in named - {"%"})
    has_hours = bool(named & {"H", "I"})
    if not is_whole or len(name) > _MAX_PATTERN or ("I" in named) != ("p" in named) or named >= {"H", "I"}:
        return None
    return TimeFormat(
        lambda text: _patterned(text, name, zone, is_day=not has_hours),
        is_day=not has_hours,
        needs_zone=has_hours and "z" not in named and zone is None,
    )


def _short(text: str) -> str:
    if len(text) > _MAX_TIME:
        raise ValueError("is no time")
    return text


def _twitter(text: str) -> tuple[datetime, bool]:
    at = parse_created_at(text)
    if at is None:
        raise ValueError("is no time such as Wed Oct 10 20:19:24 +0000 2018")
    return at, False


def _unix(text: str, unit_us: int) -> datetime:
    if unit_us == _SECOND_US and len(text) == _DIGITS_TODAY and text.isdigit() and text.isascii():
        return datetime.fromtimestamp(int(text), UTC)
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError("is no time: a number since 1970 is expected")
    fraction_us = int((found[2] or "0").ljust(9, "0")) * unit_us // 10**9
    try:
        return _EPOCH + timedelta(microseconds=int(found[1]) * unit_us + fraction_us)
    except OverflowError:
        raise ValueError("is beyond the year 9999: is the unit another one?") from None


def _patterned(text: str, pattern: str, zone: tzinfo | None, *, is_day: bool) -> tuple[datetime, bool]:
    _short(text)
    try:
        at = datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone follows
        return (at.replace(tzinfo=UTC) if is_day else _in_utc(at, zone)), is_day
    except (ValueError, OverflowError):
        raise ValueError(f"is no time of the form {pattern}") from None


def _in_utc(at: datetime, zone: tzinfo | None) -> datetime:
    return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)
