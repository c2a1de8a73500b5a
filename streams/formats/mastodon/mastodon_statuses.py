"""Statuses of Mastodon become canonical events: posts, answers, quotes and boosts."""

from datetime import datetime
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

from streams.deadletters import Reason
from streams.events import Account, Post, PostRef, Retweet
from streams.formats.fields.html_text import text_and_links
from streams.formats.fields.written_times import parse_zoned
from streams.formats.mastodon import mastodon_payloads as payloads
from streams.formats.reader import Reading, Skipped
from streams.refusal import Refused

__all__ = ["MASTODON", "STATUS_NAMES", "read_status"]

MASTODON: Final = "mastodon"

_MAX_ID: Final = 256  # characters, as in a canonical event
_MAX_NAME: Final = 1_024
_MAX_TEXT: Final = 100_000
_MAX_MENTIONS: Final = 100
_MAX_LINKS: Final = 100
_WEB: Final = ("http://", "https://")
_NOT_PUBLIC: Final = Skipped("not_public")
# `limited` is GoToSocial's and Fedibird's circle, `local` and `list` are Pleroma's.
_HIDDEN: Final = frozenset({"private", "direct", "limited", "list"})
_ACCEPTED: Final = "accepted"

STATUS_NAMES: Final = frozenset({"not_public"})


def read_status(status: payloads.Status) -> Reading:
    """The post or boost that a status is. Raises `Refused`.

    Ids are addresses, since every server numbers statuses and accounts by itself.
    """
    if status.visibility in _HIDDEN:
        return _NOT_PUBLIC
    at = parse_zoned(status.created_at or "")
    if at is None:
        said = "no time" if status.created_at is None else f"{status.created_at!r} is no time"
        raise Refused(Reason.BAD_TIME, f"created_at: {said}")
    own_id = _id_of(status)
    if own_id is None:
        raise Refused(Reason.NOT_AN_EVENT, f"uri: {_no_address(status.uri or status.url)}")
    if status.account is None:
        raise Refused(Reason.NOT_AN_EVENT, "account: missing")
    actor = _account(status.account, "account")
    if status.reblog is not None:
        return (_boost(status.reblog, own_id, at, actor),)
    text, links = _text_and_links(status)
    if status.card is not None and status.card.url:
        links = tuple(islice(dict.fromkeys((*links, status.card.url)), _MAX_LINKS))
    return (
        Post(
            platform=MASTODON,
            id=own_id,
            at=at,
            actor=actor,
            text=text,
            lang=status.language or None,
            links=links,
            mentions=tuple(islice(_mentions(status.mentions or ()).values(), _MAX_MENTIONS)),
            reply_to=_reply_to(status, actor),
            quotes=None if status.quote is None else _quotes(status.quote),
        ),
    )


def _boost(original: payloads.Original, own_id: str, at: datetime, actor: Account) -> Retweet:
    if original.account is None:
        raise Refused(Reason.NO_SUBJECT, "reblog.account: missing")
    return Retweet(
        platform=MASTODON,
        id=own_id,
        at=at,
        actor=actor,
        subject=_account(original.account, "reblog.account"),
        post_id=_id_of(original),
        text=_text_and_links(original)[0],
    )


def _text_and_links(status: payloads.Original) -> tuple[str, tuple[str, ...]]:
    """The warning that stands above a text is part of it."""
    text, links = text_and_links(status.content or "")
    if status.spoiler_text:
        text = f"{status.spoiler_text}\n\n{text}"[:_MAX_TEXT]
    return text, links


def _id_of(status: payloads.Original) -> str | None:
    """The address by which all servers know a status."""
    return _address(status.uri) or _address(status.url)


def _address(text: str | None) -> str | None:
    """The address, if it is one that an id can hold. Truth Social and others have no `uri` but an address as well."""
    return text if text is not None and text.startswith(_WEB) and len(text) <= _MAX_ID else None


def _no_address(text: str | None) -> str:
    return "missing" if text is None else f"{text[:60]!r} is no address of at most {_MAX_ID} characters"


def _account(account: payloads.Account, place: str) -> Account:
    """The account, by the address of its profile, which all servers say alike. Raises `Refused`.

    Its age and followers are known to its own server alone: others have the day on which they first saw it, and count
    the followers they know.
    """
    account_id = _address(account.url) or _address(account.uri)
    if account_id is None:
        raise Refused(Reason.NOT_AN_EVENT, f"{place}.url: {_no_address(account.url or account.uri)}")
    is_at_home = account.acct is not None and "@" not in account.acct
    created_at = parse_zoned(account.created_at or "") if is_at_home else None
    followers = account.followers_count if is_at_home else None
    return Account(
        id=account_id,
        handle=_handle(account.acct, account.username, account_id),
        name=account.display_name or None,
        created_at=created_at,
        created_at_source=None if created_at is None else "reported",
        followers=None if followers is None or followers < 0 else followers,
        verified=account.verified,
    )


def _known_account(account: payloads.Account | None) -> Account | None:
    """The account, if the payload has an address of it."""
    try:
        return None if account is None else _account(account, "account")
    except Refused:
        return None


def _handle(acct: str | None, username: str | None, account_id: str) -> str | None:
    """`user@host`; the host is that of the profile where the server leaves its own out."""
    user = acct or username
    if not user:
        return None
    if "@" in user:
        return user
    try:
        host = urlsplit(account_id).hostname
    except ValueError:  # brackets
        return None
    return f"{user}@{host}"[:_MAX_NAME] if host else None


def _mentions(mentions: "list[payloads.Mention] | tuple[()]") -> dict[str, Account]:
    """The mentioned accounts by their addresses, each once."""
    found: dict[str, Account] = {}
    for mention in mentions:
        if (account_id := _address(mention.url)) is not None:
            found[account_id] = Account(id=account_id, handle=_handle(mention.acct, mention.username, account_id))
    return found


def _reply_to(status: payloads.Status, actor: Account) -> PostRef | None:
    """The answered status, by the number that the server gave it: the payload has no address of it.

    Its author is among the mentioned accounts, or answers himself.
    """
    if status.in_reply_to_id is None or not (post_id := str(status.in_reply_to_id)):
        return None
    author_id = status.in_reply_to_account_id
    if author_id is None:
        return PostRef(post_id=post_id)
    if status.account is not None and str(status.account.id) == str(author_id):
        return PostRef(post_id=post_id, account=actor)
    named = [mention for mention in status.mentions or () if str(mention.id) == str(author_id)]
    return PostRef(post_id=post_id, account=next(iter(_mentions(named).values()), None))


def _quotes(quote: payloads.Quote) -> PostRef | None:
    """The quoted status, where its author has accepted the quote, or is not asked (other software)."""
    if quote.state is not None and quote.state != _ACCEPTED:
        return None
    original = quote.quoted_status if quote.state is not None else quote
    post_id = None if original is None else _id_of(original)
    if original is not None and post_id is not None:
        return PostRef(post_id=post_id, account=_known_account(original.account))
    number = str(quote.quoted_status_id) if quote.quoted_status_id is not None else ""
    return PostRef(post_id=number) if number and quote.state is not None else None
