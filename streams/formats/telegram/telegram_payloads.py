"""Telegram's messages as Telegram Desktop exports them and as Telethon has them, as far as events need them.

Sources: `export_output_json.cpp` of Telegram Desktop; Telegram's schema (core.telegram.org/schema); 4CAT's data.
"""

from typing import Annotated, TypeAlias

from msgspec import Meta, Raw, Struct, field

from streams.events import Link, Name, Text

__all__ = [
    "Chat",
    "ChatList",
    "Entity",
    "Export",
    "ExportedMessage",
    "Forward",
    "Message",
    "Peer",
    "TelegramRecord",
    "TextPart",
]

Number: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Moment: TypeAlias = Annotated[str, Meta(max_length=64)]
PeerName: TypeAlias = Annotated[str, Meta(max_length=64)]
Kind: TypeAlias = Annotated[str, Meta(max_length=64)]


class TelegramRecord(Struct, gc=False):
    """Whatever a record is: an export of everything, of one chat, or a message of Telethon."""

    chats: Raw = Raw()
    left_chats: Raw = Raw()
    messages: Raw = Raw()
    peer_id: Raw = Raw()
    to_id: Raw = Raw()  # as `peer_id` was called until 2020
    kind: Raw = field(name="_", default=Raw())
    kind_of_4cat: Raw = field(name="_type", default=Raw())


class ChatList(Struct, gc=False):
    """A record for each chat."""

    chats: list[Raw] | None = field(name="list", default=None)


class Export(Struct, gc=False):
    """The export of everything that an account can see."""

    chats: ChatList | None = None
    left_chats: ChatList | None = None


class Chat(Struct, gc=False):
    """The export of one chat; `id` is bare, so that it takes `type` to name an account."""

    id: Number | None = None
    type: Kind | None = None
    name: Name | None = None
    messages: list[Raw] | None = None


class TextPart(Struct, gc=False):
    """A stretch of a text, and what it is."""

    type: Kind | None = None
    text: Text | None = None
    href: Link | None = None
    user_id: Number | None = None


class ExportedMessage(Struct, gc=False):
    """A message of an export. Times are strings of seconds; ids of accounts are `channel…`, `user…` or `chat…`."""

    id: Number | None = None
    type: Kind | None = None
    date_unixtime: Moment | Number | None = None
    sender: Name | None = field(name="from", default=None)
    from_id: PeerName | None = None
    actor_id: PeerName | None = None
    action: Kind | None = None
    title: Name | None = None
    forwarded_from: Name | None = None
    forwarded_from_id: PeerName | None = None
    reply_to_message_id: Number | None = None
    reply_to_peer_id: PeerName | None = None
    text: Text | list[str | TextPart] | None = None
    text_entities: list[TextPart] | None = None


class Entity(Struct, gc=False):
    """A stretch of a text in UTF-16 units; 4CAT keeps no kind."""

    kind: Kind | None = field(name="_", default=None)
    kind_of_4cat: Kind | None = field(name="_type", default=None)
    offset: Number | None = None
    length: Number | None = None
    url: Link | None = None
    user_id: Number | None = None


class Profiled(Struct, gc=False):
    """What Telethon knows of a channel, a group or a user."""

    id: Number | None = None
    username: Name | None = None
    title: Name | None = None
    first_name: Name | None = None
    last_name: Name | None = None
    participants_count: Number | None = None
    verified: bool | None = None


class Peer(Struct, gc=False):
    """Names a channel, a user or a group. 4CAT may have put what it knows of it in its place (`chats`, `user`)."""

    channel_id: Number | None = None
    user_id: Number | None = None
    chat_id: Number | None = None
    chats: list[Profiled] | None = None
    user: Profiled | None = None


class Forward(Struct, gc=False):
    """Where a message came from; only a name where its source hides. `channel_id` stood there until 2020."""

    from_id: Peer | Number | None = None
    channel_id: Number | None = None
    channel_post: Number | None = None


class Reply(Struct, gc=False):
    """The answered message."""

    reply_to_msg_id: Number | None = None
    reply_to_peer_id: Peer | None = None


class Action(Struct, gc=False):
    """What a service message tells of."""

    kind: Kind | None = field(name="_", default=None)
    kind_of_4cat: Kind | None = field(name="_type", default=None)
    title: Name | None = None


class Message(Struct, gc=False):
    """A message of Telethon, by `to_dict` or as 4CAT stores it. Times are ISO 8601 or seconds since 1970."""

    kind: Kind | None = field(name="_", default=None)
    kind_of_4cat: Kind | None = field(name="_type", default=None)
    id: Number | None = None
    date: Moment | Number | float | None = None
    peer_id: Peer | None = None
    to_id: Peer | None = None
    from_id: Peer | Number | None = None
    message: Text | None = None
    entities: list[Entity] | None = None
    forward: Forward | None = field(name="fwd_from", default=None)
    reply_to: Reply | None = None
    reply_to_msg_id: Number | None = None
    post: bool | None = None
    action: Action | None = None
    chat: Profiled | None = field(name="_chat", default=None)
    sender: Profiled | None = field(name="_sender", default=None)
