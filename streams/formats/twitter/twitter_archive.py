"""The format `twitter-archive`: an account's own archive of Twitter or X, one record a line or value.

A post does not say whose it is: that stands in the archive's `account.js`, in the same folder, or beside the post.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Raw, Struct
from msgspec.json import Decoder
from msgspec.structs import replace

from streams.core.rounded_ids import IdEvidence, Verdict
from streams.deadletters import Reason
from streams.events import Account, Deletion
from streams.formats.fields.mending import Member, nearly_json, read_or_mend
from streams.formats.reader import Reading, Skipped
from streams.formats.twitter.twitter_archive_payloads import ArchiveAccount, ArchivedTweet
from streams.formats.twitter.twitter_v1 import TwitterV1Reader
from streams.formats.twitter.twitter_v1_fields import Ids, parse_created_at
from streams.formats.twitter.twitter_v1_payloads import Entities, IdString, Mention, Original, Status, User
from streams.formats.twitter.twitter_v1_statuses import event_of_status
from streams.formats.x.x_v2_includes import known_id, parse_time
from streams.formats.x.x_v2_payloads import Id
from streams.refusal import DECODE_ERRORS, Refused

__all__ = ["SKIPPED_NAMES", "TwitterArchiveReader"]

# The other parts of an archive by the only key of their records. What is in them is not looked at.
_PARTS: Final = {
    "account": "account",
    "accountCreationIp": "account_creation_ip",
    "accountLabel": "account_label",
    "accountSuspension": "account_suspension",
    "accountTimezone": "account_timezone",
    "ad": "ad",
    "ageMeta": "age",
    "app": "app",
    "birdwatchNote": "community_note",
    "birdwatchNoteRating": "community_note",
    "blocking": "block",
    "branchLink": "branch_link",
    "branchLinks": "branch_link",
    "catalogItem": "shop",
    "commerceCatalog": "shop",
    "communityNote": "community_note",
    "communityNoteBatSignal": "community_note",
    "communityNoteRating": "community_note",
    "communityNoteTombstone": "community_note",
    "connectedApplication": "connected_application",
    "contact": "contact",
    "deck": "tweetdeck",
    "device": "device",
    "deviceToken": "device",
    "dmConversation": "direct_messages",
    "emailAddressChange": "email_address_change",
    "follower": "follower",
    "following": "following",
    "grokChatItem": "grok_chat",
    "ipAudit": "ip_audit",
    "like": "like",
    "moment": "moment",
    "muting": "mute",
    "niDeviceResponse": "device",
    "noteTweet": "note_tweet",
    "p13nData": "personalization",
    "periscopeAccountInformation": "periscope",
    "periscopeBanInformation": "periscope",
    "periscopeBroadcastMetadata": "periscope",
    "periscopeCommentsMadeByUser": "periscope",
    "periscopeExpiredBroadcasts": "periscope",
    "periscopeFollowers": "periscope",
    "periscopeProfileDescription": "periscope",
    "phoneNumber": "device",
    "productDrop": "shop",
    "productSet": "shop",
    "professionalData": "professional_data",
    "profile": "profile",
    "protectedHistory": "protected_history",
    "registeredDevices": "device",
    "replyPrompt": "reply_prompt",
    "savedSearch": "saved_search",
    "screenNameChange": "screen_name_change",
    "shopModule": "shop",
    "shopifyAccount": "shop",
    "smartblock": "smart_block",
    "spacesMetadata": "spaces",
    "sso": "sso",
    "twitterArticle": "article",
    "twitterArticleMetadata": "article",
    "twitterCircle": "circle",
    "twitterCircleMember": "circle",
    "twitterShop": "shop",
    "userInteractionsData": "link_click",
    "userLinkClicks": "link_click",
    "userListInfo": "list",
    "verified": "verified",
}
_SKIPPED_PARTS: Final = {key: Skipped(name) for key, name in _PARTS.items()}
# Parts with several keys, by two of them: the manifest, and three files of the archives up to 2018.
_KNOWN_BY_TWO: Final = (
    (("archiveInfo", "dataTypes"), Skipped("manifest")),
    (("var_name", "tweet_count"), Skipped("tweet_index")),
    (("full_name", "screen_name"), Skipped("user_details")),
    (("tweets", "lang"), Skipped("payload_details")),
)
_TWEET_HEADER: Final = Skipped("tweet_header")
_BLANK: Final = Skipped("blank")

SKIPPED_NAMES: Final = frozenset(
    {*_PARTS.values(), *(skipped.name for _, skipped in _KNOWN_BY_TWO), "blank", "tweet_header"}
)

# How Twitter writes the text of a retweet. An archive has nothing else that says what is one.
_PASSED_ON: Final = re.compile("RT @[A-Za-z0-9_]{1,20}: ")


class _Named(Struct, gc=False):
    id_str: IdString | None = None
    id: Id | None = None
    tweet_id: IdString | None = None


class _NamedRecord(_Named, gc=False):
    """Where a record has its ids, for a look at how a file writes them."""

    tweet: _Named | None = None


_record: Final = Decoder(dict[str, Raw])
_named_record: Final = Decoder(_NamedRecord)
_tweet: Final = Member(ArchivedTweet)
_account: Final = Member(ArchiveAccount)
_user: Final = Member(User)


class TwitterArchiveReader:
    """Reads the posts of an archive and the headers of its deleted posts; skips its other parts by name."""

    name: Final = "twitter-archive"

    def __init__(self, *, exact_numbers: bool = False, owners: tuple[Account, ...] = ()) -> None:
        """`owners` are the accounts that files beside this one name: whose posts they are, if it is one alone."""
        self._ids = Ids(exact_numbers=exact_numbers)
        self._owners = owners
        self._owner = owners[0] if len(owners) == 1 else None

    def read(self, line: bytes) -> Reading:
        """The events of one record, a record skipped under one of `SKIPPED_NAMES`, or a rejection. Never raises.

        A field of another type than Twitter's is put right, or unknown (`streams.formats.fields.odd_fields`).
        """
        if not line or line.isspace():
            return _BLANK
        return read_or_mend(line, lambda line: _read(line, self._ids, self._owner), nearly_json)

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """See `FormatReader`."""
        try:
            record = _named_record.decode(line)
        except DECODE_ERRORS:
            return
        named = record if record.tweet is None else record.tweet
        text = named.id_str or named.tweet_id or (named.id if isinstance(named.id, str) else None)
        if text is not None:
            texts.add_text(text)
            if isinstance(named.id, int | float):
                numbers.add_pair(named.id, text)
        elif isinstance(named.id, int):
            numbers.add(named.id)

    def parts(self, line: bytes) -> Sequence[bytes]:
        """See `FormatReader`: one line is one record."""
        return ()

    def of_file(self, numbers: Verdict) -> "TwitterArchiveReader":
        """See `FormatReader`."""
        return TwitterArchiveReader(exact_numbers=numbers == "exact", owners=self._owners)

    def beside(self, line: bytes) -> "TwitterArchiveReader | None":
        """See `FolderReader`: `account.js` says whose archive it is. Where two name two accounts, none counts."""
        try:
            record = _record.decode(line)
            owner = _account_of(record["account"], self._ids) if record.keys() == {"account"} else None
        except (*DECODE_ERRORS, Refused):
            return None
        if owner is None or len(self._owners) > 1 or any(owner.id == each.id for each in self._owners):
            return None
        return TwitterArchiveReader(exact_numbers=self._ids.exact_numbers, owners=(*self._owners, owner))


def _read(line: bytes, ids: Ids, owner: Account | None) -> Reading:
    record = _record.decode(line)
    if "tweet" in record:
        return _read_tweet(record["tweet"], record.get("account", Raw()), "tweet", ids, owner)
    if ("full_text" in record or "text" in record) and "created_at" in record:
        return _read_tweet(Raw(line), record.get("account", Raw()), "the record", ids, owner)
    skipped = _skipped(record)
    if skipped is None:
        raise Refused(
            Reason.UNKNOWN_SHAPE,
            f"no record of an archive has the keys {', '.join(list(record)[:10]) or '(none)'}",
        )
    return skipped


def _skipped(record: Mapping[str, Raw]) -> Skipped | None:
    if len(record) == 1:
        (key,) = record
        return _SKIPPED_PARTS.get(key)
    return next((skipped for keys, skipped in _KNOWN_BY_TWO if all(key in record for key in keys)), None)


def _read_tweet(raw: Raw, account: Raw, place: str, ids: Ids, owner: Account | None) -> Reading:
    tweet = _tweet.decoded(raw, place, ids)
    if tweet.full_text is None and _is_there(tweet.user):  # up to 2018: a status of v1.1, retweets and all
        return TwitterV1Reader(exact_numbers=ids.exact_numbers).read(bytes(raw))
    deleted_at = _deleted_at(tweet, place)
    if tweet.tweet_id is not None and tweet.full_text is None:
        return _TWEET_HEADER if deleted_at is None else _deleted(tweet, deleted_at, place, ids)
    author = _author(tweet, account, place, ids, owner)
    try:
        event = replace(event_of_status(_status(tweet, ids), User(id_str=author.id), ids), actor=author)
    except Refused as refused:
        raise Refused(refused.reason, f"{place}.{refused.detail}") from None
    if deleted_at is None:
        return (event,)
    return (event, Deletion(platform="twitter", id=event.id, at=deleted_at, post_id=event.id, actor=author))


def _deleted(header: ArchivedTweet, at: datetime, place: str, ids: Ids) -> Reading:
    post_id = ids.required(header.tweet_id, None, f"{place}.tweet_id")
    author_id = ids.known(header.user_id, None)
    actor = None if author_id is None else Account(id=author_id)
    return (Deletion(platform="twitter", id=post_id, at=at, post_id=post_id, actor=actor),)


def _deleted_at(tweet: ArchivedTweet, place: str) -> datetime | None:
    text = tweet.deleted_at
    if text is None:
        return None
    at = parse_created_at(text) or parse_time(text)
    if at is None:
        raise Refused(Reason.BAD_TIME, f"{place}.deleted_at: {text!r} is no time")
    return at


def _author(tweet: ArchivedTweet, account: Raw, place: str, ids: Ids, owner: Account | None) -> Account:
    """Whose post it is, where something says so. Raises `Refused`: nothing else of an archive's post does."""
    if _is_there(account):
        return _account_of(account, ids)
    if _is_there(tweet.user):
        return ids.account(_user.decoded(tweet.user, f"{place}.user", ids), f"{place}.user.id_str")
    if owner is None:
        raise Refused(
            Reason.NOT_AN_EVENT,
            "account: missing. A post of an archive does not say whose it is: give the folder with its account.js, or "
            "put `account` beside it",
        )
    return owner


