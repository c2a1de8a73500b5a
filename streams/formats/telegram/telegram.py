"""The format `telegram`: exports of Telegram Desktop (`result.json`), and messages of Telethon, one a line."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from streams.core.rounded_ids import IdEvidence, Verdict
from streams.deadletters import Reason
from streams.formats.fields.mending import Member
from streams.formats.reader import Reading, Skipped
from streams.formats.telegram.telegram_export import EXPORT_NAMES, read_exported, skipped_chat
from streams.formats.telegram.telegram_payloads import Chat, Export, ExportedMessage, Message, TelegramRecord
from streams.formats.telegram.telegram_telethon import TELETHON_NAMES, read_telethon
from streams.formats.twitter.twitter_v1_fields import Ids
from streams.refusal import DECODE_ERRORS, Refused, refused_line, undecodable

__all__ = ["SKIPPED_NAMES", "TelegramReader"]

SKIPPED_NAMES: Final = EXPORT_NAMES | TELETHON_NAMES | {"blank", "empty_chat", "no_chats", "other_data"}

_BLANK: Final = Skipped("blank")
_EMPTY_CHAT: Final = Skipped("empty_chat")
_NO_CHATS: Final = Skipped("no_chats")
_OTHER_DATA: Final = Skipped("other_data")
# What an export of everything has beside its chats.
_OTHER_MEMBERS: Final = frozenset(
    {
        *("contacts", "frequent_contacts", "other_data", "personal_information"),
        *("profile_pictures", "sessions", "stories", "web_sessions"),
    }
)
# Bytes of all parts together. Messages have at least 150 bytes each, and what is repeated around them as much at most;
# beyond this somebody has millions of nothing.
_MAX_PARTS_BYTES: Final = 4 * 16_777_216

# Telegram Desktop writes control characters as `\x1F`, which no JSON has.
_ESCAPE: Final = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|.)", re.DOTALL)

_record: Final = Decoder(TelegramRecord)
_export: Final = Decoder(Export)
_chat: Final = Member(Chat)
_exported: Final = Member(ExportedMessage)
_message: Final = Member(Message)
_IDS: Final = Ids(exact_numbers=True)  # no id of Telegram is longer than a double is exact


class TelegramReader:
    """Reads an export message by message: one with several is refused by `read`, and read through `parts`."""

    name: Final = "telegram"

    def read(self, line: bytes) -> Reading:
        """One event, a message skipped under one of `SKIPPED_NAMES`, or a rejection. Never raises.

        Only the fields that events need are looked at. One of another type than Telegram's is put right, or unknown.
        """
        if not line or line.isspace():
            return _BLANK
        line = _with_json_escapes(line)
        try:
            return _read(line)
        except DECODE_ERRORS as error:
            return undecodable(line, error)
        except Refused as refused:
            return refused_line(line, refused)

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """See `FormatReader`: no id of Telegram is longer than a double is exact."""

    def of_file(self, numbers: Verdict) -> "TelegramReader":
        """See `FormatReader`."""
        return self

    def parts(self, line: bytes) -> Sequence[bytes]:
        """See `FormatReader`: the chats of an export of everything, or the messages of one chat, each within what is
        said of the chat.
        """
        line = _with_json_escapes(line)
        try:
            record = _record.decode(line)
            if not record.messages:
                chats = _chats(line)
                if len(chats) != 1:
                    return chats
                line = chats[0]
            chat = _chat.decoded(Raw(line), "$", _IDS)
        except (*DECODE_ERRORS, Refused):
            return ()
        return _messages_of(chat)


def _with_json_escapes(line: bytes) -> bytes:
    if b"\\x" not in line:
        return line
    return _ESCAPE.sub(lambda found: b"\\u00" + found[1] if found[1] else found[0], line)


def _read(line: bytes) -> Reading:
    record = _record.decode(line)
    if record.messages:
        return _read_chat(line)
    if record.peer_id or record.to_id or record.kind or record.kind_of_4cat:
        return read_telethon(_message.decoded(Raw(line), "$", _IDS))
    if record.chats or record.left_chats:
        chats = _chats(line)
        if len(chats) == 1:
            return _read_chat(chats[0])
        if not chats:
            return _NO_CHATS
        raise Refused(Reason.UNKNOWN_SHAPE, f"an export of {len(chats):,} chats, which are read one by one")
    keys = msgspec.json.decode(line).keys()
    if keys & _OTHER_MEMBERS:
        return _OTHER_DATA
    raise Refused(
        Reason.UNKNOWN_SHAPE,
        f"no `messages`, `chats` or `peer_id` among the keys {', '.join(list(keys)[:10]) or '(none)'}",
    )


def _chats(line: bytes) -> list[bytes]:
    """The chats of an export of everything."""
    export = _export.decode(line)
    lists = (each.chats for each in (export.chats, export.left_chats) if each is not None)
    return [bytes(chat) for chats in lists for chat in chats or ()]


def _read_chat(line: bytes) -> Reading:
    chat = _chat.decoded(Raw(line), "$", _IDS)
    skipped = skipped_chat(chat)
    if skipped is not None:
        return skipped
    if not chat.messages:
        return _EMPTY_CHAT
    if len(chat.messages) > 1:
        raise Refused(Reason.UNKNOWN_SHAPE, f"a chat of {len(chat.messages):,} messages, which are read one by one")
    message = _exported.decoded(chat.messages[0], "messages[0]", _IDS)
    return read_exported(chat, message)


def _messages_of(chat: Chat) -> list[bytes]:
    """A record for each message of a chat that has several."""
    messages = chat.messages or []
    if len(messages) < 2:
        return []
    about = {name: value for name in ("name", "type", "id") if (value := getattr(chat, name)) is not None}
    before = msgspec.json.encode(about)[:-1] + (b"," if about else b"") + b'"messages":['
    if sum(map(_size, messages)) + len(messages) * (len(before) + 2) > _MAX_PARTS_BYTES:
        return []
    return [before + bytes(message) + b"]}" for message in messages]


def _size(raw: Raw) -> int:
    return len(bytes(raw))
