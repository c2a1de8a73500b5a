"""Bluesky's records become canonical events: posts (with answers, quotes, mentions, links), reposts and follows."""

from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

from msgspec import Raw, Struct, ValidationError
from msgspec.json import Decoder

from streams.deadletters import Reason
from streams.events import Account, Deletion, Event, Follow, Post, PostRef, Retweet
from streams.formats.bluesky.jetstream_fields import BLUESKY, account_named, at_uri, checked_key, event_time, record_uri
from streams.formats.bluesky.jetstream_payloads import (
    Commit,
    ExternalEmbed,
    Facet,
    FollowRecord,
    MediaEmbed,
    PostRecord,
    RecordEmbed,
    RepostRecord,
    StrongRef,
    Typed,
)
from streams.formats.reader import Reading, Skipped
from streams.refusal import Refused, refused_at

__all__ = ["COMMIT_NAMES", "read_commit"]

_POST: Final = "app.bsky.feed.post"
_REPOST: Final = "app.bsky.feed.repost"
_FOLLOW: Final = "app.bsky.graph.follow"

_SKIPPED_COLLECTIONS: Final = {
    "app.bsky.actor.profile": "profile",
    "app.bsky.actor.status": "actor_status",
    "app.bsky.feed.generator": "feed_generator",
    "app.bsky.feed.like": "like",
    "app.bsky.feed.postgate": "post_gate",
    "app.bsky.feed.threadgate": "thread_gate",
    "app.bsky.graph.block": "block",
    "app.bsky.graph.list": "list",
    "app.bsky.graph.listblock": "list_block",
    "app.bsky.graph.listitem": "list_item",
    "app.bsky.graph.starterpack": "starter_pack",
    "app.bsky.graph.verification": "verification",
    "app.bsky.labeler.service": "labeler",
    "app.bsky.notification.declaration": "notification_declaration",
    "chat.bsky.actor.declaration": "chat_declaration",
}
_SKIPPED: Final = {collection: Skipped(name) for collection, name in _SKIPPED_COLLECTIONS.items()}
_OTHER: Final = Skipped("other_collection")
_FOLLOW_DELETED: Final = Skipped("follow_deleted")  # the frame does not say whom: only the follow's own frame did
_OTHER_REPOSTED: Final = Skipped("repost_of_other_record")

# The closed list of names under which a commit may be skipped.
COMMIT_NAMES: Final = frozenset(
    {*_SKIPPED_COLLECTIONS.values(), "other_collection", "follow_deleted", "repost_of_other_record"}
)

# A post has at most 300 characters, so no text names more; a record with more is cut to the first ones of each.
_MAX_MENTIONS: Final = 100
_MAX_LINKS: Final = 100

_post_record: Final = Decoder(PostRecord)
_repost_record: Final = Decoder(RepostRecord)
_follow_record: Final = Decoder(FollowRecord)
_typed: Final = Decoder(Typed | None)
_external_embed: Final = Decoder(ExternalEmbed)
_record_embed: Final = Decoder(RecordEmbed)
_media_embed: Final = Decoder(MediaEmbed)
_Record = TypeVar("_Record")


class _Written(Struct, frozen=True, gc=False):
    """Whose record, its at-uri, when it was written, when it arrived, and what it holds."""

    actor: Account
    uri: str
    at: datetime
    observed_at: datetime
    record: Raw


def read_commit(did: str | None, commit: Commit, at: datetime, observed_at: datetime) -> Reading:
    """What a change of one record says. Raises `Refused` or one of `DECODE_ERRORS`.

    The first version of a record and a later one (`update`) have one id and, a day on, one time: that of the key.
    """
    collection, operation = commit.collection, commit.operation
    if collection not in (_POST, _REPOST, _FOLLOW):
        if collection is None:
            raise Refused(Reason.NOT_AN_EVENT, "collection: missing")
        return _SKIPPED.get(collection, _OTHER)
    actor = account_named(did, "did")
    record_key = checked_key(commit.rkey)
    uri = record_uri(actor, collection, record_key)
    if operation == "delete":
        if collection == _FOLLOW:
            return _FOLLOW_DELETED
        return (Deletion(platform=BLUESKY, id=uri, at=at, observed_at=observed_at, post_id=uri, actor=actor),)
    if operation not in ("create", "update"):
        raise Refused(Reason.UNKNOWN_SHAPE, f"operation: {operation!r}")
    if not bytes(commit.record):
        raise Refused(Reason.NOT_AN_EVENT, "record: missing")
    written = _Written(actor, uri, event_time(record_key, at), observed_at, commit.record)
    if collection == _POST:
        return (_post(written),)
    return _repost(written) if collection == _REPOST else (_follow(written),)


