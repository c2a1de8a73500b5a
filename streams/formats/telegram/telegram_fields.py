"""Accounts, messages and times as events name them for Telegram. The unknown is `None`, never a guess."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from streams.core.platforms import names_of
from streams.deadletters import Reason
from streams.events import Account
from streams.formats.fields.written_times import parse_unix, parse_zoned
from streams.refusal import Refused

__all__ = ["TELEGRAM", "account_id", "features", "peer", "post_id", "required_number", "required_time"]

TELEGRAM: Final = "telegram"

_names = names_of(TELEGRAM)
assert _names is not None  # noqa: S101  # it stands in a table of ours
_ACCOUNT_ID: Final = _names.id
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# A message has at most 4,096 characters (core.telegram.org/api), and 100 entities are read of it; more are cut.
_MAX_MENTIONS: Final = 100
_MAX_LINKS: Final = 100
_MAX_LINK: Final = 8_192  # characters, as in a canonical event


def account_id(kind: str, number: int | None) -> str | None:
    """The id of a `channel`, `user` or `chat` (a small group). Their numbers are independent of one another."""
    return None if number is None or number <= 0 else peer(f"{kind}{number}")


def peer(name: str | None) -> str | None:
    """The id that stands there, if it is one."""
    return name if name is not None and _ACCOUNT_ID.fullmatch(name) else None


def post_id(chat: str, number: int) -> str:
    """The id of a message: its number counts within its chat alone."""
    return f"{chat}/{number}"


def required_number(number: int | None, place: str) -> int:
    """The number of a message at `place`. Raises `Refused`."""
    if number is None or number <= 0:
        raise Refused(Reason.NOT_AN_EVENT, f"{place}: missing" if number is None else f"{place}: {number} is no id")
    return number


def required_time(value: str | int | float | None, place: str) -> datetime:
    """The UTC time of ISO 8601 with a zone, or of seconds since 1970. Raises `Refused`."""
    if value is None:
        raise Refused(Reason.BAD_TIME, f"{place}: no time")
    at: datetime | None = None
    if isinstance(value, str):
        at = parse_zoned(value) or parse_unix(value)
    else:
        with suppress(OverflowError, ValueError):  # beyond the calendar, NaN
            at = _EPOCH + timedelta(seconds=value)
    if at is None or at <= _EPOCH:
        raise Refused(Reason.BAD_TIME, f"{place}: {value!r} is no time")
    return at


def features(
    links: Iterable[str | None], mentioned: Iterable[tuple[int | None, str | None]]
) -> tuple[tuple[str, ...], tuple[Account, ...]]:
    """Links and mentioned users (number, name), each once, in their order.

    A mention by `@handle` has no number: the handle is found in the text.
    """
    found = dict.fromkeys(link for link in links if link and len(link) <= _MAX_LINK)
    accounts: dict[str, Account] = {}
    for number, name in mentioned:
        if (known := account_id("user", number)) is not None:
            accounts.setdefault(known, Account(id=known, name=name or None))
    return tuple(islice(found, _MAX_LINKS)), tuple(islice(accounts.values(), _MAX_MENTIONS))
