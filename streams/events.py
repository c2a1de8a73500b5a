"""The canonical events: what collectors write to the raw topics and everything downstream reads.

Owns the wire format of the public input contract (JSON, decoded straight from bytes).
"""

from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from streams.topic_names import COVERAGE, DELETIONS, FOLLOWS, POSTS, PROFILES, RETWEETS, SUSPENSIONS

__all__ = [
    "RAW_TOPICS",
    "Account",
    "AccountEvent",
    "AccountEventKind",
    "AccountSource",
    "Coverage",
    "CoverageReason",
    "Deletion",
    "Event",
    "EventKind",
    "Follow",
    "Post",
    "PostRef",
    "Precision",
    "Profile",
    "Retweet",
    "Suspension",
    "SuspensionStatus",
    "decode_event",
    "encode_event",
]

# Bounds on untrusted input. Generous against every platform we know, small against memory.
Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256)]
Name: TypeAlias = Annotated[str, Meta(max_length=1_024)]
Text: TypeAlias = Annotated[str, Meta(max_length=100_000)]
Versions: TypeAlias = Annotated[tuple[Id, ...], Meta(max_length=32)]
Link: TypeAlias = Annotated[str, Meta(max_length=8_192)]
Platform: TypeAlias = Annotated[str, Meta(pattern="^[a-z][a-z0-9_-]{0,31}$(?!\\n)")]
Utc: TypeAlias = Annotated[datetime, Meta(tz=True)]

AccountSource: TypeAlias = Literal["reported", "directory", "snowflake"]
SuspensionStatus: TypeAlias = Literal["suspended", "reinstated", "deleted", "deactivated"]
Precision: TypeAlias = Literal["exact", "day", "noticed"]
AccountEventKind: TypeAlias = Literal["post", "retweet", "suspension", "deletion", "follow", "profile"]
EventKind: TypeAlias = AccountEventKind | Literal["coverage"]


