"""What X's API v2 says of compliance, as far as events need it: messages of streams, and lines of a batch job's result.

Sources: X's OpenAPI description (`TweetComplianceData`, `UserComplianceData`, `UnlikeComplianceSchema`), and its guide
to batch compliance.
"""

from msgspec import Raw, Struct

from streams.events import Name
from streams.formats.twitter.twitter_v1_payloads import Moment
from streams.formats.x.x_v2_payloads import Id

__all__ = ["Line", "Message", "Messages", "Named"]


# gc=False: payloads hold no cycles and die with their line; the collector need not look at them.
class Named(Struct, gc=False):
    """A post or an account; of posts X names the author as well."""

    id: Id | None = None
    author_id: Id | None = None


class Message(Struct, gc=False):
    """What happened to a post, an account or a like, and when. `profile_field` and `new_value`: of changed profiles."""

    tweet: Named | None = None
    user: Named | None = None
    favorite: Raw = Raw()
    event_at: Moment | None = None
    profile_field: Name | None = None
    new_value: Name | None = None


class Messages(Struct, gc=False):
    """`data` of a stream's line: one of these members. Those that are skipped by their name are not decoded."""

    delete: Message | None = None
    user_delete: Message | None = None
    user_undelete: Message | None = None
    user_suspend: Message | None = None
    user_unsuspend: Message | None = None
    user_profile_modification: Message | None = None
    drop: Raw = Raw()
    scrub_geo: Raw = Raw()
    tweet_edit: Raw = Raw()
    undrop: Raw = Raw()
    user_protect: Raw = Raw()
    user_unprotect: Raw = Raw()
    user_withheld: Raw = Raw()
    withheld: Raw = Raw()


class Line(Struct, gc=False):
    """A line of a stream (`data` or `errors`), or of a batch job's result (`action` or `error`).

    Of a result `created_at` is when the post or account `id` was created, `redacted_at` (`deleted_at` is the same) when
    it was taken away.
    """

    data: Messages | None = None
    errors: Raw = Raw()
    title: Raw = Raw()
    id: Id | None = None
    action: Name | None = None
    reason: Name | None = None
    created_at: Moment | None = None
    redacted_at: Moment | None = None
    deleted_at: Moment | None = None
    error: Name | None = None
