"""The parts of Twitter v1.1 payloads that Antiphon reads, with bounds. Everything else in them is skipped unread.

Every field may be missing or null: which ones an event cannot do without is for the readers to say.
"""

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta, Raw, Struct

from streams.events import Link, Name, Text

__all__ = [
    "AccountMessage",
    "AccountNotice",
    "Delete",
    "DeleteMessage",
    "EditHistory",
    "Entities",
    "EventMessage",
    "ExtendedTweet",
    "Mention",
    "NamedId",
    "NamedIds",
    "Original",
    "SnapshotMessage",
    "Status",
    "User",
]

# 64 bits, as Twitter has it. A sender that keeps numbers as floats may write a fraction or an exponent: no id, but
# no reason to refuse a payload whose `id_str` is right.
Int: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
IdNumber: TypeAlias = Int | float
IdString: TypeAlias = Annotated[str, Meta(max_length=256)]
Moment: TypeAlias = Annotated[str, Meta(max_length=64)]


# gc=False: payloads hold no cycles and die with their line; the collector need not look at them.
class User(Struct, gc=False):
    """An account inside a payload."""

    id_str: IdString | None = None
    screen_name: Name | None = None
    name: Name | None = None
    created_at: Moment | None = None
    followers_count: Int | None = None
    verified: bool | None = None
    id: IdNumber | None = None


class Mention(Struct, gc=False):
    """An `@handle` in a text. The id is -1 or null where the account was gone when the payload was made."""

    screen_name: Name | None = None
    name: Name | None = None
    id: IdNumber | None = None
    id_str: IdString | None = None


class Url(Struct, gc=False):
    """A link in a text; `url` is the t.co form, the only one in payloads before 2011."""

    expanded_url: Link | None = None
    url: Link | None = None


class Entities(Struct, gc=False):
    """What Twitter found in a text, in the order of the text."""

    urls: list[Url] | None = None
    user_mentions: list[Mention] | None = None


class ExtendedTweet(Struct, gc=False):
    """The whole of a text that the stream cuts at 140 characters, and the entities of the whole."""

    full_text: Text | None = None
    entities: Entities | None = None


class EditHistory(Struct, gc=False):
    """The versions of an edited status, which is one status: each edit has an id of its own."""

    initial_tweet_id: IdString | None = None
    edit_tweet_ids: list[IdString] | None = None


class Original(Struct, gc=False):
    """A retweeted or quoted status. Trimmed archives leave out its `user`."""

    id_str: IdString | None = None
    id: IdNumber | None = None
    text: Text | None = None
    full_text: Text | None = None
    extended_tweet: ExtendedTweet | None = None
    user: User | None = None
    edit_history: EditHistory | None = None


class Permalink(Struct, gc=False):
    """The address of a quoted status, which stays when the status is gone."""

    expanded: Link | None = None


class Status(Struct, gc=False):
    """A status: post, answer, quote or retweet. An object without `user` is something else."""

    created_at: Moment | None = None
    id_str: IdString | None = None
    id: IdNumber | None = None
    text: Text | None = None
    full_text: Text | None = None
    extended_tweet: ExtendedTweet | None = None
    entities: Entities | None = None
    in_reply_to_status_id_str: IdString | None = None
    in_reply_to_status_id: IdNumber | None = None
    in_reply_to_user_id_str: IdString | None = None
    in_reply_to_user_id: IdNumber | None = None
    in_reply_to_screen_name: Name | None = None
    user: User | None = None
    retweeted_status: Original | None = None
    quoted_status: Original | None = None
    quoted_status_id_str: IdString | None = None
    quoted_status_id: IdNumber | None = None
    quoted_status_permalink: Permalink | None = None
    lang: Name | None = None
    edit_history: EditHistory | None = None
    # As python-twitter writes what others have under `entities`; `urls` by the short form.
    user_mentions: list[Mention] | None = None
    urls: dict[str, Link] | None = None


class SnapshotMessage(Struct, gc=False):
    """A status wrapped together with the moment at which somebody looked at it."""

    status: Status
    observed_at: Annotated[datetime, Meta(tz=True)] | None = None


class DeletedStatus(Struct, gc=False):
    """Which status is gone and whose it was."""

    id_str: IdString | None = None
    id: IdNumber | None = None
    user_id_str: IdString | None = None
    user_id: IdNumber | None = None


class Delete(Struct, gc=False):
    """The stream tells of deleted statuses, and once told of direct messages and favorites. No time before 2014."""

    status: DeletedStatus | None = None
    direct_message: dict[str, Raw] | None = None
    favorite: dict[str, Raw] | None = None
    timestamp_ms: Moment | Int | None = None


class DeleteMessage(Struct, gc=False):
    """`{"delete": …}`."""

    delete: Delete


class AccountNotice(Struct, gc=False):
    """What a compliance message says of one account."""

    id_str: IdString | None = None
    id: IdNumber | None = None
    timestamp_ms: Moment | Int | None = None


class AccountMessage(Struct, gc=False):
    """`{"user_suspend": …}` and its three siblings."""

    user_suspend: AccountNotice | None = None
    user_unsuspend: AccountNotice | None = None
    user_delete: AccountNotice | None = None
    user_undelete: AccountNotice | None = None


class EventMessage(Struct, gc=False):
    """`{"event": "follow", …}`: `source` did something to `target`."""

    event: Name
    source: User | Int | None = None  # a number in messages about accounts
    target: User | Int | None = None
    created_at: Moment | None = None


class NamedId(Struct, gc=False):
    """Anything that has an id."""

    id_str: IdString | None = None
    id: IdNumber | None = None


class NamedIds(NamedId, gc=False):
    """Where most messages have their ids, for a look at how a file writes them."""

    user: NamedId | None = None
    retweeted_status: NamedId | None = None
    delete: Delete | None = None
    user_suspend: NamedId | None = None
    user_unsuspend: NamedId | None = None
    user_delete: NamedId | None = None
    user_undelete: NamedId | None = None
