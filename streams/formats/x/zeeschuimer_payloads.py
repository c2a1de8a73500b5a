"""Posts as X's own pages receive them (GraphQL), and how Zeeschuimer and 4CAT store them, as far as events need them.

What X calls `legacy` has the fields of API v1.1. Fields of accounts have moved from there to `core` since 2025.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Raw, Struct, field

from streams.events import Name, Text
from streams.formats.twitter.twitter_v1_payloads import Entities, IdString, Moment, Status, User

__all__ = ["Account", "Capture", "ImportMeta", "Legacy", "Named", "Tweet", "TweetResults"]

Word: TypeAlias = Annotated[str, Meta(max_length=64)]


class Capture(Struct, gc=False):
    """A line of Zeeschuimer (`data`), or of 4CAT, which puts `data` on the top and what was beside it into
    `__import_meta`."""

    data: Raw = Raw()
    source_platform: Raw = Raw()
    timestamp_collected: Raw = Raw()
    import_meta: Raw = field(name="__import_meta", default=Raw())
    legacy: Raw = Raw()
    typename: Raw = field(name="__typename", default=Raw())


class ImportMeta(Struct, gc=False):
    """What 4CAT keeps beside the post."""

    source_platform: Raw = Raw()
    timestamp_collected: Raw = Raw()


class AccountCore(Struct, gc=False):
    """Where X keeps an account's names and age since 2025."""

    screen_name: Name | None = None
    name: Name | None = None
    created_at: Moment | None = None


class Verification(Struct, gc=False):
    """Where X keeps the mark since 2025."""

    verified: bool | None = None


class Account(Struct, gc=False):
    """An account; empty where it is not available."""

    rest_id: IdString | None = None
    legacy: User | None = None
    core: AccountCore | None = None
    verification: Verification | None = None
    is_blue_verified: bool | None = None


class AccountResults(Struct, gc=False):
    result: Account | None = None


class TweetCore(Struct, gc=False):
    user_results: AccountResults | None = None


class Note(Struct, gc=False):
    """The whole of a long text, with its own entities."""

    text: Text | None = None
    entity_set: Entities | None = None


class NoteResults(Struct, gc=False):
    result: Note | None = None


class NoteTweet(Struct, gc=False):
    note_tweet_results: NoteResults | None = None


class FirstEdit(Struct, gc=False):
    edit_tweet_ids: list[IdString] | None = None


class EditControl(Struct, gc=False):
    """The versions of a post: all of them, oldest first, or in a later version the first."""

    edit_tweet_ids: list[IdString] | None = None
    initial_tweet_id: IdString | None = None
    edit_control_initial: FirstEdit | None = None


class Legacy(Status, gc=False):
    """The status of API v1.1, with its references as results of their own."""

    user_id_str: IdString | None = None
    retweeted_status_result: Raw = Raw()
    retweeted_status_id_str: IdString | None = None


class Tweet(Struct, gc=False):
    """A post. `tweet` is the post itself where X says something of its visibility; `user` and `type` are those of
    captures of before 2023."""

    typename: Word | None = field(name="__typename", default=None)
    rest_id: IdString | None = None
    core: TweetCore | None = None
    legacy: Legacy | None = None
    note_tweet: NoteTweet | None = None
    quoted_status_result: "TweetResults | None" = None
    edit_control: EditControl | None = None
    tweet: "Tweet | None" = None
    type: Literal["adaptive"] | None = None
    user: User | None = None


class TweetResults(Struct, gc=False):
    """A post that another one refers to; empty, or a tombstone, where it is not available."""

    result: Tweet | None = None


class Named(Struct, gc=False):
    """Where a post has its ids, for a look at how a file writes them."""

    rest_id: IdString | None = None
