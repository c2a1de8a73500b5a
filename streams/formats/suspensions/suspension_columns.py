"""Which column of a list of suspensions says what: known by its name, in the words that such lists use.

Knows names, not values.
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from streams.deadletters import Reason
from streams.formats.fields.written_times import DayOrder, stated_order
from streams.refusal import Refused

__all__ = ["COLUMNS", "ColumnPlace", "SuspensionColumns", "columns_of"]

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
"""The columns of the project twitter-watch, in its order: those of a list without a header."""

# The names of each column in lower case, words joined by `_`. Where a list has several of them the first one counts.
_NAMES: Final = {
    "account_id": "user_id twitter_user_id twitter_id account_id author_id user_id_str uid id_str id",
    "suspended": "suspended_at suspended_on suspended_date suspension_date suspension_time date_suspended "
    "date_of_suspension observed_date observed_at detected_at noticed_at removed_at date_removed takedown_date "
    "date time timestamp datetime suspended",
    "reversed": "reversed_date reversed_at reinstated_at reinstated_on reinstated_date unsuspended_at unsuspended_on "
    "unsuspended_date unsuspension_date restored_at date_restored reversed unsuspended reinstated",
    "handle": "screen_name username user_name handle twitter_handle user_screen_name profile_url account user",
    "created": "account_created_date account_created_at account_creation_date creation_date account_created "
    "user_created_at created_at created_date created",
    "status": "status_flags status account_status",
    "followers": "followers followers_count follower_count user_followers_count",
    "platform": "platform network",
}
# Under these names a time may be anybody's; and these columns show that it is that of a post.
_ANY_TIME: Final = frozenset({"date", "time", "timestamp", "datetime"})
_OF_POSTS: Final = frozenset(
    {"text", "full_text", "body", "message", "content", "tweet", "tweet_text", "post", "tweet_id", "post_id"}
    | {"status_id", "message_id", "content_id", "object_id", "is_retweet", "retweet_count", "like_count"}
)
_IN_BRACKETS: Final = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")
_ORDERS: Final = ("_dmy", "_mdy")
_SHOWN_COLUMNS: Final = 8


class ColumnPlace(Struct, frozen=True):
    """Where a column stands (from 0), its name, and the order of day and month that the name states."""

    place: int
    name: str
    order: DayOrder | None = None


class SuspensionColumns(Struct, frozen=True, kw_only=True):
    """The columns that are read; `width` is how many there are altogether. One of the two times is there."""

    width: int
    account_id: ColumnPlace
    suspended: ColumnPlace | None
    reversed: ColumnPlace | None
    handle: ColumnPlace | None
    created: ColumnPlace | None
    status: ColumnPlace | None
    followers: ColumnPlace | None
    platform: ColumnPlace | None


def columns_of(header: Sequence[str]) -> SuspensionColumns:
    """The columns of a header. Raises `Refused` where it has none for the account's id or for a time, or is one of
    posts.
    """
    names = [_plain(name) for name in header]
    found = {role: _found(words.split(), names, header) for role, words in _NAMES.items()}
    account_id, suspended, reinstated = found.pop("account_id"), found.pop("suspended"), found.pop("reversed")
    if account_id is None:
        raise _refused("has no column with the ids of accounts, such as user_id (handles change hands)", header)
    if suspended is None and reinstated is None:
        raise _refused("has no column with the day of the suspension, such as suspended_at", header)
    if suspended is not None and names[suspended.place] in _ANY_TIME and not _OF_POSTS.isdisjoint(names):
        raise _refused("is one of posts: mapped:FILE.toml reads them", header)
    return SuspensionColumns(
        width=len(header), account_id=account_id, suspended=suspended, reversed=reinstated, **found
    )


def _plain(name: str) -> str:
    plain = _BETWEEN_WORDS.sub("_", _IN_BRACKETS.sub(" ", name).strip().lower()).strip("_")
    return plain[:-4] if plain.endswith(_ORDERS) else plain


def _found(words: Sequence[str], names: Sequence[str], header: Sequence[str]) -> ColumnPlace | None:
    for word in words:
        if word in names:
            place = names.index(word)
            return ColumnPlace(place, header[place], stated_order(header[place]))
    return None


def _refused(what: str, header: Sequence[str]) -> Refused:
    shown = ", ".join(name[:20] for name in header[:_SHOWN_COLUMNS])
    return Refused(Reason.UNKNOWN_SHAPE, f"the header {what}: {shown}")
