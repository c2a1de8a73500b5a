"""Events of the X Activity API, as far as they are read. Posts and accounts in them are those of X's API v2.

Source: X's documentation of event payloads and its OpenAPI description (`ActivityStreamingResponse`).
"""

from msgspec import Raw, Struct

from streams.formats.twitter.twitter_v1_payloads import IdString, Moment
from streams.formats.x.x_v2_payloads import Id, Original, User

__all__ = ["Activity", "Change", "DeletedPost", "FollowPair", "Line", "Related", "WrappedUser"]


# gc=False: payloads hold no cycles and die with their line; the collector need not look at them.
class WrappedUser(User, gc=False):
    """An account, or an object that holds one as `data`: X writes it either way."""

    data: User | None = None

    @property
    def user(self) -> User:
        """The account itself."""
        return self if self.data is None else self.data


class Related(Struct, gc=False):
    """`includes`: what the payload refers to."""

    users: list[WrappedUser] | None = None
    tweets: list[Original] | None = None


class DeletedPost(Struct, gc=False):
    """Which post is gone and whose it was."""

    id: Id | None = None
    author_id: Id | None = None


class Change(Struct, gc=False):
    """A field of a profile after a change; a text for those that are read."""

    after: str | None = None


class FollowPair(Struct, gc=False):
    """`source` follows `target`, or no longer does."""

    source: WrappedUser | None = None
    target: WrappedUser | None = None


class Filter(Struct, gc=False):
    """What was subscribed to: events of this account."""

    user_id: Id | None = None


class Activity(Struct, gc=False):
    """One event. `event_uuid` names its delivery; what `payload` is depends on `event_type`."""

    event_uuid: IdString | None = None
    event_type: IdString | None = None
    filter: Filter | None = None
    payload: Raw = Raw()
    includes: Raw = Raw()


class Line(Struct, gc=False):
    """A line of the stream or a delivery to a webhook. X adds no time: `observed_at` is of who recorded it."""

    data: Activity | None = None
    errors: Raw = Raw()
    title: Raw = Raw()
    observed_at: Moment | None = None
