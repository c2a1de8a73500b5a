"""What a page of X's API v2 says beside its posts: accounts and posts by id, and what is left where one is missing."""

from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from streams.deadletters import Reason
from streams.events import Account
from streams.formats.twitter.twitter_v1_fields import Ids
from streams.formats.x.x_v2_payloads import Id, Includes, Original, User
from streams.refusal import Refused

__all__ = ["Joined", "account_of", "known_id", "parse_time", "required_id"]

_SHORTEST_TIME: Final = len("2021-04-01T15:52:31Z")


def known_id(value: Id | None, ids: Ids) -> str | None:
    """The decimal id, or `None`."""
    return ids.known(value, None) if value is None or isinstance(value, str) else ids.known(None, value)


def required_id(value: Id | None, ids: Ids, place: str) -> str:
    """The id at `place`, which an event cannot do without. Raises `Refused`."""
    known = known_id(value, ids)
    if known is not None:
        return known
    if value is None:
        raise Refused(Reason.NOT_AN_EVENT, f"{place}: missing")
    if isinstance(value, int) and value > 0:
        raise Refused(Reason.NOT_AN_EVENT, f"{place}: {value} may have been rounded by its sender, and is no string")
    raise Refused(Reason.NOT_AN_EVENT, f"{place}: {str(value)[:40]!r} is no id")


def parse_time(text: str | None) -> datetime | None:
    """The UTC time of `2021-04-01T15:52:31.000Z`; `None` for anything else, and for a time without its offset."""
    if text is None or len(text) < _SHORTEST_TIME or text[10] != "T":
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is UTC:
            return at
        return None if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):  # an offset can push the first and last day of the calendar over its edge
        return None


def account_of(user: User, account_id: str) -> Account:
    """The account with what X reports of it; an unreadable creation time and a count below zero are unknown."""
    created_at = parse_time(user.created_at)
    followers = None if user.public_metrics is None else user.public_metrics.followers_count
    return Account(
        id=account_id,
        handle=user.username or None,
        name=user.name or None,
        created_at=created_at,
        created_at_source=None if created_at is None else "reported",
        followers=None if followers is None or followers < 0 else followers,
        verified=user.verified,
    )


class Joined:
    """The `includes` of one page, by id. `observed_at` is when the page was fetched, where it says so."""

    def __init__(self, includes: Includes | None, ids: Ids, observed_at: datetime | None) -> None:
        self.ids = ids
        self.observed_at = observed_at
        users = includes.users if includes is not None else None
        tweets = includes.tweets if includes is not None else None
        self._users: dict[str, User] = {}
        self._tweets: dict[str, Original] = {}
        self._accounts: dict[str, Account] = {}
        for user in users or ():
            if (user_id := known_id(user.id, ids)) is not None:
                self._users[user_id] = user
        for tweet in tweets or ():
            if (tweet_id := known_id(tweet.id, ids)) is not None:
                self._tweets[tweet_id] = tweet

    def original(self, post_id: str) -> Original | None:
        """The referenced post; `None` where it is gone, protected, or was not asked for."""
        return self._tweets.get(post_id)

    def account(self, account_id: str, handle: str | None = None) -> Account:
        """The account with all that the page says of it: nothing but its id, and `handle`, where it is not included."""
        found = self._accounts.get(account_id)
        if found is not None:
            return found
        user = self._users.get(account_id)
        if user is None:
            return Account(id=account_id, handle=handle)
        found = self._accounts[account_id] = account_of(user, account_id)
        return found

    def id_of_handle(self, handle: str) -> str | None:
        """The id of an included account: by its handle X itself joins the mentions of a text."""
        return self._ids_by_handle.get(handle.lower())

    @cached_property
    def _ids_by_handle(self) -> dict[str, str]:
        return {user.username.lower(): user_id for user_id, user in self._users.items() if user.username}
