"""What a message of X says, and what it costs."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from streams.collectors.source import Chunk
from streams.core.clock import from_us
from streams.deadletters import Reason
from streams.formats.reader import FormatReader, Skipped
from streams.formats.tally import parts_of
from streams.formats.x.x_activity import XActivityReader
from streams.formats.x.x_v2 import XV2Reader
from streams.kafka.dead_letter_record import letter_of
from streams.refusal import DECODE_ERRORS

__all__ = ["FIELDS", "Activities", "MessageStream", "Posts", "Prices"]

FIELDS: Final[Mapping[str, str]] = {
    "tweet.fields": "author_id,created_at,edit_history_tweet_ids,entities,in_reply_to_user_id,lang,note_tweet,"
    "referenced_tweets,text",
    "expansions": "author_id,in_reply_to_user_id,entities.mentions.username,referenced_tweets.id,"
    "referenced_tweets.id.author_id",
    "user.fields": "created_at,name,public_metrics,username,verified",
}
"""What has to be asked for: without it X gives texts and ids alone."""
UNKNOWN_TYPE: Final = "unknown_type"
UNKNOWN_MESSAGE: Final = "unknown_message"
ENDINGS: Final = frozenset({"operational_disconnect", "connection_refused"})
"""Messages after which nothing more comes, by the names under which readers skip them."""


class Prices(Struct, frozen=True, kw_only=True):
    """In micro-dollars: a post (and any other event), a deletion, and what comes included with a post."""

    post: int
    deletion: int
    included: int = 0


class MessageStream:
    """Messages of one kind. `add` returns the name of an ending, where the message is one."""

    def __init__(self, name: str, reader: FormatReader, prices: Prices) -> None:
        self.name = name
        self._reader = reader
        self.prices = prices

    def cost(self, line: bytes) -> int:
        """What a message costs: one that cannot be read was delivered all the same."""
        raise NotImplementedError

    def _stamped(self, line: bytes, at: datetime) -> bytes:
        raise NotImplementedError

    def add(self, chunk: Chunk, line: bytes, offset: int) -> str | None:
        """Add what it says to the chunk; the time of now stands for those that X gives no time."""
        chunk.received += 1
        stamped = self._stamped(line, from_us(time.time_ns() // 1_000))
        ending = None
        for data, reading in parts_of(stamped, self._reader):
            match reading:
                case tuple():
                    chunk.events += reading
                case Skipped(name):
                    chunk.skipped[name] += 1
                    ending = name if name in ENDINGS else ending
                case refused if refused.reason is Reason.UNKNOWN_SHAPE and (kind := _unknown(line)) is not None:
                    chunk.skipped[kind] += 1
                case refused:
                    chunk.letters.append(letter_of(refused, line if data == stamped else data, self.name, 0, offset))
        return ending


class _Typed(Struct, frozen=True):
    event_type: str = ""


class _Envelope(Struct, frozen=True):
    data: _Typed | None = None


_envelope: Final = msgspec.json.Decoder(_Envelope)


class Activities(MessageStream):
    """Events of the Activity API."""

    def __init__(self, name: str, prices: Prices) -> None:
        super().__init__(name, XActivityReader(), prices)

    def cost(self, line: bytes) -> int:
        """See `MessageStream`."""
        try:
            data = _envelope.decode(line).data
        except DECODE_ERRORS:
            return self.prices.post
        if data is None:
            return 0
        return self.prices.deletion if data.event_type == "post.delete" else self.prices.post

    def _stamped(self, line: bytes, at: datetime) -> bytes:
        return _with_member(line, b"observed_at", at.isoformat())


class _Page(Struct, frozen=True):
    data: Raw = Raw()
    includes: dict[str, list[Raw]] = {}


_page: Final = msgspec.json.Decoder(_Page)
_items: Final = msgspec.json.Decoder(list[Raw])


class Posts(MessageStream):
    """Lines of the filtered stream, and pages of timelines."""

    def __init__(self, name: str, prices: Prices) -> None:
        super().__init__(name, XV2Reader(), prices)

    def cost(self, line: bytes) -> int:
        """See `MessageStream`."""
        try:
            page = _page.decode(line)
            if not page.data:
                return 0
            posts = len(_items.decode(page.data)) if bytes(page.data)[:1] == b"[" else 1
        except DECODE_ERRORS:
            return self.prices.post
        included = sum(len(each) for each in page.includes.values())
        return posts * self.prices.post + included * self.prices.included

    def _stamped(self, line: bytes, at: datetime) -> bytes:
        return _with_member(line, b"__twarc", {"retrieved_at": at.isoformat()})


def _with_member(line: bytes, name: bytes, value: Any) -> bytes:
    rest = line.lstrip()[1:].lstrip()
    if not line.lstrip().startswith(b"{") or rest.startswith(b"}"):
        return line
    return b'{"' + name + b'":' + msgspec.json.encode(value) + b"," + rest


def _unknown(line: bytes) -> str | None:
    """The name under which a message of a kind that there was not is skipped; `None` for a broken one of a kind."""
    try:
        said = msgspec.json.decode(line, type=dict[str, Raw])
        if "data" not in said:
            return UNKNOWN_MESSAGE
        return UNKNOWN_TYPE if _envelope.decode(line).data not in (None, _Typed()) else None
    except DECODE_ERRORS:
        return None
