"""Frames of Jetstream and the records in them, as far as events need them. Field names are Bluesky's.

Sources: the lexicons `network.bsky.jetstream.subscribeEvents`, `com.atproto.sync.subscribeRepos` and `app.bsky.*`.
"""

from typing import Annotated

from msgspec import Meta, Raw, Struct, field

from streams.events import Link, Name, Text, Utc

__all__ = [
    "AccountNotice",
    "Commit",
    "ExternalEmbed",
    "Facet",
    "FollowRecord",
    "Frame",
    "IdentityNotice",
    "JetstreamPayload",
    "MediaEmbed",
    "PostRecord",
    "RecordEmbed",
    "RepostRecord",
    "StrongRef",
    "Typed",
]


class StrongRef(Struct, gc=False):
    """Names a record by its at-uri."""

    uri: str | None = None


class Feature(Struct, gc=False):
    """`did` of a mention, `uri` of a link."""

    type: str | None = field(default=None, name="$type")
    did: str | None = None
    uri: Link | None = None


class Facet(Struct, gc=False):
    """What a stretch of the text is."""

    features: list[Feature] | None = None


class Reply(Struct, gc=False):
    """`parent` is the answered post."""

    parent: StrongRef | None = None


class PostRecord(Struct, gc=False):
    """`app.bsky.feed.post`."""

    text: Text | None = None
    langs: list[Name] | None = None
    facets: list[Facet] | None = None
    reply: Reply | None = None
    embed: Raw = Raw()


class Typed(Struct, gc=False):
    """What an embed is."""

    type: str | None = field(default=None, name="$type")


class External(Struct, gc=False):
    """The link of a preview card."""

    uri: Link | None = None


class ExternalEmbed(Struct, gc=False):
    """`app.bsky.embed.external`."""

    external: External | None = None


class RecordEmbed(Struct, gc=False):
    """`app.bsky.embed.record`."""

    record: StrongRef | None = None


class MediaEmbed(Struct, gc=False):
    """`app.bsky.embed.recordWithMedia`: a quote together with images, a video or a preview card."""

    record: RecordEmbed | None = None
    media: Raw = Raw()


class RepostRecord(Struct, gc=False):
    """`app.bsky.feed.repost`."""

    subject: StrongRef | None = None


class FollowRecord(Struct, gc=False):
    """`app.bsky.graph.follow`: `subject` is a DID."""

    subject: str | None = None


class AccountNotice(Struct, gc=False):
    """`account` of a frame: as the host wrote it; `time` is the host's."""

    active: bool | None = None
    status: str | None = None
    time: Utc | None = None


class IdentityNotice(Struct, gc=False):
    """`identity` of a frame: as the host wrote it; `time` is the host's."""

    handle: Annotated[str, Meta(max_length=253)] | None = None
    time: Utc | None = None


class Commit(Struct, gc=False):
    """Of v1: a change of one record."""

    collection: str | None = None
    operation: str | None = None
    rkey: str | None = None
    record: Raw = Raw()


class JetstreamPayload(Commit, gc=False):
    """Of v2. `time` is when the frame was witnessed, unless the host's operator knew better (`witnessedAt`)."""

    type: str | None = field(default=None, name="$type")
    did: str | None = None
    seq: int | None = None
    time: Utc | None = None
    witnessed_at: Utc | None = field(default=None, name="witnessedAt")
    account: AccountNotice | None = None
    identity: IdentityNotice | None = None


class Frame(Struct, gc=False):
    """Of either wire: v2 has `$type` and `payload`, v1 all the others; `cursor` is the seq, where the host has one."""

    type: str | None = field(default=None, name="$type")
    payload: JetstreamPayload | None = None
    kind: str | None = None
    did: str | None = None
    time_us: int | None = None
    cursor: int | None = None
    commit: Commit | None = None
    account: AccountNotice | None = None
    identity: IdentityNotice | None = None
