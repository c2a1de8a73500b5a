"""Twitter v1.1 statuses: posts, answers, quotes and retweets become canonical events."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from streams.core.platforms import handle_in_link, hosts_of
from streams.deadletters import Reason
from streams.events import Account, Post, PostRef, Retweet
from streams.formats.twitter.twitter_v1_fields import Ids, event_time, handle_passed_on
from streams.formats.twitter.twitter_v1_payloads import Entities, Mention, Original, Status, User
from streams.refusal import Refused

__all__ = ["event_of_status", "further_versions"]

# Twitter lets an answer address 50 accounts (seen in real data), and nothing links to more; a payload with more is cut
# to the first 50 of each, in the order of the text.
_MAX_MENTIONS: Final = 50
_MAX_LINKS: Final = 50
_MAX_VERSIONS: Final = 32  # X allows five edits
_HOSTS: Final = hosts_of("twitter")


def event_of_status(status: Status, user: User, ids: Ids, *, observed_at: datetime | None = None) -> Post | Retweet:
    """The event that a status by `user` is. Raises `Refused`.

    A status with `retweeted_status` is a retweet, also where the retweeted one quotes a third: the subject is the
    author of the one passed on.
    """
    original = status.retweeted_status
    if original is None:
        return _post(status, user, ids, observed_at)
    return _retweet(status, user, original, ids, observed_at)


def _retweet(status: Status, user: User, original: Original, ids: Ids, observed_at: datetime | None) -> Retweet:
    author = original.user
    return Retweet(
        platform="twitter",
        id=ids.required(status.id_str, status.id, "id_str"),
        at=event_time(status.created_at, "created_at"),
        observed_at=observed_at,
        actor=ids.account(user, "user.id_str"),
        subject=_named_subject(status, ids) if author is None else ids.account(author, "retweeted_status.user.id_str"),
        post_id=_initial_id(original, ids) or ids.known(original.id_str, original.id),
        text=_text(original) or _text(status),
        versions=_versions(original, ids),
    )


def _named_subject(status: Status, ids: Ids) -> Account:
    """Whom `RT @handle: …` passes on: the first mention, provided that it is that handle's.

    The check is needed: where the author's account was gone, Twitter left its mention out, and the first one left is
    of somebody named in the text (one of 25,619 real retweets; in all others the first mention is that handle's).
    """
    passed_on = handle_passed_on(_text(status))
    mentions = status.entities.user_mentions if status.entities is not None else None
    if passed_on is None or not mentions:
        raise Refused(Reason.NO_SUBJECT, "retweeted_status: no user, and no `RT @handle` with its mention")
    first = mentions[0]
    handle = first.screen_name
    account_id = ids.known(first.id_str, first.id)
    if not handle or account_id is None or passed_on != handle.lower():
        raise Refused(Reason.NO_SUBJECT, "retweeted_status: no user, and the first mention is not of the `RT @handle`")
    return Account(id=account_id, handle=handle, name=first.name or None)


def _post(status: Status, user: User, ids: Ids, observed_at: datetime | None) -> Post:
    extended = status.extended_tweet
    entities = status.entities if extended is None or extended.entities is None else extended.entities
    return Post(
        platform="twitter",
        id=_first_id(status, ids),
        at=event_time(status.created_at, "created_at"),
        observed_at=observed_at,
        actor=ids.account(user, "user.id_str"),
        text=_text(status),
        lang=status.lang or None,
        links=_links(entities, status.urls),
        mentions=_mentions(status.user_mentions if entities is None else entities.user_mentions, ids),
        reply_to=_reply_to(status, ids),
        quotes=_quotes(status, ids, entities),
        versions=_versions(status, ids),
    )


def _text(status: Status | Original) -> str:
    """The longest form there is."""
    extended = status.extended_tweet
    if extended is not None and extended.full_text:
        return extended.full_text
    return status.full_text or status.text or ""


def _first_id(status: Status, ids: Ids) -> str:
    """The id of the first version: an edited status is one status, whichever version somebody has."""
    return _initial_id(status, ids) or ids.required(status.id_str, status.id, "id_str")


def _initial_id(status: Status | Original, ids: Ids) -> str | None:
    return None if status.edit_history is None else ids.known(status.edit_history.initial_tweet_id, None)


def _versions(status: Status | Original, ids: Ids) -> tuple[str, ...]:
    """The ids of an edited status besides that of its first version."""
    history = status.edit_history
    if history is None:
        return ()
    said = [ids.known(each, None) for each in (history.edit_tweet_ids or ())[:_MAX_VERSIONS]]
    own = ids.known(status.id_str, status.id)
    return further_versions(_initial_id(status, ids) or own, own, said)


def further_versions(first: str | None, own: str | None, said: Sequence[str | None]) -> tuple[str, ...]:
    """Of the ids of a post's versions, as far as they are known, all but the first one's; its own is never cut."""
    found = dict.fromkeys(each for each in (own, *said) if each is not None and each != first)
    return tuple(found)[:_MAX_VERSIONS]


def _links(entities: Entities | None, expanded: dict[str, str] | None) -> tuple[str, ...]:
    if entities is None:
        return tuple(islice(filter(None, (expanded or {}).values()), _MAX_LINKS))
    links = (url.expanded_url or url.url for url in entities.urls or ())
    return tuple(islice((link for link in links if link), _MAX_LINKS))


def _mentions(mentions: list[Mention] | None, ids: Ids) -> tuple[Account, ...]:
    """The mentioned accounts; a mention without an id (an account that was gone) says of nobody anything."""
    if not mentions:
        return ()
    return tuple(
        Account(id=account_id, handle=mention.screen_name or None, name=mention.name or None)
        for mention in mentions[:_MAX_MENTIONS]
        if (account_id := ids.known(mention.id_str, mention.id)) is not None
    )


def _reply_to(status: Status, ids: Ids) -> PostRef | None:
    """The answered post. A text that only begins with a mention answers an account but no post: `None`."""
    post_id = ids.known(status.in_reply_to_status_id_str, status.in_reply_to_status_id)
    if post_id is None:
        return None
    account_id = ids.known(status.in_reply_to_user_id_str, status.in_reply_to_user_id)
    if account_id is None:
        return PostRef(post_id=post_id)
    return PostRef(post_id=post_id, account=Account(id=account_id, handle=status.in_reply_to_screen_name or None))


def _quotes(status: Status, ids: Ids, entities: Entities | None) -> PostRef | None:
    """The quoted post; its author's id is known only where the payload holds `quoted_status.user`, and the handle
    otherwise from the link to the post: all that is left once it is gone.
    """
    quoted = status.quoted_status
    if quoted is None:
        known = ids.known(status.quoted_status_id_str, status.quoted_status_id)
        if known is None:
            return None
        return PostRef(post_id=known, handle=_quoted_handle(status, known, entities))
    post_id = _initial_id(quoted, ids) or ids.required(quoted.id_str, quoted.id, "quoted_status.id_str")
    author, versions = quoted.user, _versions(quoted, ids)
    if author is None:
        return PostRef(post_id=post_id, handle=_quoted_handle(status, post_id, entities), versions=versions)
    return PostRef(post_id=post_id, account=ids.account(author, "quoted_status.user.id_str"), versions=versions)


def _quoted_handle(status: Status, post_id: str, entities: Entities | None) -> str | None:
    """Whose post the permalink names, or the link to it in the text."""
    permalink = status.quoted_status_permalink
    links = _links(entities, status.urls)
    for link in links if permalink is None or permalink.expanded is None else (permalink.expanded, *links):
        if link.partition("?")[0].rstrip("/").endswith(f"/{post_id}"):
            return handle_in_link(link, _HOSTS)
    return None
