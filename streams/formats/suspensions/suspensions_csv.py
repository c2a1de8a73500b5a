"""The format `suspensions-csv`: suspensions that somebody noted, one account a row, under whatever header people give
them; without one the nine columns of the project twitter-watch (2022 and 2023).
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from streams.core.accounts import creation
from streams.core.clock import from_us, to_us
from streams.core.platforms import ALIASES, PLATFORM_NAME, written_handle
from streams.core.rounded_ids import IdEvidence, Verdict
from streams.deadletters import Reason
from streams.events import Account, Precision, Suspension, SuspensionStatus
from streams.formats.fields.written_ids import required_account_id
from streams.formats.fields.written_times import parse_written
from streams.formats.inputs.csv_rows import Plans, fields_of, is_delimiter_line, is_header, of_width, table_of
from streams.formats.inputs.encodings import UTF8_BOM
from streams.formats.reader import Reading, Skipped
from streams.formats.suspensions.suspension_columns import COLUMNS, ColumnPlace, SuspensionColumns, columns_of
from streams.refusal import Refused, rejection

__all__ = ["COLUMNS", "SKIPPED_NAMES", "SuspensionsCsvReader"]

SKIPPED_NAMES: Final = frozenset({"blank", "header", "not_suspended", "without_time"})

_BLANK: Final = Skipped("blank")
_HEADER: Final = Skipped("header")
_NOT_SUSPENDED: Final = Skipped("not_suspended")
_WITHOUT_TIME: Final = Skipped("without_time")

# A day is all there is. Its noon is wrong by twelve hours at most, whatever time of the day somebody looked.
_NOON: Final = timedelta(hours=12)
_AFTER: Final = timedelta(seconds=1)  # a reversal noted on the day of the suspension comes after it

# What became of the account, where a row says so. Who finds no account knows that it is gone, and not by whom.
_STATUSES: Final[dict[str, SuspensionStatus]] = {
    "suspended": "suspended",
    "takendown": "suspended",
    "deleted": "deleted",
    "not_found": "deleted",
    "deactivated": "deactivated",
    "reinstated": "reinstated",
    "unsuspended": "reinstated",
}
# What the account was like, in `status_flags`; as a status they say that it is there.
_TRAITS: Final = frozenset({"protected", "verified"})
_THERE: Final = _TRAITS | {"active", "public", "normal", "ok"}
_FLAGS: Final = "status_flags"

_MAX_HANDLE: Final = 1_024  # characters, as in a canonical event
_MAX_FOLLOWERS_DIGITS: Final = 15  # more than there are people
_NINE: Final = columns_of(COLUMNS)


class _Status(Struct, frozen=True):
    status: SuspensionStatus
    verified: bool | None = None


class _Noted(Struct, frozen=True):
    """A time of a list: `words` are the same for the same time in every edition of the list."""

    at: datetime
    precision: Precision
    words: str


class SuspensionsCsvReader:
    """Reads observed suspensions and their reversals from CSV."""

    name: Final = "suspensions-csv"

    def __init__(self) -> None:
        self._plans: Final = Plans(lambda table: columns_of(table.columns))

    def read(self, line: bytes) -> Reading:
        """A suspension and, where it was reversed, a reinstatement; a row skipped under one of `SKIPPED_NAMES`; or a
        rejection. Never raises.

        A row comes with its header in front (see `inputs.csv_rows`). Alone it is a header, or a row of the nine
        columns. The time of a day is its noon (UTC), and its precision the day; a time with its zone is when somebody
        noticed. A reversal of an earlier time than the suspension's is that of an earlier suspension. Columns with
        other names are not looked at.
        """
        if not line or line.isspace():
            return _BLANK
        try:
            columns, fields = self._row(line)
            return _HEADER if columns is None else _reading(columns, fields)
        except Refused as refused:
            return rejection(refused.reason, refused.detail)

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """See `FormatReader`."""
        with suppress(Refused):
            columns, fields = self._row(line)
            if columns is not None:
                texts.add_text(fields[columns.account_id.place])

    def parts(self, line: bytes) -> Sequence[bytes]:
        """See `FormatReader`: the lines of a row that a quote too many has joined."""
        return self._plans.physical_rows(line)

    def of_file(self, numbers: Verdict) -> "SuspensionsCsvReader":
        """See `FormatReader`: its ids are digits in a text."""
        return self

    def _row(self, line: bytes) -> tuple[SuspensionColumns | None, list[str]]:
        """The columns and as many fields; `None` for the columns where the line is a header. Raises `Refused`."""
        header, newline, row = line.partition(b"\n")
        if not newline:
            return _row_alone(line)
        if row.removeprefix(UTF8_BOM) == header:
            return None, []
        table, columns = self._plans.of(header)
        fields = of_width(fields_of(row, table.delimiter), columns.width)
        return columns, [field.strip() for field in fields]


def _row_alone(line: bytes) -> tuple[SuspensionColumns | None, list[str]]:
    if is_delimiter_line(line):
        return None, []
    table = table_of(line)
    if is_header(line):
        columns_of(table.columns)
        return None, []
    return _NINE, of_width(list(table.columns), _NINE.width)


def _reading(columns: SuspensionColumns, fields: list[str]) -> Reading:
    if not any(fields):
        return _BLANK
    platform = _platform(columns.platform, fields)
    account_id = required_account_id(fields[columns.account_id.place], platform, columns.account_id.name)
    status = _status(columns.status, fields)
    if status is None:
        return _NOT_SUSPENDED
    noted, reinstated = _noted(columns.suspended, fields), _noted(columns.reversed, fields)
    first = noted or reinstated
    if first is None:
        return _WITHOUT_TIME
    account = _account(columns, fields, platform, account_id, first.at, status.verified)
    events: list[Suspension] = []
    if noted is not None:
        events.append(_event(platform, status.status, account, noted))
    if reinstated is not None:
        at = reinstated.at
        # What else the row says of the account was seen when it was suspended.
        bare = Account(id=account_id, created_at=account.created_at, created_at_source=account.created_at_source)
        reinstatement = _event(platform, "reinstated", bare, reinstated)
        is_same_day = noted is not None and noted.at == at
        events.append(msgspec.structs.replace(reinstatement, at=at + _AFTER) if is_same_day else reinstatement)
    return tuple(events)


def _event(platform: str, status: SuspensionStatus, actor: Account, noted: _Noted) -> Suspension:
    return Suspension(
        platform=platform,
        id=f"{status}:{actor.id}:{noted.words}"[-256:],
        at=noted.at,
        actor=actor,
        status=status,
        precision=noted.precision,
    )


def _platform(column: ColumnPlace | None, fields: list[str]) -> str:
    platform = fields[column.place].lower() if column is not None else ""
    platform = ALIASES.get(platform, platform) or "twitter"
    if column is not None and not PLATFORM_NAME.fullmatch(platform):
        raise Refused(Reason.NOT_AN_EVENT, f"{column.name}: {platform!r} is no platform")
    return platform


def _status(column: ColumnPlace | None, fields: list[str]) -> _Status | None:
    """What became of the account; `None` where it is there. Raises `Refused` for words that nobody has explained."""
    words = frozenset(fields[column.place].lower().replace(" ", "_").split("|")) - {""} if column is not None else ()
    statuses = sorted(words & _STATUSES.keys()) if words else []
    if column is None or not words:
        return _Status("suspended")
    if not words <= _THERE | _STATUSES.keys() or len(statuses) > 1:
        raise Refused(Reason.UNKNOWN_SHAPE, f"{column.name}: {fields[column.place]!r}")
    if not statuses and not (column.name.lower() == _FLAGS and words <= _TRAITS):
        return None
    return _Status(_STATUSES[statuses[0]] if statuses else "suspended", True if "verified" in words else None)


def _noted(column: ColumnPlace | None, fields: list[str]) -> _Noted | None:
    """A time of the row; `None` where it has none. Raises `Refused`."""
    text = fields[column.place] if column is not None else ""
    if column is None or not text:
        return None
    try:
        at, is_day = parse_written(text, column.order)
    except ValueError as error:
        raise Refused(Reason.BAD_TIME, f"{column.name}: {text[:40]!r} {error}") from None
    if is_day:
        return _Noted(at + _NOON, "day", f"{at:%Y-%m-%d}")
    return _Noted(at, "noticed", at.isoformat())


def _account(
    columns: SuspensionColumns,
    fields: list[str],
    platform: str,
    account_id: str,
    at: datetime,
    verified: bool | None,
) -> Account:
    created_at, source = creation(platform, Account(id=account_id), to_us(at))
    known = _known_time(columns.created, fields)
    handle = written_handle(fields[columns.handle.place], platform) if columns.handle is not None else ""
    return Account(
        id=account_id,
        handle=handle if 0 < len(handle) <= _MAX_HANDLE else None,
        # An id that is a snowflake says it to the millisecond, a list mostly to the day.
        created_at=known if created_at is None else from_us(created_at),
        created_at_source=source or (None if known is None else "reported"),
        followers=_followers(fields[columns.followers.place]) if columns.followers is not None else None,
        verified=verified,
    )


def _known_time(column: ColumnPlace | None, fields: list[str]) -> datetime | None:
    if column is None:
        return None
    with suppress(ValueError):
        return parse_written(fields[column.place], column.order)[0]
    return None


def _followers(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_FOLLOWERS_DIGITS else None
