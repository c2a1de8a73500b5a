"""Ids, times and accounts as Twitter v1.1 writes them. The unknown and the untrustworthy are `None`, never a guess."""

from datetime import UTC, datetime, timedelta
from typing import Final

from streams.core.rounded_ids import may_be_rounded
from streams.deadletters import Reason
from streams.events import Account
from streams.formats.twitter.twitter_v1_payloads import User
from streams.refusal import Refused

__all__ = ["Ids", "event_time", "handle_passed_on", "parse_created_at", "parse_timestamp_ms"]

_MAX_ID_DIGITS: Final = 20  # 2^64 has 20

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_TIMESTAMP_DIGITS: Final = 15  # the year 9999 in milliseconds
_MONTHS: Final = {
    "Jan": "01",
    "Feb": "02",
    "Mar": "03",
    "Apr": "04",
    "May": "05",
    "Jun": "06",
    "Jul": "07",
    "Aug": "08",
    "Sep": "09",
    "Oct": "10",
    "Nov": "11",
    "Dec": "12",
}


def handle_passed_on(text: str | None) -> str | None:
    """The handle, in lower case, of `RT @handle: …`, as Twitter writes a retweet's text; `None` for any other text."""
    return text[4 : text.find(":", 4)].lower() if text is not None and text.startswith("RT @") else None


class Ids:
    """Reads ids: from the string form where there is one, else from the number where it is to be believed.

    A sender that keeps numbers as doubles rounds ids above 2^53. Compliance messages have nothing but the number: it is
    believed where it cannot have been rounded, and, with `exact_numbers`, where the whole file shows that its sender
    does not round (`streams.core.rounded_ids`).
    """

    __slots__ = ("exact_numbers",)

    def __init__(self, *, exact_numbers: bool = False) -> None:
        self.exact_numbers = exact_numbers

    def known(self, id_str: str | None, number: int | float | None) -> str | None:
        """The decimal id, or `None`."""
        if id_str is not None:
            usable = id_str.isascii() and id_str.isdigit() and id_str[0] != "0" and len(id_str) <= _MAX_ID_DIGITS
            return id_str if usable else None
        if not isinstance(number, int) or number <= 0:
            return None
        return str(number) if self.exact_numbers or not may_be_rounded(number) else None

    def required(self, id_str: str | None, number: int | float | None, place: str) -> str:
        """The id at `place`, which an event cannot do without. Raises `Refused`."""
        known = self.known(id_str, number)
        if known is not None:
            return known
        if id_str is None and isinstance(number, int) and number > 0:
            raise Refused(
                Reason.NOT_AN_EVENT, f"{place}: {number} may have been rounded by its sender, and has no _str form"
            )
        raise Refused(Reason.NOT_AN_EVENT, f"{place}: no id")

    def account(self, user: User, place: str) -> Account:
        """The account, with what the payload reports of it. Raises `Refused` where it has no id.

        An unreadable creation time and a follower count below zero (Twitter has sent both) are unknown.
        """
        created_at = parse_created_at(user.created_at)
        followers = user.followers_count
        return Account(
            id=self.required(user.id_str, user.id, place),
            handle=user.screen_name or None,
            name=user.name or None,
            created_at=created_at,
            created_at_source=None if created_at is None else "reported",
            followers=None if followers is None or followers < 0 else followers,
            verified=user.verified,
        )


def parse_created_at(text: str | None) -> datetime | None:
    """The UTC time of `Wed Feb 12 19:42:51 +0000 2014`, or of `2014-02-12 19:42:51 +0000` as accounts' archives had it
    up to 2018; `None` for anything else. The day's name is not looked at.

    Ten times as fast as `strptime`, which would take as long as all the rest of reading a status.
    """
    if text is not None and len(text) == 25:
        is_archived = text[4] == text[7] == "-" and text[13] == text[16] == ":" and text[19:] == " +0000"
        return _parsed(f"{text[:10]}T{text[11:19]}+00:00") if is_archived and text[10] == " " else None
    if text is None or len(text) != 30 or text[19:26] != " +0000 " or text[13] != ":" or text[16] != ":":
        return None
    month = _MONTHS.get(text[4:7])
    if month is None or text[3] != " " or text[7] != " " or text[10] != " ":
        return None
    return _parsed(f"{text[26:]}-{month}-{text[8:10]}T{text[11:19]}+00:00")


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def parse_timestamp_ms(value: str | int) -> datetime | None:
    """The UTC time of a count of milliseconds since 1970, written as a number or as its digits; else `None`."""
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) <= _MAX_TIMESTAMP_DIGITS):
            return None
        value = int(value)
    if value < 0:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=value)
    except OverflowError:
        return None


def event_time(text: str | None, place: str) -> datetime:
    """The event time at `place`. Raises `Refused`: an event without its time is none."""
    at = parse_created_at(text)
    if at is None:
        raise Refused(Reason.BAD_TIME, f"{place}: no time" if text is None else f"{place}: {text!r} is no time")
    return at
