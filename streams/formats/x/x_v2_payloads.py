"""The parts of X API v2 payloads that Antiphon reads, with bounds. Everything else in them is skipped unread.

Every field may be missing or null: X sends those that the request asked for (`tweet.fields`, `expansions`).
"""

from typing import TypeAlias

from msgspec import Raw, Struct, field

from streams.events import Link, Name, Text
from streams.formats.twitter.twitter_v1_payloads import IdNumber, IdString, Int, Moment

__all__ = [
    "Entities",
    "Id",
    "Includes",
    "Mention",
    "Meta",
    "Original",
    "Page",
    "Problem",
    "Reference",
    "Tweet",
    "User",
    "UserPage",
]

# X writes ids as strings; who loads and saves a page with other tools may make numbers of them.
Id: TypeAlias = IdString | IdNumber


# gc=False: payloads hold no cycles and die with their line; the collector need not look at them.
class UserMetrics(Struct, gc=False):
    """Counts of an account."""

    followers_count: Int | None = None


class User(Struct, gc=False):
    """An account, as `data` of a user lookup or in `includes.users`."""

    id: Id | None = None
    username: Name | None = None
    name: Name | None = None
    created_at: Moment | None = None
    public_metrics: UserMetrics | None = None
    verified: bool | None = None


class Mention(Struct, gc=False):
    """An `@handle` in a text; without an id in payloads of the first months of v2."""

    username: Name | None = None
    id: Id | None = None


class Url(Struct, gc=False):
    """A link in a text; `url` is the t.co form, `unwound_url` the end of its redirects. Pictures are links as well."""

    url: Link | None = None
    expanded_url: Link | None = None
    unwound_url: Link | None = None
    display_url: Link | None = None
    media_key: Name | None = None


class Entities(Struct, gc=False):
    """What X found in a text."""

    urls: list[Url] | None = None
    mentions: list[Mention] | None = None


class NoteTweet(Struct, gc=False):
    """The whole of a text of more than 280 characters, and the entities of the whole."""

    text: Text | None = None
    entities: Entities | None = None


class Reference(Struct, gc=False):
    """A post that a post answers, quotes or passes on: `type` is `replied_to`, `quoted` or `retweeted`."""

    type: Name | None = None
    id: Id | None = None


class Original(Struct, gc=False):
    """A referenced post, in `includes.tweets`."""

    id: Id | None = None
    author_id: Id | None = None
    text: Text | None = None
    note_tweet: NoteTweet | None = None
    edit_history_tweet_ids: list[Id] | None = None


class Tweet(Struct, gc=False):
    """A post: an item of `data`. A `username` tells that the item is a user.

    `referenced_tweets` is decoded apart and strictly: a retweet that lost its reference would pass for a post.
    """

    id: Id | None = None
    author_id: Id | None = None
    created_at: Moment | None = None
    text: Text | None = None
    note_tweet: NoteTweet | None = None
    entities: Entities | None = None
    referenced_tweets: Raw = Raw()
    in_reply_to_user_id: Id | None = None
    edit_history_tweet_ids: list[Id] | None = None
    lang: Name | None = None
    username: Name | None = None


class Includes(Struct, gc=False):
    """What the items of `data` refer to, as far as `expansions` asked for it and X may show it."""

    users: list[User] | None = None
    tweets: list[Original] | None = None


class Meta(Struct, gc=False):
    """What a page says of itself."""

    result_count: Int | None = None


class Retrieval(Struct, gc=False):
    """What twarc adds to each page: when it got it."""

    retrieved_at: Moment | None = None


class Page(Struct, gc=False):
    """One response of search, lookup and timelines (`data` is a list), or one line of a stream (`data` is an object).

    `errors` beside `data` names what could not be joined. A line with neither may be a problem by itself (`title`).
    """

    data: list[Tweet] | Tweet | None = None
    includes: Includes | None = None
    errors: Raw = Raw()
    meta: Meta | None = None
    title: Raw = Raw()
    retrieval: Retrieval | None = field(name="__twarc", default=None)


class UserPage(Struct, gc=False):
    """One response of a user lookup."""

    data: list[User] | User
    retrieval: Retrieval | None = field(name="__twarc", default=None)


class Problem(Struct, gc=False):
    """Why X answers with nothing, or ends a stream."""

    title: Name | None = None
    type: Name | None = None
    disconnect_type: Name | None = None
    connection_issue: Name | None = None
