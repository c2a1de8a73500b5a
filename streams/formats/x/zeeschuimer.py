"""The format `zeeschuimer`: posts of X as the browser extension Zeeschuimer captures them, one a line, and as 4CAT
stores them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Raw
from msgspec.json import Decoder
from msgspec.structs import replace

from streams.core.rounded_ids import IdEvidence, Verdict
from streams.deadletters import Reason
from streams.formats.fields.mending import Member
from streams.formats.reader import Reading, Skipped
from streams.formats.twitter.twitter_v1_fields import Ids, parse_created_at, parse_timestamp_ms
from streams.formats.twitter.twitter_v1_payloads import EditHistory, Entities, ExtendedTweet, Original, User
from streams.formats.twitter.twitter_v1_statuses import event_of_status
from streams.formats.x.zeeschuimer_payloads import Account, Capture, ImportMeta, Legacy, Named, Tweet, TweetResults
from streams.refusal import DECODE_ERRORS, Refused, refused_line, undecodable

__all__ = ["SKIPPED_NAMES", "ZeeschuimerReader"]

_BLANK: Final = Skipped("blank")
_OTHER_PLATFORM: Final = Skipped("other_platform")  # Zeeschuimer captures TikTok, Instagram and others as well
_UNAVAILABLE: Final = Skipped("unavailable_post")

SKIPPED_NAMES: Final = frozenset({"blank", "other_platform", "unavailable_post"})

_PLATFORMS: Final = frozenset({"twitter.com", "x.com"})
_GONE: Final = frozenset({"TweetTombstone", "TweetUnavailable"})

_capture: Final = Decoder(Capture)
_meta: Final = Decoder(ImportMeta)
_platform: Final = Decoder(str | None)
_results: Final = Member(TweetResults)
_moment: Final = Decoder(str | int | float | None)
_named: Final = Decoder(Named)
_tweet: Final = Member(Tweet)


class ZeeschuimerReader:
    """Reads captures of X's timelines, searches and conversations."""

    name: Final = "zeeschuimer"

    def __init__(self) -> None:
        self._ids = Ids()

    def read(self, line: bytes) -> Reading:
        """One event, a capture skipped under one of `SKIPPED_NAMES`, or a rejection. Never raises.

        Only the fields that events need are looked at. One of another type than X's is put right, or unknown.
        """
        if not line or line.isspace():
            return _BLANK
        try:
            return _read(line, self._ids)
        except DECODE_ERRORS as error:
            return undecodable(line, error)
        except Refused as refused:
            return refused_line(line, refused)

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """See `FormatReader`. The numbers that Zeeschuimer adds (`data.id`) are rounded, and nobody reads them."""
        try:
            capture = _capture.decode(line)
            named = _named.decode(capture.data or line)
        except DECODE_ERRORS:
            return
        if named.rest_id is not None:
            texts.add_text(named.rest_id)

    def of_file(self, numbers: Verdict) -> "ZeeschuimerReader":
        """See `FormatReader`: its ids are strings."""
        return self

    def parts(self, line: bytes) -> Sequence[bytes]:
        """See `FormatReader`: one line is one post."""
        return ()


def _read(line: bytes, ids: Ids) -> Reading:
    capture = _capture.decode(line)
    if capture.data and capture.source_platform:
        raw, place = capture.data, "data"
        platform, collected = capture.source_platform, capture.timestamp_collected
    elif capture.legacy or (capture.typename and capture.import_meta):
        raw, place = Raw(line), "post"
        meta = _meta_of(capture.import_meta)
        platform, collected = meta.source_platform, meta.timestamp_collected
    else:
        keys = ", ".join(list(msgspec.json.decode(line).keys())[:10]) or "(none)"
        raise Refused(Reason.UNKNOWN_SHAPE, f"no `data` with `source_platform`, and no `legacy`, among the keys {keys}")
    if platform and _platform.decode(platform) not in _PLATFORMS:
        return _OTHER_PLATFORM
    tweet = _unwrapped(_tweet.decoded(raw, place, ids))
    if tweet.legacy is None:
        if tweet.typename in _GONE:
            return _UNAVAILABLE
        raise Refused(Reason.UNKNOWN_SHAPE, f"{place}.legacy: missing")
    return _event(tweet, tweet.legacy, place, ids, _moment_of(collected))


def _meta_of(raw: Raw) -> ImportMeta:
    try:
        return _meta.decode(raw) if raw else ImportMeta()
    except DECODE_ERRORS:
        return ImportMeta()


