"""The format `x-activity`: events of the X Activity API, as its stream and its webhooks deliver them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec.json import Decoder

from streams.core.platforms import names_of
from streams.core.rounded_ids import IdEvidence, Verdict, note_id
from streams.deadletters import Reason
from streams.events import Account, Deletion, Follow, Profile
from streams.formats.fields.mending import Member, read_or_mend, with_types
from streams.formats.fields.odd_fields import OddFields
from streams.formats.reader import Reading, Skipped
from streams.formats.twitter.twitter_v1_fields import Ids
from streams.formats.x.x_activity_payloads import (
    Activity,
    Change,
    DeletedPost,
    FollowPair,
    Line,
    Related,
    WrappedUser,
)
from streams.formats.x.x_v2_includes import Joined, account_of, known_id, parse_time, required_id
from streams.formats.x.x_v2_payloads import Includes, Tweet
from streams.formats.x.x_v2_posts import event_of_tweet
from streams.formats.x.x_v2_problems import PROBLEM_NAMES, skipped_problem
from streams.refusal import DECODE_ERRORS, Refused

__all__ = ["SKIPPED_NAMES", "XActivityReader"]

# What the filtered account posts, and (by its consent) what others post to it.
_POSTS: Final = frozenset(
    {"post.create", "post.mention.create", "post.quote.create", "post.reply.create", "post.repost.create"}
)
_FOLLOWS: Final = {"follow.follow": True, "follow.unfollow": False}

_PROFILE: Final = "profile.update."
_CHANGED: Final = {
    "affiliate_badge": "affiliation",
    "banner_picture": "banner_picture",
    "bio": "description",
    "geo": "location",
    "handle": "handle",
    "profile_picture": "profile_picture",
    "screenname": "name",  # the display name
    "url": "url",
    "verified_badge": "verified",
}
# Until March 2026. `ProfileScreennameUpdate` was said to be of the handle: of which of the two it is, is not known.
_OLD_TYPES: Final = {
    "ProfileBannerUpdate": "banner_picture",
    "ProfileBioUpdate": "bio",
    "ProfileGeoUpdate": "geo",
    "ProfilePictureUpdate": "profile_picture",
    "ProfileScreennameUpdate": "",
    "ProfileUrlUpdate": "url",
}

_DELETE: Final = "post.delete"
# X gives these, and `profile.update.…`, no time.
_TIMELESS: Final = frozenset({_DELETE, *_FOLLOWS, *_OLD_TYPES})

# By the first part of the type. Their payloads are not decoded.
_SKIPPED_KINDS: Final = {
    kind: Skipped(kind) for kind in ("block", "broadcast", "chat", "dm", "like", "mute", "news", "oauth", "spaces")
}
_BLANK: Final = Skipped("blank")  # the stream's keep-alive
_DELETE_WITHOUT_TIME: Final = Skipped("post_delete_without_time")
_FOLLOW_WITHOUT_TIME: Final = Skipped("follow_without_time")
_PROFILE_WITHOUT_TIME: Final = Skipped("profile_update_without_time")

SKIPPED_NAMES: Final = (
    PROBLEM_NAMES
    | _SKIPPED_KINDS.keys()
    | {"blank", "follow_without_time", "post_delete_without_time", "profile_update_without_time"}
)

_names = names_of("twitter")
assert _names is not None  # noqa: S101  # it stands in a table of ours
_HANDLE: Final = _names.handle
_MAX_NAME: Final = 1_024  # characters, as in a canonical event
_MAX_UUID: Final = 200  # characters, so that the type fits beside it into an id

_line: Final = Decoder(Line)
_named: Final = Decoder(DeletedPost)
_tweet: Final = Member(Tweet)
_related: Final = Member(Related)
_deleted: Final = Member(DeletedPost)
_pair: Final = Member(FollowPair)
_change: Final = Member(Change)
_odd_line: Final = OddFields(Line, kept_whole=frozenset({"data"}))


class XActivityReader:
    """Reads posts, deletions, changed profiles and follows of subscribed accounts."""

    name: Final = "x-activity"

    def __init__(self, *, exact_numbers: bool = False) -> None:
        self._ids = Ids(exact_numbers=exact_numbers)

    def read(self, line: bytes) -> Reading:
        """One event, a message skipped under one of `SKIPPED_NAMES`, or a rejection. Never raises.

        A field of another type than X's is put right, or unknown (`streams.formats.fields.odd_fields`).
        """
        if not line or line.isspace():
            return _BLANK
        return read_or_mend(
            line, lambda line: _read(line, self._ids), lambda line: with_types(line, _odd_line, self._ids)
        )

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """See `FormatReader`: of posts alone."""
        try:
            activity = _line.decode(line).data
            if activity is None or not (activity.event_type or "").startswith("post."):
                return
            post = _named.decode(activity.payload)
        except DECODE_ERRORS:
            return
        for each in (post.id, post.author_id):
            note_id(each, numbers, texts)

    def parts(self, line: bytes) -> Sequence[bytes]:
        """See `FormatReader`: one line is one message."""
        return ()

    def of_file(self, numbers: Verdict) -> "XActivityReader":
        """See `FormatReader`."""
        return XActivityReader(exact_numbers=numbers == "exact")


def _read(line: bytes, ids: Ids) -> Reading:
    read = _line.decode(line)
    activity = read.data
    if activity is None or activity.event_type is None:
        problem = skipped_problem(line, read.errors, read.title)
        if problem is not None:
            return problem
        raise Refused(Reason.UNKNOWN_SHAPE, "data.event_type: missing")
    kind = activity.event_type
    skipped = _SKIPPED_KINDS.get(kind.partition(".")[0])
    if skipped is not None:
        return skipped
    observed_at = parse_time(read.observed_at)
    if kind in _POSTS:
        return _post(activity, observed_at, ids)
    if kind not in _TIMELESS and not kind.startswith(_PROFILE):
        raise Refused(Reason.UNKNOWN_SHAPE, f"data.event_type: {kind!r}")
    if observed_at is None and read.observed_at is not None:
        raise Refused(Reason.BAD_TIME, f"observed_at: {read.observed_at!r} is no time")
    if kind == _DELETE:
        return _DELETE_WITHOUT_TIME if observed_at is None else _deletion(activity, observed_at, ids)
    if kind in _FOLLOWS:
        return _FOLLOW_WITHOUT_TIME if observed_at is None else _follow(activity, kind, observed_at, ids)
    return _PROFILE_WITHOUT_TIME if observed_at is None else _profile(activity, kind, observed_at, ids)


def _joined(activity: Activity, observed_at: datetime | None, ids: Ids) -> Joined:
    """What the event includes; nothing where that is of no use."""
    try:
        related = _related.decoded(activity.includes, "data.includes", ids)
    except Refused:
        return Joined(None, ids, observed_at)
    users = [each.user for each in related.users or ()]
    return Joined(Includes(users=users, tweets=related.tweets), ids, observed_at)


def _post(activity: Activity, observed_at: datetime | None, ids: Ids) -> Reading:
    tweet = _tweet.decoded(activity.payload, "data.payload", ids)
    try:
        return (event_of_tweet(tweet, _joined(activity, observed_at, ids)),)
    except Refused as refused:
        raise Refused(refused.reason, f"data.payload.{refused.detail}") from None


def _deletion(activity: Activity, at: datetime, ids: Ids) -> Reading:
    """A deletion at the time at which it was recorded. It is of the filtered account, also where X does not name it."""
    deleted = _deleted.decoded(activity.payload, "data.payload", ids)
    post_id = required_id(deleted.id, ids, "data.payload.id")
    author_id = known_id(deleted.author_id, ids)
    if author_id is None and activity.filter is not None:
        author_id = known_id(activity.filter.user_id, ids)
    actor = None if author_id is None else _joined(activity, at, ids).account(author_id)
    return (Deletion(platform="twitter", id=post_id, at=at, observed_at=at, post_id=post_id, actor=actor),)


def _follow(activity: Activity, kind: str, at: datetime, ids: Ids) -> Reading:
    pair = _pair.decoded(activity.payload, "data.payload", ids)
    return (
        Follow(
            platform="twitter",
            id=_event_id(activity, kind),
            at=at,
            observed_at=at,
            actor=_account(pair.source, "data.payload.source", ids),
            subject=_account(pair.target, "data.payload.target", ids),
            active=_FOLLOWS[kind],
        ),
    )


def _account(wrapped: WrappedUser | None, place: str, ids: Ids) -> Account:
    user = None if wrapped is None else wrapped.user
    return account_of(user or WrappedUser(), required_id(None if user is None else user.id, ids, f"{place}.id"))


def _profile(activity: Activity, kind: str, at: datetime, ids: Ids) -> Reading:
    """The filtered account, with its handle or name where that is what changed."""
    field = _OLD_TYPES[kind] if kind in _OLD_TYPES else kind.removeprefix(_PROFILE)
    user_id = None if activity.filter is None else activity.filter.user_id
    account_id = required_id(user_id, ids, "data.filter.user_id")
    handle = name = None
    if field == "handle":
        after = (_after(activity, ids) or "").removeprefix("@")
        handle = after if _HANDLE.fullmatch(after) else None
    elif field == "screenname":
        after = _after(activity, ids) or ""
        name = after if 0 < len(after) <= _MAX_NAME else None
    changed = _CHANGED.get(field)
    return (
        Profile(
            platform="twitter",
            id=_event_id(activity, kind if kind in _OLD_TYPES or changed else f"{_PROFILE}other"),
            at=at,
            observed_at=at,
            actor=Account(id=account_id, handle=handle, name=name),
            changed=() if changed is None else (changed,),
        ),
    )


def _after(activity: Activity, ids: Ids) -> str | None:
    try:
        return _change.decoded(activity.payload, "data.payload", ids).after
    except Refused:
        return None


def _event_id(activity: Activity, kind: str) -> str:
    """Such an event has no id but that of its delivery."""
    uuid = activity.event_uuid
    if not uuid or len(uuid) > _MAX_UUID:
        raise Refused(Reason.NOT_AN_EVENT, f"data.event_uuid: {'too long' if uuid else 'missing'}")
    return f"{kind}:{uuid}"
