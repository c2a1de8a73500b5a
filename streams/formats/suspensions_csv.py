"""The format `suspensions-csv`: suspensions that somebody watching Twitter noted day by day, one account a line.

Written for the reports of the project twitter-watch (2022 and 2023) as a table. Knows their nine columns, no others.
"""

import csv
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from streams.core.accounts import creation
from streams.core.clock import from_us, to_us
from streams.core.rounded_ids import IdEvidence, Verdict
from streams.deadletters import Reason
from streams.events import Account, Suspension, SuspensionStatus
from streams.formats.reader import Reading, Skipped
from streams.formats.twitter_v1_fields import Ids
from streams.refusal import Refused, rejection

__all__ = ["COLUMNS", "SKIPPED_NAMES", "SuspensionsCsvReader"]

COLUMNS: Final = (
    "observed_date",
    "user_id",
    "screen_name",
    "account_created_date",
    "reversed_date",
    "status_flags",
    "followers",
    "ranking",
    "section",
)
SKIPPED_NAMES: Final = frozenset({"blank", "header"})

_IDS: Final = Ids()
_BLANK: Final = Skipped("blank")
_HEADER: Final = Skipped("header")

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A day is all there is. Its noon is wrong by twelve hours at most, whatever time of the day somebody looked.
_NOON: Final = timedelta(hours=12)
_AFTER: Final = timedelta(seconds=1)  # a reversal noted on the day of the suspension comes after it

# What became of the account, where a line says so; the reports do not, since they list suspensions only.
_STATUSES: Final[dict[str, SuspensionStatus]] = {
    "suspended": "suspended",
    "deleted": "deleted",
    "deactivated": "deactivated",
}
# What the account was like.
_TRAITS: Final = frozenset({"protected", "verified"})

_MAX_HANDLE: Final = 1_024  # characters, as in a canonical event
_MAX_FOLLOWERS_DIGITS: Final = 15  # more than there are people


class _Flags(Struct, frozen=True):
    status: SuspensionStatus
    verified: bool | None


class SuspensionsCsvReader:
    """Reads observed suspensions and their reversals from CSV lines."""

    name: Final = "suspensions-csv"

    def read(self, line: bytes) -> Reading:
        """A suspension and, where it was reversed, a reinstatement; a line skipped under one of `SKIPPED_NAMES`; or a
        rejection. Never raises.

        The time of each is the noon (UTC) of the day that the list gives, and its precision the day. A reversal
        of an earlier day than the suspension's is that of an earlier suspension. `ranking` and `section` are not
        looked at.
        """
        if not line or line.isspace():
            return _BLANK
        try:
            fields = _fields(line)
            if tuple(field.lower() for field in fields) == COLUMNS:
                return _HEADER
            return _events(fields)
        except Refused as refused:
            return rejection(refused.reason, refused.detail)

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """See `FormatReader`."""
        with suppress(Refused):
            for text in _fields(line)[1:2]:
                texts.add_text(text)

    def parts(self, line: bytes) -> Sequence[bytes]:
        """See `FormatReader`: one line is one message."""
        return ()

    def of_file(self, numbers: Verdict) -> "SuspensionsCsvReader":
        """See `FormatReader`: its ids are digits in a text."""
        return self


def _fields(line: bytes) -> list[str]:
    """The fields of a line; a quoted field ends on it."""
    try:
        text = line.decode("utf-8-sig")
        fields = next(csv.reader((text,), strict=True))
    except UnicodeDecodeError as error:
        raise Refused(Reason.NOT_AN_EVENT, f"not UTF-8: {error.reason}") from None
    except (csv.Error, StopIteration):
        raise Refused(Reason.NOT_AN_EVENT, "no line of CSV: a quote that is not closed, or a field too long") from None
    return [field.strip(" ") for field in fields]


def _events(fields: list[str]) -> tuple[Suspension, ...]:
    if "user_id" in fields[:2]:
        raise Refused(Reason.UNKNOWN_SHAPE, f"a header of other columns than {','.join(COLUMNS)}")
    if len(fields) != len(COLUMNS):
        raise Refused(Reason.NOT_AN_EVENT, f"{len(fields)} fields where {len(COLUMNS)} belong")
    row = dict(zip(COLUMNS, fields, strict=True))
    account_id = _IDS.required(row["user_id"], None, "user_id")
    flags = _flags(row["status_flags"])
    observed = _day(row, "observed_date")
    at = observed + _NOON
    created_at, source = creation("twitter", Account(id=account_id), to_us(at))
    known = _known_day(row["account_created_date"])
    account = Account(
        id=account_id,
        handle=row["screen_name"] if 0 < len(row["screen_name"]) <= _MAX_HANDLE else None,
        # An id that is a snowflake says it to the millisecond, the file to the day.
        created_at=known if created_at is None else from_us(created_at),
        created_at_source=source or (None if known is None else "reported"),
        followers=_followers(row["followers"]),
        verified=flags.verified,
    )
    # The day in its own words, so that the same observation has the same id in every edition of the file.
    event_id = f"{flags.status}:{account_id}:{row['observed_date']}"
    suspension = Suspension(platform="twitter", id=event_id, at=at, actor=account, status=flags.status, precision="day")
    if not row["reversed_date"]:
        return (suspension,)
    reversed_at = _day(row, "reversed_date") + _NOON
    reinstatement = Suspension(
        platform="twitter",
        id=f"reinstated:{account_id}:{row['reversed_date']}",
        at=reversed_at + _AFTER if reversed_at == at else reversed_at,
        # What else the line says of the account was seen when it was suspended.
        actor=Account(id=account_id, created_at=account.created_at, created_at_source=account.created_at_source),
        status="reinstated",
        precision="day",
    )
    return (suspension, reinstatement)


def _flags(text: str) -> _Flags:
    flags = frozenset(flag for flag in text.split("|") if flag)
    statuses = sorted(flags & _STATUSES.keys())
    if not flags <= _TRAITS | _STATUSES.keys() or len(statuses) > 1:
        raise Refused(Reason.UNKNOWN_SHAPE, f"status_flags: {text!r}")
    return _Flags(_STATUSES[statuses[0]] if statuses else "suspended", True if "verified" in flags else None)


def _day(row: dict[str, str], column: str) -> datetime:
    """The beginning of the day. Raises `Refused`."""
    day = _known_day(row[column])
    if day is None:
        raise Refused(Reason.BAD_TIME, f"{column}: {row[column]!r} is no day" if row[column] else f"{column}: no day")
    return day


def _known_day(text: str) -> datetime | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def _followers(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_FOLLOWERS_DIGITS else None
