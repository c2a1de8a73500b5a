"""Records of an account's own archive of Twitter or X, as far as they are read. Numbers and ids in them are strings.

Every field may be missing or null: which ones an event cannot do without is for the reader to say.
"""

from msgspec import Raw, Struct, field

from streams.events import Name, Text
from streams.formats.twitter.twitter_v1_payloads import EditHistory, IdString, Moment, Url
from streams.formats.x.x_v2_payloads import Id

__all__ = ["ArchiveAccount", "ArchivedTweet"]


# gc=False: payloads hold no cycles and die with their record; the collector need not look at them.
class ArchivedMention(Struct, gc=False):
    """An `@handle` in a text. Its ids are -1 where the account was gone."""

    screen_name: Name | None = None
    name: Name | None = None
    id_str: IdString | None = None
    id: Id | None = None


class ArchivedEntities(Struct, gc=False):
    """What Twitter found in a text, in the order of the text."""

    urls: list[Url] | None = None
    user_mentions: list[ArchivedMention] | None = None


class FirstVersion(Struct, gc=False):
    """`edit_info.initial`: of a post that was not edited, or is the first of its versions."""

    tweet_ids: list[IdString] | None = field(name="editTweetIds", default=None)


class LaterVersion(Struct, gc=False):
    """`edit_info.edit`: of a later version."""

    initial_tweet_id: IdString | None = field(name="initialTweetId", default=None)
    initial: FirstVersion | None = field(name="editControlInitial", default=None)


class EditInfo(Struct, gc=False):
    """The versions of an edited post."""

    initial: FirstVersion | None = None
    edit: LaterVersion | None = None

    @property
    def first_id(self) -> str | None:
        """The id of the first version."""
        if self.edit is not None and self.edit.initial_tweet_id is not None:
            return self.edit.initial_tweet_id
        return self.initial.tweet_ids[0] if self.initial is not None and self.initial.tweet_ids else None

    @property
    def history(self) -> EditHistory:
        """The versions as v1.1 has them."""
        listed = self.initial or (None if self.edit is None else self.edit.initial)
        return EditHistory(initial_tweet_id=self.first_id, edit_tweet_ids=None if listed is None else listed.tweet_ids)


class ArchivedTweet(Struct, gc=False):
    """A post of the account, or (`tweet_id`, `user_id`) the header of one. Up to 2018 with its `user`."""

    created_at: Moment | None = None
    id_str: IdString | None = None
    id: Id | None = None
    full_text: Text | None = None
    text: Text | None = None
    entities: ArchivedEntities | None = None
    in_reply_to_status_id_str: IdString | None = None
    in_reply_to_status_id: Id | None = None
    in_reply_to_user_id_str: IdString | None = None
    in_reply_to_user_id: Id | None = None
    in_reply_to_screen_name: Name | None = None
    lang: Name | None = None
    edit_info: EditInfo | None = None
    user: Raw = Raw()
    tweet_id: IdString | None = None
    user_id: IdString | None = None
    deleted_at: Moment | None = None


class ArchiveAccount(Struct, gc=False):
    """`account` of the archive's `account.js`: whose archive it is, as it was when the archive was made."""

    account_id: IdString | None = field(name="accountId", default=None)
    username: Name | None = None
    name: Name | None = field(name="accountDisplayName", default=None)
    created_at: Moment | None = field(name="createdAt", default=None)
