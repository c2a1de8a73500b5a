"""A Jetstream that sends as fast as anybody reads: frames are made before the first connection, and go out in blocks.

Arguments: the wire (`v1` or `v2`), the number of frames, and `plain` where nobody asks for packed ones. Prints its port
when it is ready. Whoever names no account gets the first frame alone, everybody else all of them.
"""

import asyncio
import sys
from collections.abc import Iterator
from typing import Any, Final

import zstandard
from aiohttp import WSMsgType, web

from tools.servers.jetstream.dictionary import v2_dictionary
from tools.servers.jetstream.log import LogEvent, account, commit, tid
from tools.servers.jetstream.server import DICTIONARY_PATH, V1_PATH, V2_PATH
from tools.servers.jetstream.wires import v1_frame, v2_frame

__all__ = ["FIRST_US", "official"]

FIRST_US: Final = 1_772_366_400_000_000
"""When the first frame was witnessed; each further one a millisecond later."""

_BLOCK: Final = 262_144  # bytes
_MOST_WAITING: Final = 4_194_304
_DICTIONARY: Final = v2_dictionary()
_WORDS: Final = "the minister received the ambassador this morning and spoke of the meeting in the spring; more follows"


def official(number: int) -> str:
    """The DID of an official."""
    return f"did:plc:official{tid(number)}abc"


def _events(count: int) -> Iterator[LogEvent]:
    """What officials do: 55 % posts (a third with a link and a mention), 25 % reposts, 10 % deletions, 10 % follows."""
    for number in range(count):
        at, did = FIRST_US + number * 1_000, official(number % 1_000)
        key, turn = tid(at - 1_500_000), number % 20
        written = {"createdAt": "2026-03-01T12:00:00.000Z"}
        other = official(5_000 + number % 3_000)
        if turn < 11:
            post: dict[str, Any] = {**written, "langs": ["en"], "text": f"{number} {_WORDS}"[: 40 + number % 80]}
            if turn < 4:
                mention = {"$type": "app.bsky.richtext.facet#mention", "did": other}
                link = {"$type": "app.bsky.richtext.facet#link", "uri": f"https://example.gov/news/{number}"}
                post["facets"] = [
                    {"index": {"byteStart": 0, "byteEnd": 9}, "features": [feature]} for feature in (mention, link)
                ]
            yield commit(did, "app.bsky.feed.post", key, post, time_us=at)
        elif turn < 16:
            subject = {"cid": "bafyrei" + "a" * 52, "uri": f"at://{other}/app.bsky.feed.post/{key}"}
            yield commit(did, "app.bsky.feed.repost", key, {**written, "subject": subject}, time_us=at)
        elif turn < 18:
            yield commit(did, "app.bsky.feed.repost", key, time_us=at)
        else:
            yield commit(did, "app.bsky.graph.follow", key, {**written, "subject": other}, time_us=at)


def _framed(payload: bytes, *, binary: bool) -> bytes:
    """One WebSocket message as a server sends it."""
    size = len(payload)
    head = bytes([0x82 if binary else 0x81])
    if size < 126:
        return head + bytes([size]) + payload
    if size < 65_536:
        return head + bytes([126]) + size.to_bytes(2, "big") + payload
    return head + bytes([127]) + size.to_bytes(8, "big") + payload


def _blocks(messages: Iterator[bytes]) -> list[bytes]:
    blocks, block = [], bytearray()
    for message in messages:
        block += message
        if len(block) >= _BLOCK:
            blocks.append(bytes(block))
            block.clear()
    return [*blocks, bytes(block)]


class _Feed:
    def __init__(self, wire: str, count: int, *, is_packed: bool) -> None:
        packer = zstandard.ZstdCompressor(level=1, dict_data=zstandard.ZstdCompressionDict(_DICTIONARY))
        self.first = next(_frames(wire, 1))
        self.plain = _blocks(_framed(frame, binary=False) for frame in _frames(wire, count))
        packed = (_framed(packer.compress(frame), binary=True) for frame in _frames(wire, count))
        self.packed = _blocks(packed) if is_packed else []
        notice = account(official(0), time_us=FIRST_US, active=True, time="2026-03-01T12:00:00Z")
        self.notice = v1_frame(notice) if wire == "v1" else v2_frame(notice)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("xrpc.v1.json",), compress=False)
        await socket.prepare(request)
        says_later = request.query.get("requireHello") == "true"
        if says_later:
            await socket.receive()
        if not says_later and "dids" not in request.query:
            await socket.send_str(self.first.decode())
        else:
            await self._send(request, self.packed if "zstdDictionary" in request.query else self.plain)
        async for message in socket:
            if message.type is WSMsgType.CLOSE:
                break
        return socket

    async def _send(self, request: web.Request, blocks: list[bytes]) -> None:
        transport = request.transport
        for block in blocks:
            if transport is None or transport.is_closing():
                return
            transport.write(block)
            while transport.get_write_buffer_size() > _MOST_WAITING:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.001)


def _frames(wire: str, count: int) -> Iterator[bytes]:
    for event in _numbered(count):
        yield (v1_frame(event) or b"") if wire == "v1" else v2_frame(event)


def _numbered(count: int) -> Iterator[LogEvent]:
    for seq, event in enumerate(_events(count), start=1):
        yield LogEvent(seq, event.time_us, event.did, event.kind, event.body)


async def _dictionary(_: web.Request) -> web.Response:
    return web.Response(body=_DICTIONARY, content_type="application/octet-stream")


async def _run(wire: str, count: int, *, is_packed: bool) -> None:
    feed = _Feed(wire, count, is_packed=is_packed)
    app = web.Application()
    app.router.add_get(V1_PATH if wire == "v1" else V2_PATH, feed.serve)
    app.router.add_get(DICTIONARY_PATH, _dictionary)
    runner = web.AppRunner(app, access_log=None, max_line_size=1_048_576, max_field_size=1_048_576)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], int(sys.argv[2]), is_packed=sys.argv[1] == "v2" and "plain" not in sys.argv[3:]))
