"""Twitter v1.1 stream messages that are no statuses: deletions, suspensions, follows, and all that is skipped by name.

Sources of the names: Twitter's "Streaming message types" (public, user and compliance streams) and "Compliance
firehose" documentation.
"""

from datetime import UTC
from typing import Final

from msgspec import Raw
from msgspec.json import Decoder

from streams.deadletters import Reason
from streams.events import Account, Deletion, Follow, Profile, Suspension, SuspensionStatus
from streams.formats.reader import Reading, Skipped
from streams.formats.twitter.twitter_v1_fields import Ids, event_time, parse_timestamp_ms
from streams.formats.twitter.twitter_v1_payloads import (
    AccountMessage,
    DeleteMessage,
    EventMessage,
    SnapshotMessage,
    User,
)
from streams.formats.twitter.twitter_v1_statuses import event_of_status
from streams.refusal import Refused

__all__ = ["NOTICE_NAMES", "read_notice"]

_STATUS_OF: Final[dict[str, SuspensionStatus]] = {
    "user_suspend": "suspended",
    "user_unsuspend": "reinstated",
    "user_delete": "deactivated",  # by its owner, who may take it back within 30 days (Twitter: "Honoring user intent")
    "user_undelete": "reinstated",
}

# Messages known by their only key, which say nothing that Antiphon counts.
_SKIPPED_KEYS: Final = frozenset(
    {
        "control",
        "direct_message",
        "disconnect",
        "drop",
        "friends",
        "friends_str",
        "info",
        "limit",
        "scrub_geo",
        "status_withheld",
        "tweet_edit",
        "undrop",
        "user_protect",
        "user_unprotect",
        "user_withheld",
        "warning",
    }
)

# Values of `event` in user streams, besides `follow`, `unfollow` and `user_update`.
_SKIPPED_EVENTS: Final = frozenset(
    {
        "access_revoked",
        "access_unrevoked",
        "block",
        "favorite",
        "favorited_retweet",
        "list_created",
        "list_destroyed",
        "list_member_added",
        "list_member_removed",
        "list_updated",
        "list_user_subscribed",
        "list_user_unsubscribed",
        "mute",
        "quoted_tweet",
        "retweeted_retweet",
        "unblock",
        "unfavorite",
        "unmute",
    }
)

# The closed list of names under which a message that is no status may be skipped.
NOTICE_NAMES: Final = (
    _SKIPPED_KEYS
    | {f"event_{event}" for event in _SKIPPED_EVENTS}
    | {f"{key}_without_time" for key in _STATUS_OF}
    | {"delete_without_time", "delete_direct_message", "delete_favorite", "event_user_update", "user_object"}
)

_envelope: Final = Decoder(dict[str, Raw])
_delete: Final = Decoder(DeleteMessage)
_account_message: Final = Decoder(AccountMessage)
_event_message: Final = Decoder(EventMessage)
_snapshot: Final = Decoder(SnapshotMessage)


def read_notice(line: bytes, ids: Ids) -> Reading:
    """What a line that is no status says. Raises `Refused` or one of `DECODE_ERRORS`.

    A message without its time is skipped by name: an unknown time is never guessed.
    """
    keys = _envelope.decode(line).keys()
    for key in keys:
        if key == "delete":
            return _deletion(line, ids)
        if key == "event":
            return _stream_event(line, ids)
        if key in _STATUS_OF:
            return _suspension(line, key, ids)
        if key in _SKIPPED_KEYS:
            return Skipped(key)
    if "status" in keys and "observed_at" in keys:
        return _observed_status(line, ids)
    if "text" in keys or "full_text" in keys or "retweeted_status" in keys:
        if "screen_name" in keys or "user_id" in keys or "username" in keys:
            raise Refused(Reason.UNKNOWN_SHAPE, "a flat row of a table of statuses, not a v1.1 status with its `user`")
        raise Refused(Reason.NOT_AN_EVENT, "user: a status that does not say whose it is")
    if "screen_name" in keys:
        return Skipped("user_object")  # a page of `users/lookup` or `lists/members`: a snapshot at an unknown time
    raise Refused(Reason.UNKNOWN_SHAPE, f"no known message among the keys {', '.join(list(keys)[:10]) or '(none)'}")