def _account_of(account: Raw, ids: Ids) -> Account:
    said = _account.decoded(account, "account", ids)
    created_at = parse_time(said.created_at)
    return Account(
        id=ids.required(said.account_id, None, "account.accountId"),
        handle=said.username or None,
        name=said.name or None,
        created_at=created_at,
        created_at_source=None if created_at is None else "reported",
    )


def _status(tweet: ArchivedTweet, ids: Ids) -> Status:
    """The post as v1.1 has it. Of a retweet the archive keeps no original: the text names whom it passes on."""
    text = tweet.full_text or tweet.text
    entities = tweet.entities
    mentions = [] if entities is None else entities.user_mentions or []
    return Status(
        created_at=tweet.created_at,
        id_str=tweet.id_str or known_id(tweet.id, ids),
        full_text=text,
        entities=Entities(
            urls=None if entities is None else entities.urls,
            user_mentions=[
                Mention(screen_name=each.screen_name, name=each.name, id_str=each.id_str or known_id(each.id, ids))
                for each in mentions
            ],
        ),
        in_reply_to_status_id_str=tweet.in_reply_to_status_id_str or known_id(tweet.in_reply_to_status_id, ids),
        in_reply_to_user_id_str=tweet.in_reply_to_user_id_str or known_id(tweet.in_reply_to_user_id, ids),
        in_reply_to_screen_name=tweet.in_reply_to_screen_name,
        lang=tweet.lang,
        edit_history=None if tweet.edit_info is None else tweet.edit_info.history,
        retweeted_status=Original() if _PASSED_ON.match(text or "") else None,
    )


def _is_there(raw: Raw) -> bool:
    return bytes(raw) not in (b"", b"null")
