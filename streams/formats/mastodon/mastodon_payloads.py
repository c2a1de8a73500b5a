"""Statuses, accounts and frames of Mastodon's API, as far as events need them.

Sources: docs.joinmastodon.org (entities Status, Account, Quote; streaming). Pleroma, GoToSocial, Truth Social and
others answer in the same shapes.
"""

from typing import Annotated, TypeAlias

from msgspec import Meta, Raw, Struct

from streams.events import Link, Name

__all__ = ["Account", "Mention", "Original", "Quote", "Record", "Status"]

Number: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
LocalId: TypeAlias = Annotated[str, Meta(max_length=128)] | Number
Moment: TypeAlias = Annotated[str, Meta(max_length=64)]
Word: TypeAlias = Annotated[str, Meta(max_length=64)]


class Record(Struct, gc=False):
    """Whatever a record is: a frame of a WebSocket, a page that wraps statuses, an account, or a status."""

    event: Raw = Raw()
    payload: Raw = Raw()
    statuses: Raw = Raw()
    ancestors: Raw = Raw()
    descendants: Raw = Raw()
    acct: Raw = Raw()
    account: Raw = Raw()
    status: Raw = Raw()  # of a notification


class Account(Struct, gc=False):
    """An account as a server sees it; `acct` has no `@host` where it is one of the server's own."""

    id: LocalId | None = None
    username: Name | None = None
    acct: Name | None = None
    url: Link | None = None
    uri: Link | None = None
    display_name: Name | None = None
    created_at: Moment | None = None
    followers_count: Number | None = None
    verified: bool | None = None


class Mention(Struct, gc=False):
    """An account that a text mentions; `id` is the server's own."""

    id: LocalId | None = None
    username: Name | None = None
    acct: Name | None = None
    url: Link | None = None


class Original(Struct, gc=False):
    """A boosted or quoted status."""

    uri: Link | None = None
    url: Link | None = None
    account: Account | None = None
    content: str | None = None
    spoiler_text: str | None = None


class Quote(Original, gc=False):
    """Since Mastodon 4.5 with a `state`; elsewhere the quoted status itself stands here."""

    state: Word | None = None
    quoted_status: Original | None = None
    quoted_status_id: LocalId | None = None


class Card(Struct, gc=False):
    """The preview of a link."""

    url: Link | None = None


class Status(Original, gc=False):
    """A post, or a boost (`reblog`)."""

    created_at: Moment | None = None
    language: Name | None = None
    visibility: Word | None = None
    in_reply_to_id: LocalId | None = None
    in_reply_to_account_id: LocalId | None = None
    mentions: list[Mention] | None = None
    card: Card | None = None
    reblog: Original | None = None
    quote: Quote | None = None