def _deletion(line: bytes, ids: Ids) -> Reading:
    delete = _delete.decode(line).delete
    status = delete.status
    if status is None:
        if delete.direct_message is not None:
            return Skipped("delete_direct_message")
        if delete.favorite is not None:
            return Skipped("delete_favorite")
        raise Refused(Reason.NOT_AN_EVENT, "delete.status: missing")
    post_id = ids.required(status.id_str, status.id, "delete.status.id_str")
    if delete.timestamp_ms is None:
        return Skipped("delete_without_time")
    at = parse_timestamp_ms(delete.timestamp_ms)
    if at is None:
        raise Refused(Reason.BAD_TIME, f"delete.timestamp_ms: {delete.timestamp_ms!r} is no time")
    author_id = ids.known(status.user_id_str, status.user_id)
    actor = None if author_id is None else Account(id=author_id)
    return (Deletion(platform="twitter", id=post_id, at=at, post_id=post_id, actor=actor),)


def _suspension(line: bytes, key: str, ids: Ids) -> Reading:
    """The message has no id of its own: its kind, account and time name it, so that a repeat is known as one."""
    notice = getattr(_account_message.decode(line), key)
    if notice is None:
        raise Refused(Reason.NOT_AN_EVENT, f"{key}: null")
    account_id = ids.required(notice.id_str, notice.id, f"{key}.id")
    if notice.timestamp_ms is None:
        return Skipped(f"{key}_without_time")
    at = parse_timestamp_ms(notice.timestamp_ms)
    if at is None:
        raise Refused(Reason.BAD_TIME, f"{key}.timestamp_ms: {notice.timestamp_ms!r} is no time")
    return (
        Suspension(
            platform="twitter",
            id=f"{key}:{account_id}:{notice.timestamp_ms}",
            at=at,
            actor=Account(id=account_id),
            status=_STATUS_OF[key],
            precision="exact",
        ),
    )


def _stream_event(line: bytes, ids: Ids) -> Reading:
    message = _event_message.decode(line)
    name = message.event
    if name in _SKIPPED_EVENTS:
        return Skipped(f"event_{name}")
    if name == "user_update":
        return _profile(message, ids)
    if name in _STATUS_OF:
        return _suspension_event(message, ids)
    if name in _SKIPPED_KEYS:
        return Skipped(name)
    if name not in ("follow", "unfollow"):
        raise Refused(Reason.UNKNOWN_SHAPE, f"event: {name!r}")
    actor = ids.account(_user(message.source), "source.id_str")
    subject = ids.account(_user(message.target), "target.id_str")
    at = event_time(message.created_at, "created_at")
    return (
        Follow(
            platform="twitter",
            id=f"{name}:{actor.id}:{subject.id}:{int(at.timestamp())}",
            at=at,
            actor=actor,
            subject=subject,
            active=name == "follow",
        ),
    )


def _suspension_event(message: EventMessage, ids: Ids) -> Reading:
    """User streams told of suspensions as events, with the account's number as `target` (and as `source`)."""
    target = _user(message.target if message.target is not None else message.source)
    account_id = ids.required(target.id_str, target.id, "target")
    at = event_time(message.created_at, "created_at")
    # As the compliance stream names it.
    event_id = f"{message.event}:{account_id}:{int(at.timestamp()) * 1_000}"
    actor = Account(id=account_id, handle=target.screen_name or None)
    status = _STATUS_OF[message.event]
    return (Suspension(platform="twitter", id=event_id, at=at, actor=actor, status=status, precision="exact"),)


def _user(account: User | int | None) -> User:
    if isinstance(account, User):
        return account
    return User() if account is None else User(id=account)


def _profile(message: EventMessage, ids: Ids) -> Reading:
    """A profile where the message holds the whole user; the message does not say which fields changed."""
    user = _user(message.source)
    if user.screen_name is None or user.followers_count is None or message.created_at is None:
        return Skipped("event_user_update")
    actor = ids.account(user, "source.id_str")
    at = event_time(message.created_at, "created_at")
    return (Profile(platform="twitter", id=f"user_update:{actor.id}:{int(at.timestamp())}", at=at, actor=actor),)


def _observed_status(line: bytes, ids: Ids) -> Reading:
    """A status as somebody's archive wraps it, with the time at which it was looked at."""
    snapshot = _snapshot.decode(line)
    user = snapshot.status.user
    if user is None:
        raise Refused(Reason.NOT_AN_EVENT, "status.user: a status that does not say whose it is")
    try:
        observed_at = None if snapshot.observed_at is None else snapshot.observed_at.astimezone(UTC)
    except OverflowError:
        raise Refused(Reason.BAD_TIME, "observed_at: beyond the years 1 to 9999 in UTC") from None
    return (event_of_status(snapshot.status, user, ids, observed_at=observed_at),)
