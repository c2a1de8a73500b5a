"""Messages of Telethon, and of 4CAT, which collects with it, become canonical events."""

from typing import Final

from streams.deadletters import Reason
from streams.events import Account, Post, PostRef, Profile, Retweet
from streams.formats.reader import Reading, Skipped
from streams.formats.telegram.telegram_fields import (
    TELEGRAM,
    account_id,
    features,
    post_id,
    required_number,
    required_time,
)
from streams.formats.telegram.telegram_payloads import Action, Entity, Forward, Message, Peer, Profiled
from streams.refusal import Refused

__all__ = ["TELETHON_NAMES", "read_telethon"]

_EMPTY: Final = Skipped("empty_message")  # stands for one that is gone, and does not say when
_PRIVATE_CHAT: Final = Skipped("private_chat")
_SERVICE_MESSAGE: Final = Skipped("service_message")

TELETHON_NAMES: Final = frozenset({"empty_message", "private_chat", "service_message"})

_MAX_FOLLOWERS: Final = 2**63 - 1
_LINKS: Final = ("http://", "https://")


def read_telethon(message: Message) -> Reading:
    """What a message says. Raises `Refused`."""
    kind = message.kind or message.kind_of_4cat
    if kind == "MessageEmpty":
        return _EMPTY
    if kind not in (None, "Message", "MessageService"):
        raise Refused(Reason.UNKNOWN_SHAPE, f"_: {kind!r} is no message")
    chat = message.peer_id or message.to_id
    if chat is None:
        raise Refused(Reason.NOT_AN_EVENT, "peer_id: missing")
    if chat.user_id is not None:
        return _PRIVATE_CHAT
    chat_id = _id_of(chat)
    if chat_id is None:
        raise Refused(Reason.NOT_AN_EVENT, "peer_id: names no channel and no group")
    if kind == "MessageService" or message.action is not None:
        return _read_service(chat_id, message, message.action)
    return (_event(chat_id, message),)


def _read_service(chat_id: str, message: Message, action: Action | None) -> Reading:
    """That the channel was created; nothing else of what service messages tell of is counted."""
    if action is None or (action.kind or action.kind_of_4cat) != "MessageActionChannelCreate":
        return _SERVICE_MESSAGE
    at = required_time(message.date, "date")
    actor = Account(id=chat_id, name=action.title or None, created_at=at, created_at_source="reported")
    return (Profile(platform=TELEGRAM, id=f"create:{chat_id}", at=at, actor=actor),)


def _event(chat_id: str, message: Message) -> Post | Retweet:
    own_id = post_id(chat_id, required_number(message.id, "id"))
    at = required_time(message.date, "date")
    actor = _actor(chat_id, message)
    text = message.message or ""
    forward = message.forward
    source = None if forward is None else _source(forward)
    if forward is not None and source is not None:
        number = forward.channel_post
        return Retweet(
            platform=TELEGRAM,
            id=own_id,
            at=at,
            actor=actor,
            subject=source,
            post_id=post_id(source.id, number) if number is not None and number > 0 else None,
            text=text,
        )
    entities = message.entities or []
    links, mentions = features(
        (entity.url or _link(entity, text) for entity in entities),
        ((entity.user_id, None) for entity in entities),
    )
    return Post(
        platform=TELEGRAM,
        id=own_id,
        at=at,
        actor=actor,
        text=text,
        links=links,
        mentions=mentions,
        reply_to=_reply_to(chat_id, message),
    )


def _id_of(peer: Peer | int | None) -> str | None:
    """The id of an account. A bare number is a user's, as until 2020."""
    if isinstance(peer, int):
        return account_id("user", peer)
    if peer is None:
        return None
    if peer.channel_id is not None:
        return account_id("channel", peer.channel_id)
    if peer.chat_id is not None:
        return account_id("chat", peer.chat_id)
    number = peer.user_id if peer.user_id is not None or peer.user is None else peer.user.id
    return account_id("user", number)


def _actor(chat_id: str, message: Message) -> Account:
    """Whose message it is: the chat's own where nobody is named, as in channels and of its nameless administrators."""
    if message.from_id is None:
        return _known(chat_id, (message.chat, message.sender))
    sender_id = _id_of(message.from_id)
    if sender_id is None:
        raise Refused(Reason.NOT_AN_EVENT, "from_id: names nobody")
    return _known(sender_id, (message.sender, message.chat))


def _known(known_id: str, candidates: tuple[Profiled | None, ...]) -> Account:
    """The account with what the message says of it. Each candidate has a bare number."""
    number = known_id.lstrip("abcdefghijklmnopqrstuvwxyz")
    for each in candidates:
        if each is not None and each.id is not None and str(each.id) == number:
            followers = each.participants_count
            return Account(
                id=known_id,
                handle=each.username or None,
                name=each.title or " ".join(filter(None, (each.first_name, each.last_name)))[:1_024] or None,
                followers=followers if followers is not None and 0 <= followers <= _MAX_FOLLOWERS else None,
                verified=each.verified,
            )
    return Account(id=known_id)


def _source(forward: Forward) -> Account | None:
    """Whom a message was forwarded from; `None` where the source hides and only a name is there."""
    source_id = account_id("channel", forward.channel_id) or _id_of(forward.from_id)
    if source_id is None:
        return None
    peer = forward.from_id if isinstance(forward.from_id, Peer) else None
    if peer is None:
        return Account(id=source_id)
    return _known(source_id, (peer.user, *(peer.chats or ())))


def _link(entity: Entity, text: str) -> str | None:
    """The address that is a stretch of the text."""
    if (entity.kind or entity.kind_of_4cat) not in (None, "MessageEntityUrl"):
        return None
    offset, length = entity.offset, entity.length
    if offset is None or length is None or not 0 <= offset < offset + length <= 2 * len(text):
        return None
    stretch = text[offset : offset + length]
    if not text.isascii():
        units = text.encode("utf-16-le", "surrogatepass")
        stretch = units[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace")
    is_said = entity.kind is not None or entity.kind_of_4cat is not None
    return stretch if is_said or stretch.startswith(_LINKS) else None


def _reply_to(chat_id: str, message: Message) -> PostRef | None:
    """The answered message. Its author is known in a channel, where all posts are the channel's."""
    reply = message.reply_to
    number = message.reply_to_msg_id if reply is None else reply.reply_to_msg_id
    if number is None or number <= 0:
        return None
    if reply is not None and reply.reply_to_peer_id is not None:
        other = _id_of(reply.reply_to_peer_id)
        return None if other is None else PostRef(post_id=post_id(other, number))
    return PostRef(post_id=post_id(chat_id, number), account=_known(chat_id, (message.chat,)) if message.post else None)