def _event(tweet: Tweet, legacy: Legacy, place: str, ids: Ids, observed_at: datetime | None) -> Reading:
    id_str = tweet.rest_id or legacy.id_str
    user = _user(tweet, legacy)
    for value, where in ((id_str, "rest_id"), (user.id_str, "core.user_results.result.rest_id")):
        if ids.known(value, None) is None:
            said = "missing" if value is None else f"{value[:40]!r} is no id"
            raise Refused(Reason.NOT_AN_EVENT, f"{place}.{where}: {said}")
    if parse_created_at(legacy.created_at) is None:
        said = "no time" if legacy.created_at is None else f"{legacy.created_at!r} is no time"
        raise Refused(Reason.BAD_TIME, f"{place}.legacy.created_at: {said}")
    status = replace(
        legacy,
        id_str=id_str,
        extended_tweet=_whole_text(tweet, legacy.entities),
        edit_history=_edit_history(tweet),
        retweeted_status=_retweeted(legacy, place, ids),
        quoted_status=_original(tweet.quoted_status_result, ids),
    )
    try:
        return (event_of_status(status, user, ids, observed_at=observed_at),)
    except Refused as refused:
        raise Refused(refused.reason, f"{place}.legacy.{refused.detail}") from None


def _moment_of(raw: Raw) -> datetime | None:
    """When a post was captured, in milliseconds since 1970; unknown where it is anything else."""
    try:
        moment = _moment.decode(raw) if raw else None
    except DECODE_ERRORS:
        return None
    if isinstance(moment, float):
        moment = int(moment) if moment.is_integer() else None
    return None if moment is None else parse_timestamp_ms(moment)


def _unwrapped(tweet: Tweet) -> Tweet:
    """The post within what X says of its visibility."""
    return tweet if tweet.tweet is None else tweet.tweet


def _user(tweet: Tweet, legacy: Legacy) -> User:
    """The author as API v1.1 has one; where it is missing, the id alone that the post has of it."""
    results = None if tweet.core is None else tweet.core.user_results
    account = None if results is None else results.result
    if account is not None and account.rest_id is not None:
        return _user_of(account, account.rest_id)
    if tweet.user is not None:
        return tweet.user
    return User(id_str=legacy.user_id_str)


def _user_of(account: Account, id_str: str) -> User:
    old = account.legacy or User()
    core = account.core
    marks = (
        old.verified,
        account.is_blue_verified,
        None if account.verification is None else account.verification.verified,
    )
    known = [mark for mark in marks if mark is not None]
    return User(
        id_str=id_str,
        screen_name=(None if core is None else core.screen_name) or old.screen_name,
        name=(None if core is None else core.name) or old.name,
        created_at=(None if core is None else core.created_at) or old.created_at,
        followers_count=old.followers_count,
        verified=any(known) if known else None,
    )


def _whole_text(tweet: Tweet, entities: Entities | None) -> ExtendedTweet | None:
    """A long text, of which `full_text` is the beginning."""
    results = None if tweet.note_tweet is None else tweet.note_tweet.note_tweet_results
    note = None if results is None else results.result
    if note is None or not note.text:
        return None
    return ExtendedTweet(full_text=note.text, entities=entities if note.entity_set is None else note.entity_set)


def _edit_history(tweet: Tweet) -> EditHistory | None:
    control = tweet.edit_control
    if control is None:
        return None
    initial = control.edit_control_initial
    versions = control.edit_tweet_ids or (None if initial is None else initial.edit_tweet_ids)
    first_id = control.initial_tweet_id or (versions[0] if versions else None)
    return None if first_id is None else EditHistory(initial_tweet_id=first_id, edit_tweet_ids=versions)


def _retweeted(legacy: Legacy, place: str, ids: Ids) -> Original | None:
    """The post that is passed on; without anything of it where X does not show it, and `None` of no retweet.

    What is there and cannot be read is refused: without it a retweet would pass for a post.
    """
    raw = legacy.retweeted_status_result
    if raw and bytes(raw) != b"null":
        results = _results.decoded(raw, f"{place}.legacy.retweeted_status_result", ids)
        return _as_original(results) or Original(id_str=legacy.retweeted_status_id_str)
    return None if legacy.retweeted_status_id_str is None else Original(id_str=legacy.retweeted_status_id_str)


def _original(results: TweetResults | None, ids: Ids) -> Original | None:
    """The quoted post; `None` where X shows a tombstone in its place, so that its number and link say what they can."""
    original = _as_original(results)
    return None if original is None or ids.known(original.id_str, None) is None else original


def _as_original(results: TweetResults | None) -> Original | None:
    tweet = None if results is None or results.result is None else _unwrapped(results.result)
    legacy = None if tweet is None else tweet.legacy
    if tweet is None or legacy is None:
        return None
    user = _user(tweet, legacy)
    return Original(
        id_str=tweet.rest_id or legacy.id_str,
        full_text=legacy.full_text,
        extended_tweet=_whole_text(tweet, None),
        user=None if user.id_str is None else user,
        edit_history=_edit_history(tweet),
    )