class Account(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A platform account as seen at one moment. Its key is `platform:id`; the handle is a display name and changes.

    `created_at` is the platform's own report, stands in the log of an identity directory, or follows from a snowflake
    id (`created_at_source`). `followers` is a count. A field that is not known is `None`, never a guess.
    """

    id: Id
    """The platform's id of the account, which never changes."""
    handle: Name | None = None
    """The display name in addresses, without @; it may change hands."""
    name: Name | None = None
    """The name that the account gives itself."""
    created_at: Utc | None = None
    """When the account was created; null where that is not known."""
    created_at_source: AccountSource | None = None
    """Who says when it was created: the platform, an identity directory, or the id itself."""
    followers: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    """Followers at the moment of this snapshot."""
    verified: bool | None = None
    """Whether the platform marks the account as verified."""


class PostRef(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A post that another post answers or quotes; `account` is its author where the platform says so.

    `handle` is the author's where nothing but a link to the post says whose it is, as when the post is gone.
    """

    post_id: Id
    """The id of the other post."""
    account: Account | None = None
    """Its author, where the platform says so."""
    handle: Name | None = None
    """The author's handle, where a link to the post is all that says whose it is."""
    versions: Versions = ()
    """Further ids of the other post: those of its later versions, where it was edited."""


class _Common(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """`id` names the event within platform and kind; `at` is the event time, `observed_at` when a collector saw it."""

    platform: Platform
    """The platform, in lower case: twitter, bluesky, mastodon, telegram."""
    id: Id
    """The event's own id; with platform and kind it is what makes two events the same."""
    at: Utc
    """Event time: when it happened, as far as the platform says."""
    observed_at: Utc | None = None
    """When a collector saw it; null where that is not known."""


class Post(_Common, frozen=True, kw_only=True, omit_defaults=True, tag="post"):
    """An account wrote something of its own: a post, an answer, or a quote of another post. `id` is the post's id."""

    actor: Account
    """Who wrote it."""
    text: Text = ""
    """Its text; empty where it has none."""
    lang: Name | None = None
    """The language, as the platform tells it."""
    links: Annotated[tuple[Link, ...], Meta(max_length=1_000)] = ()
    """Addresses that it links to, in full where the platform expands them."""
    mentions: Annotated[tuple[Account, ...], Meta(max_length=1_000)] = ()
    """Accounts that it mentions."""
    reply_to: PostRef | None = None
    """The post that it answers."""
    quotes: PostRef | None = None
    """The post that it quotes."""
    versions: Versions = ()
    """Further ids of the post: those of its later versions, where it was edited. `id` is that of the first."""


class Retweet(_Common, frozen=True, kw_only=True, omit_defaults=True, tag="retweet"):
    """An account passed on a post of `subject` unchanged. `id` is the retweet's own id, `post_id` the original's."""

    actor: Account
    """Who passed the post on."""
    subject: Account
    """Who wrote the post that was passed on."""
    post_id: Id | None = None
    """The id of that post."""
    text: Text | None = None
    """The text of that post, where it came with it."""
    versions: Versions = ()
    """Further ids of that post: those of its later versions, where it was edited."""


class Suspension(_Common, frozen=True, kw_only=True, omit_defaults=True, tag="suspension"):
    """Somebody noticed that a platform suspended, reinstated or removed `actor`. Late by hours to weeks.

    `precision` says what `at` is: when it happened (`exact`, as the platform's own streams say it), some time of the
    UTC day on which it happened (`day`), or when it was noticed, having happened then or before (`noticed`). Where it
    is `None`, `at` is taken for a time of noticing.
    """

    actor: Account
    """The account that is suspended, gone or back."""
    status: SuspensionStatus
    """What became of it."""
    reason: Text | None = None
    """The reason that the platform gives, word for word."""
    precision: Precision | None = None
    """What `at` is: the moment, some time of that UTC day, or when it was noticed. Null counts as noticed."""


class Deletion(_Common, frozen=True, kw_only=True, omit_defaults=True, tag="deletion"):
    """A post or retweet with the id `post_id` is gone. `actor` is `None` where the platform does not say whose."""

    post_id: Id
    """The id of the post or retweet that is gone."""
    actor: Account | None = None
    """Whose it was; null where the platform does not say."""


class Follow(_Common, frozen=True, kw_only=True, omit_defaults=True, tag="follow"):
    """An account follows `subject` (`active`) or no longer does."""

    actor: Account
    """Who follows."""
    subject: Account
    """Who is followed."""
    active: bool = True
    """False: it follows no longer."""


class Profile(_Common, frozen=True, kw_only=True, omit_defaults=True, tag="profile"):
    """A fresh snapshot of an account; `changed` names the fields that differ from the one before."""

    actor: Account
    """The account as it is now."""
    changed: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    """Fields that differ from the snapshot before."""


CoverageReason: TypeAlias = Literal[
    "started",
    "stopped",
    "reconnected",
    "silent",
    "clamped",
    "refused",
    "throttled",
    "host_changed",
    "dropped",
    "added",
    "budget",
]


class Coverage(_Common, frozen=True, kw_only=True, omit_defaults=True, tag="coverage"):
    """What a source saw, or did not see, of the officials of a platform in a span of time: [`since`, `until`).

    Without `since`: since ever, or nobody knows since when. Without `until`: it goes on. `officials` are the ids of the
    accounts concerned; without them all of the platform's on the roster. The last record of an id is the valid one:
    `id` is made of the source, `since`, and for a gap (not `seen`) its reason and officials. `closed_by` says what
    brought the events of a gap afterwards: the source's own replay, or a back-fill, which brings what was posted and
    not what was deleted meanwhile. `at` is `until` where it is known.
    """

    source: Annotated[str, Meta(min_length=1, max_length=64)]
    """Who says so: the name of a collector or another source."""
    seen: bool
    """Whether the span was seen, or was missed."""
    since: Utc | None = None
    """Where the span begins; null for since ever, or since nobody knows when."""
    until: Utc | None = None
    """Where the span ends, itself outside; null while it goes on."""
    officials: Annotated[tuple[Id, ...], Meta(max_length=10_000)] | None = None
    """Ids of the officials concerned; null for all of the platform's on the roster."""
    reason: CoverageReason | None = None
    """Why a span was missed, or what changed."""
    closed_by: Literal["replay", "back_fill"] | None = None
    """What brought the events of a missed span afterwards; a back-fill brings no deletions."""


AccountEvent: TypeAlias = Post | Retweet | Suspension | Deletion | Follow | Profile
"""What an account did, or what happened to it."""

Event: TypeAlias = AccountEvent | Coverage

# The raw topic that carries each kind. Anyone may write to them, with any partitioner.
RAW_TOPICS: Final[dict[EventKind, str]] = {
    "post": POSTS,
    "retweet": RETWEETS,
    "suspension": SUSPENSIONS,
    "deletion": DELETIONS,
    "follow": FOLLOWS,
    "profile": PROFILES,
    "coverage": COVERAGE,
}

_decoder: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(Event)
_encoder: Final = msgspec.json.Encoder()


def decode_event(payload: bytes) -> Event:
    """Decode one canonical event from JSON bytes.

    Raises `msgspec.DecodeError` (not JSON), its subclass `msgspec.ValidationError` (not an event), `UnicodeDecodeError`
    (not UTF-8), or `RecursionError` (nested too deeply); nothing else.
    """
    return _decoder.decode(payload)


def encode_event(event: Event) -> bytes:
    """Encode one canonical event as a single line of JSON."""
    return _encoder.encode(event)