def _decoded(decoder: Decoder[_Record], raw: Raw, place: str) -> _Record:
    """What stands at `place`. Raises `Refused`, or one of `DECODE_ERRORS` for what is no JSON."""
    try:
        return decoder.decode(raw)
    except ValidationError as error:
        raise refused_at(place, error) from None


def _post(written: _Written) -> Event:
    record = _decoded(_post_record, written.record, "record")
    quotes, card = _embedded(record.embed)
    mentions, links = _features(record.facets, card) if record.facets or card else ((), ())
    reply = record.reply
    return Post(
        platform=BLUESKY,
        id=written.uri,
        at=written.at,
        observed_at=written.observed_at,
        actor=written.actor,
        text=record.text or "",
        lang=record.langs[0] or None if record.langs else None,
        links=links,
        mentions=mentions,
        reply_to=None if reply is None else _post_ref(reply.parent, "record.reply.parent.uri"),
        quotes=quotes,
    )


def _features(facets: list[Facet] | None, card: str | None) -> tuple[tuple[Account, ...], tuple[str, ...]]:
    """Whom the text mentions and where it links to, in its order, each once; the link of a preview card comes last.

    A mention whose DID is none says of nobody anything.
    """
    mentioned: dict[str, Account] = {}
    links: dict[str, None] = {}
    for feature in (feature for facet in facets or () for feature in facet.features or ()):
        if feature.type == "app.bsky.richtext.facet#mention" and feature.did is not None:
            try:
                mentioned[feature.did] = account_named(feature.did, "did")
            except Refused:
                continue
        elif feature.type == "app.bsky.richtext.facet#link" and feature.uri:
            links[feature.uri] = None
    if card:
        links[card] = None
    return tuple(islice(mentioned.values(), _MAX_MENTIONS)), tuple(islice(links, _MAX_LINKS))


def _embedded(embed: Raw, place: str = "record.embed") -> tuple[PostRef | None, str | None]:
    """The quoted post and the link of the preview card, of whatever is embedded; nothing of anything else."""
    typed = _decoded(_typed, embed, place) if bytes(embed) else None
    match None if typed is None else typed.type:
        case "app.bsky.embed.record":
            return _post_ref(_decoded(_record_embed, embed, place).record, f"{place}.record.uri"), None
        case "app.bsky.embed.recordWithMedia":
            both = _decoded(_media_embed, embed, place)
            quoted = None if both.record is None else both.record.record
            return _post_ref(quoted, f"{place}.record.record.uri"), _card(both.media, f"{place}.media")
    return None, _card(embed, place)


def _card(embed: Raw, place: str) -> str | None:
    """The link of a preview card; of no other embed."""
    typed = _decoded(_typed, embed, place) if bytes(embed) else None
    if typed is None or typed.type != "app.bsky.embed.external":
        return None
    external = _decoded(_external_embed, embed, place).external
    return None if external is None else external.uri


def _post_ref(ref: StrongRef | None, place: str) -> PostRef | None:
    """The post that another one answers or quotes; `None` for feeds, lists and whatever else can be embedded."""
    uri = at_uri(None if ref is None else ref.uri)
    if uri is None:
        raise Refused(Reason.NOT_AN_EVENT, f"{place}: no at-uri of a record")
    if uri.collection != _POST:
        return None
    account = uri.account
    return PostRef(post_id=uri.text, account=account, handle=uri.authority if account is None else None)


def _repost(written: _Written) -> Reading:
    subject = _decoded(_repost_record, written.record, "record").subject
    uri = at_uri(None if subject is None else subject.uri)
    if uri is None:
        raise Refused(Reason.NO_SUBJECT, "record.subject.uri: no at-uri of a record")
    if uri.collection != _POST:
        return _OTHER_REPOSTED
    author = uri.account
    if author is None:
        raise Refused(Reason.NO_SUBJECT, "record.subject.uri: names the author by a handle, not by a DID")
    return (
        Retweet(
            platform=BLUESKY,
            id=written.uri,
            at=written.at,
            observed_at=written.observed_at,
            actor=written.actor,
            subject=author,
            post_id=uri.text,
        ),
    )


def _follow(written: _Written) -> Event:
    return Follow(
        platform=BLUESKY,
        id=written.uri,
        at=written.at,
        observed_at=written.observed_at,
        actor=written.actor,
        subject=account_named(_decoded(_follow_record, written.record, "record").subject, "record.subject"),
    )
