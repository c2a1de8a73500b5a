"""Hand-made messages of Telegram Desktop's exports and of Telethon, of every shape that events come of."""

from typing import Final

from tests.formats.payloads import Json

__all__ = ["CHANNEL", "EXPORTED", "GROUP", "TELETHON", "chat", "exported", "service", "telethon"]


def exported(number: Json = 12, **more: Json) -> dict[str, Json]:
    """A post of the channel of `chat`, as Telegram Desktop writes it; `date` is of the exporter's clock."""
    return {
        "id": number,
        "type": "message",
        "date": "2021-03-01T10:00:00",
        "date_unixtime": "1614589200",
        "from": "Embassy",
        "from_id": "channel5000000001",
        "text": "of its own",
        "text_entities": [{"type": "plain", "text": "of its own"}],
    } | more


def service(action: str = "create_channel", **more: Json) -> dict[str, Json]:
    return {
        "id": 1,
        "type": "service",
        "date": "2018-06-01T12:00:00",
        "date_unixtime": "1527847200",
        "actor": "Embassy",
        "actor_id": "channel5000000001",
        "action": action,
        "title": "The Embassy",
        "text": "",
        "text_entities": [],
    } | more


def chat(*messages: Json, **more: Json) -> dict[str, Json]:
    """The export of a channel."""
    return {"name": "Embassy", "type": "public_channel", "id": 5000000001, "messages": list(messages)} | more


GROUP: Final = {"name": "Friends of the embassy", "type": "public_supergroup", "id": 6000000001}

PARTS: Final[list[Json]] = [
    {"type": "bold", "text": "Read "},
    {"type": "text_link", "text": "this", "href": "https://example.org/a"},
    {"type": "plain", "text": ", "},
    {"type": "link", "text": "https://example.org/b"},
    {"type": "plain", "text": " and ask "},
    {"type": "mention", "text": "@somebody"},
    {"type": "plain", "text": " or "},
    {"type": "mention_name", "text": "A. Friend", "user_id": 777},
]
TEXT: Final = ["".join(part["text"]) if part["type"] == "plain" else part for part in PARTS]
WHOLE_TEXT: Final = "Read this, https://example.org/b and ask @somebody or A. Friend"

EXPORTED: Final[dict[str, Json]] = {
    "post": chat(exported(text=TEXT, text_entities=PARTS)),
    "forward": chat(exported(forwarded_from="A Source", forwarded_from_id="channel7000000001", text="of another")),
    "forward of a user": chat(exported(forwarded_from="A. Friend", forwarded_from_id="user777")),
    "hidden forward": chat(exported(forwarded_from="A. Shadow")),
    "reply": chat(exported(reply_to_message_id=11)),
    "reply elsewhere": chat(exported(reply_to_message_id=3, reply_to_peer_id="channel7000000001")),
    "edited": chat(exported(edited="2021-03-01T11:00:00", edited_unixtime="1614592800", text="put right")),
    "group": GROUP | {"messages": [exported(from_id="user777", reply_to_message_id=3) | {"from": "A. Friend"}]},
    "created": chat(service()),
    "pinned": chat(service("pin_message")),
    "unsupported": chat({"id": 9, "type": "unsupported"}),
    "private": {"name": "A. Friend", "type": "personal_chat", "id": 777, "messages": [exported()]},
}

CHANNEL: Final[dict[str, Json]] = {"_": "PeerChannel", "channel_id": 5000000001}


def telethon(number: int = 12, **more: Json) -> dict[str, Json]:
    """A post of a channel, as `Message.to_dict` has it."""
    return {
        "_": "Message",
        "id": number,
        "peer_id": CHANNEL,
        "date": "2021-03-01T09:00:00+00:00",
        "message": "of its own",
        "out": False,
        "post": True,
        "from_id": None,
        "fwd_from": None,
        "reply_to": None,
        "entities": [],
        "views": 300,
        "edit_date": None,
    } | more


def forward(**more: Json) -> dict[str, Json]:
    return {"_": "MessageFwdHeader", "date": "2021-02-28T09:00:00+00:00", "from_id": None, "from_name": None} | more


_SOURCE: Final = {"_": "PeerChannel", "channel_id": 7000000001}

TELETHON: Final[dict[str, Json]] = {
    "post": telethon(
        message="🕊 https://example.org/b and this",
        entities=[
            {"_": "MessageEntityUrl", "offset": 3, "length": 21},
            {"_": "MessageEntityTextUrl", "offset": 29, "length": 4, "url": "https://example.org/a"},
            {"_": "MessageEntityMentionName", "offset": 0, "length": 2, "user_id": 777},
            {"_": "MessageEntityBold", "offset": 0, "length": 2},
        ],
    ),
    "forward": telethon(message="of another", fwd_from=forward(from_id=_SOURCE, channel_post=88)),
    "forward of a user": telethon(fwd_from=forward(from_id={"_": "PeerUser", "user_id": 777})),
    "forward of 2019": telethon(to_id=CHANNEL, peer_id=None, fwd_from=forward(channel_id=7000000001, channel_post=88)),
    "hidden forward": telethon(fwd_from=forward(from_name="A. Shadow")),
    "reply": telethon(reply_to={"_": "MessageReplyHeader", "reply_to_msg_id": 11}),
    "group": telethon(peer_id={"_": "PeerChat", "chat_id": 42}, from_id={"_": "PeerUser", "user_id": 777}, post=False),
    "created": {
        "_": "MessageService",
        "id": 1,
        "peer_id": CHANNEL,
        "date": "2018-06-01T10:00:00+00:00",
        "action": {"_": "MessageActionChannelCreate", "title": "The Embassy"},
    },
    "pinned": {"_": "MessageService", "id": 5, "peer_id": CHANNEL, "action": {"_": "MessageActionPinMessage"}},
    "empty": {"_": "MessageEmpty", "id": 6, "peer_id": CHANNEL},
    "private": telethon(peer_id={"_": "PeerUser", "user_id": 777}),
    "4CAT": {
        "_type": "Message",
        "id": 12,
        "peer_id": {"_type": "PeerChannel", "channel_id": 5000000001},
        "date": 1614589200.0,
        "message": "https://example.org/b",
        "entities": [{"offset": 0, "length": 21}],
        "post": True,
        "from_id": None,
        "fwd_from": {
            "date": 1614502800.0,
            "from_id": {
                "channel_id": 7000000001,
                "full_chat": {"id": 7000000001},
                "chats": [{"id": 7000000001, "username": "a_source", "title": "A Source"}],
            },
            "channel_post": 88,
        },
        "_chat": {
            "id": 5000000001,
            "username": "embassy",
            "title": "Embassy",
            "participants_count": 1200,
            "verified": True,
        },
    },
}
