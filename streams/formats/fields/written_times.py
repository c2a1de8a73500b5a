"""Days and times as people and spreadsheets write them. What could be two different days is refused, never guessed."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Literal, TypeAlias

from streams.formats.twitter.twitter_v1_fields import parse_created_at

__all__ = ["DayOrder", "parse_iso", "parse_unix", "parse_written", "parse_zoned", "stated_order"]

DayOrder: TypeAlias = Literal["day first", "month first"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ISO_DAY: Final = re.compile(r"([0-9]{4})([-/])([0-9]{2})\2([0-9]{2})")
_ISO_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(\.[0-9]{1,9})?"
    r" ?(UTC|GMT|[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_PLAIN_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}")  # nearly all of them
_CLOCK: Final = r"(?:(?:T|,? )[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:\.[0-9]{1,9})?(?: ?[AaPp][Mm])?(?: ?(?:UTC|GMT|Z))?)?"
_NUMBERS: Final = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})" + _CLOCK)
_DAY_MONTH: Final = re.compile(r"([0-9]{1,2})[ -]([A-Za-z]{3,9})\.?,?[ -]([0-9]{4})" + _CLOCK)
_MONTH_DAY: Final = re.compile(r"([A-Za-z]{3,9})\.? ([0-9]{1,2}),? ([0-9]{4})" + _CLOCK)
_SHORT_YEAR: Final = re.compile(r"[0-9]{1,2}([/.-])[0-9]{1,2}\1[0-9]{2}" + _CLOCK)
_SERIAL: Final = re.compile(r"[1-9][0-9]{4}(?:\.[0-9]+)?")
_UNIX: Final = re.compile(r"([0-9]{10}|[0-9]{13}|[0-9]{16})(?:\.([0-9]{1,9}))?")
_MONTHS: Final[tuple[str, ...]] = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_DAY_FIRST: Final = re.compile(r"(?<![a-z])(?:d{1,2}[/. _-]?m{1,2}(?![a-z])|dmy|day first)", re.IGNORECASE)
_MONTH_FIRST: Final = re.compile(r"(?<![a-z])(?:m{1,2}[/. _-]?d{1,2}(?![a-z])|mdy|month first)", re.IGNORECASE)


def stated_order(column: str) -> DayOrder | None:
    """The order of day and month that a column's name states, as `date (DD/MM/YYYY)` does."""
    if _DAY_FIRST.search(column):
        return "day first"
    return "month first" if _MONTH_FIRST.search(column) else None


def parse_written(text: str, order: DayOrder | None = None) -> tuple[datetime, bool]:
    """The UTC time, and whether it is only a day, of which it is the beginning.

    Without a zone a time of day says no more than its day: the clock of the place is not known. Raises `ValueError`,
    worded to follow the text, for what is no day, or may be two.
    """
    if (zoned := parse_zoned(text) or parse_created_at(text) or parse_unix(text)) is not None:
        return zoned, False
    return _day(text, order), True


def parse_zoned(text: str) -> datetime | None:
    """The UTC time of an ISO 8601 time with its zone, to the microsecond; `None` for anything else."""
    found = _ISO_TIME.fullmatch(text)
    return None if found is None or found[5] is None else _moment(found, None)


def parse_iso(text: str, zone: tzinfo | None) -> tuple[datetime, bool]:
    """The UTC time of an ISO 8601 time, and whether it is only a day. `zone` is that of times without one. Raises
    `ValueError`, worded to follow the text.
    """
    if zone is UTC and _PLAIN_TIME.fullmatch(text):
        with suppress(ValueError):
            return datetime.fromisoformat(f"{text}+00:00"), False
    if found := _ISO_TIME.fullmatch(text):
        if found[5] is None and zone is None:
            raise ValueError('has no zone: say it in the mapping, as zone = "UTC"')
        if (at := _moment(found, zone)) is None:
            raise ValueError("is no time of the calendar")
        return at, False
    if found := _ISO_DAY.fullmatch(text):
        return _date(found[1], found[3], found[4]), True
    raise ValueError("is no time such as 2021-04-01T13:00:00Z")


def _moment(found: re.Match[str], zone: tzinfo | None) -> datetime | None:
    day, minutes, seconds, fraction, said = found.groups()
    said = "+00:00" if said in ("UTC", "GMT", "Z", "z") else said or ""
    try:
        at = datetime.fromisoformat(f"{day}T{minutes}{seconds or ''}{(fraction or '')[:7]}{said}")
        at = at if said else at.replace(tzinfo=zone)
        return at if at.tzinfo is UTC else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_unix(text: str) -> datetime | None:
    """The UTC time of seconds, milliseconds or microseconds since 1970, told apart by their digits (10, 13, 16: 2001 to
    2286); `None` for anything else.
    """
    found = _UNIX.fullmatch(text)
    if found is None:
        return None
    number = int(found[1])
    digits = len(found[1])
    at = _EPOCH + timedelta(microseconds=number * 10 ** (16 - digits))
    return at + timedelta(seconds=float(f"0.{found[2]}")) if found[2] and digits == 10 else at


def _day(text: str, order: DayOrder | None) -> datetime:
    if found := _ISO_DAY.fullmatch(text):
        return _date(found[1], found[3], found[4])
    if found := _ISO_TIME.fullmatch(text):
        if found[5] is not None:
            raise ValueError("is no time of the calendar")
        return _date(*found[1].split("-"))
    if found := _NUMBERS.fullmatch(text):
        return _date(found[4], *_month_and_day(int(found[1]), int(found[3]), order))
    if found := _DAY_MONTH.fullmatch(text):
        return _date(found[3], _month(found[2]), found[1])
    if found := _MONTH_DAY.fullmatch(text):
        return _date(found[3], _month(found[1]), found[2])
    if _SHORT_YEAR.fullmatch(text):
        raise ValueError("has a year of two digits: write YYYY-MM-DD")
    if _SERIAL.fullmatch(text):
        raise ValueError("is a spreadsheet's number of a day: format the column as a date, YYYY-MM-DD")
    raise ValueError("is no day: write YYYY-MM-DD")


def _month_and_day(first: int, second: int, order: DayOrder | None) -> tuple[int, int]:
    if order is None and first <= 12 and second <= 12 and first != second:
        raise ValueError(
            "may be two days: write YYYY-MM-DD, or the order behind the column's name, such as (DD/MM/YYYY)"
        )
    is_day_first = order == "day first" or (order is None and first > 12)
    return (second, first) if is_day_first else (first, second)


def _month(name: str) -> int:
    lowered = name.lower()
    for number, month in enumerate(_MONTHS, start=1):
        if lowered in (month, month[:3], month[:4]):
            return number
    raise ValueError("is no day: write YYYY-MM-DD")


def _date(year: str | int, month: str | int, day: str | int) -> datetime:
    try:
        return datetime(int(year), int(month), int(day), tzinfo=UTC)
    except ValueError:
        raise ValueError("is no day of the calendar") from None
