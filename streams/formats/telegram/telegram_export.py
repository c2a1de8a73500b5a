"""Messages of Telegram Desktop's exports become canonical events. Knows one message at a time, and its chat."""

from typing import Final

from streams.deadletters import Reason
from streams.events import Account, Post, PostRef, Profile, Retweet
from streams.formats.reader import Reading, Skipped
from streams.formats.telegram.telegram_fields import (
    TELEGRAM,
    account_id,
    features,
    peer,
    post_id,
    required_number,
    required_time,
)
from streams.formats.telegram.telegram_payloads import Chat, ExportedMessage, TextPart
from streams.refusal import Refused

__all__ = ["EXPORT_NAMES", "read_exported", "skipped_chat"]

# Of `type` of a chat: what the numbers of its accounts begin with.
_KIND_OF: Final = {
    "private_channel": "channel",
    "private_group": "chat",
    "private_supergroup": "channel",
    "public_channel": "channel",
    "public_supergroup": "channel",
}
# Between a few people; not for anybody's count.
_PRIVATE: Final = frozenset({"bot_chat", "personal_chat", "replies", "saved_messages", "verification_codes"})
_PRIVATE_CHAT: Final = Skipped("private_chat")
_SERVICE_MESSAGE: Final = Skipped("service_message")
_UNSUPPORTED: Final = Skipped("unsupported_message")

EXPORT_NAMES: Final = frozenset({"private_chat", "service_message", "unsupported_message"})


def skipped_chat(chat: Chat) -> Skipped | None:
    """Why nothing of a chat is read; `None` for channels and groups."""
    return _PRIVATE_CHAT if chat.type in _PRIVATE else None


def read_exported(chat: Chat, message: ExportedMessage) -> Reading:
    """What a message of a channel or group says. Raises `Refused`."""
    if message.type == "unsupported":
        return _UNSUPPORTED
    kind = _KIND_OF.get(chat.type or "")
    if kind is None:
        raise Refused(Reason.UNKNOWN_SHAPE, f"type: {chat.type!r} is no known kind of chat")
    chat_id = account_id(kind, chat.id)
    if chat_id is None:
        raise Refused(Reason.NOT_AN_EVENT, "id: missing" if chat.id is None else f"id: {chat.id} is no id of a chat")
    if message.type == "service":
        return _read_service(chat, chat_id, message)
    if message.type != "message":
        raise Refused(Reason.UNKNOWN_SHAPE, f"messages[0].type: {message.type!r}")
    return (_event(chat, chat_id, message),)


def _read_service(chat: Chat, chat_id: str, message: ExportedMessage) -> Reading:
    """That the channel was created; nothing else of what service messages tell of is counted."""
    if message.action != "create_channel":
        return _SERVICE_MESSAGE
    at = required_time(message.date_unixtime, "messages[0].date_unixtime")
    name = message.title or chat.name or None
    actor = Account(id=chat_id, name=name, created_at=at, created_at_source="reported")
    return (Profile(platform=TELEGRAM, id=f"create:{chat_id}", at=at, actor=actor),)


def _event(chat: Chat, chat_id: str, message: ExportedMessage) -> Post | Retweet:
    own_id = post_id(chat_id, required_number(message.id, "messages[0].id"))
    at = required_time(message.date_unixtime, "messages[0].date_unixtime")
    actor = _actor(chat, chat_id, message)
    parts = _parts(message)
    text = _text(message)
    source = peer(message.forwarded_from_id)
    if source is not None:
        subject = Account(id=source, name=message.forwarded_from or None)
        return Retweet(platform=TELEGRAM, id=own_id, at=at, actor=actor, subject=subject, text=text)
    links, mentions = features(
        (part.href or (part.text if part.type == "link" else None) for part in parts),
        ((part.user_id, part.text) for part in parts if part.type == "mention_name"),
    )
    return Post(
        platform=TELEGRAM,
        id=own_id,
        at=at,
        actor=actor,
        text=text,
        links=links,
        mentions=mentions,
        reply_to=_reply_to(chat, chat_id, message),
    )


def _actor(chat: Chat, chat_id: str, message: ExportedMessage) -> Account:
    """Whose message it is; a channel's own where nobody is named."""
    sender = peer(message.from_id)
    if sender is not None:
        return Account(id=sender, name=message.sender or None)
    if message.from_id is None and _is_channel(chat):
        return Account(id=chat_id, name=chat.name or None)
    said = "missing" if message.from_id is None else f"{message.from_id!r} is no id"
    raise Refused(Reason.NOT_AN_EVENT, f"messages[0].from_id: {said}")


def _is_channel(chat: Chat) -> bool:
    """Whether nobody but the channel itself posts in it."""
    return (chat.type or "").endswith("_channel")


def _parts(message: ExportedMessage) -> list[TextPart]:
    if message.text_entities is not None:
        return message.text_entities
    text = message.text
    return [part for part in text if isinstance(part, TextPart)] if isinstance(text, list) else []


def _text(message: ExportedMessage) -> str:
    text = message.text
    if not isinstance(text, list):
        return text or ""
    return "".join(part if isinstance(part, str) else part.text or "" for part in text)


def _reply_to(chat: Chat, chat_id: str, message: ExportedMessage) -> PostRef | None:
    """The answered message. Its author is known in a channel, where all posts are the channel's."""
    number = message.reply_to_message_id
    if number is None or number <= 0:
        return None
    if message.reply_to_peer_id is not None:
        other = peer(message.reply_to_peer_id)
        return None if other is None else PostRef(post_id=post_id(other, number))
    author = Account(id=chat_id, name=chat.name or None) if _is_channel(chat) else None
    return PostRef(post_id=post_id(chat_id, number), account=author)
