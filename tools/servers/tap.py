"""A Tap: a channel of messages with acknowledgements, and a list of repositories (bluesky-social/indigo, cmd/tap)."""

import asyncio
from base64 import b64encode
from typing import Any, Final

from aiohttp import WSMsgType, web

from tools.servers.local_server import LocalServer

__all__ = ["Tap"]

_ADMIN: Final = "admin"


class Tap(LocalServer):
    """Sends `messages` (id by id) that nobody has acknowledged, to each who connects: whoever connects anew gets them
    again. A live message is sent when those before it are acknowledged, and those after it when it is.

    `added` are the repositories that somebody asked it to follow. With a `password` it wants to know it.
    """

    def __init__(self, password: str = "") -> None:
        super().__init__(web.get("/channel", self._channel), web.post("/repos/add", self._add))
        self._password = password
        self._waiting: dict[int, dict[str, Any]] = {}
        self._changes = asyncio.Condition()
        self._sockets: list[web.WebSocketResponse] = []
        self.acknowledged: list[int] = []
        self.sent: list[int] = []
        self.added: list[str] = []
        self.raw: list[bytes] = []

    async def say(self, *messages: dict[str, Any]) -> None:
        """More messages; each has an id."""
        async with self._changes:
            self._waiting |= {message["id"]: message for message in messages}
            self._changes.notify_all()

    async def until_acknowledged(self, count: int) -> None:
        """Returns when so many were."""
        async with self._changes:
            await self._changes.wait_for(lambda: len(set(self.acknowledged)) >= count)

    async def cut(self) -> None:
        """Close every connection without a word."""
        for socket in self._sockets:
            if socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()

    async def _channel(self, request: web.Request) -> web.StreamResponse:
        if not self._knows(request):
            return web.Response(status=401)
        socket = web.WebSocketResponse(max_msg_size=65_536)
        await socket.prepare(request)
        self._sockets.append(socket)
        sending = asyncio.create_task(self._send(socket))
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    continue
                said = message.json()
                if said.get("type") == "ack":
                    async with self._changes:
                        self.acknowledged.append(said["id"])
                        self._waiting.pop(said["id"], None)
                        self._changes.notify_all()
        finally:
            sending.cancel()
            self._sockets.remove(socket)
        return socket

    async def _send(self, socket: web.WebSocketResponse) -> None:
        in_flight: set[int] = set()
        for raw in self.raw:
            await socket.send_bytes(raw) if raw.startswith(b"\x00") else await socket.send_str(raw.decode())
        while True:
            async with self._changes:
                await self._changes.wait_for(lambda: self._next(in_flight) is not None)
                message = self._next(in_flight)
            if message is None:
                continue
            in_flight.add(message["id"])
            await socket.send_json(message)
            async with self._changes:
                self.sent.append(message["id"])
                self._changes.notify_all()

    def _next(self, in_flight: set[int]) -> dict[str, Any] | None:
        """The next message that may be sent; all are of one repository here."""
        blocked = False
        for number, message in self._waiting.items():
            is_live = bool(message.get("record", {}).get("live", True))
            if number in in_flight:
                if is_live:
                    return None
                blocked = True
                continue
            return None if is_live and blocked else message
        return None

    async def _add(self, request: web.Request) -> web.Response:
        if not self._knows(request):
            return web.Response(status=401)
        self.added += (await request.json())["dids"]
        return web.Response()

    def _knows(self, request: web.Request) -> bool:
        credentials = b64encode(f"{_ADMIN}:{self._password}".encode()).decode()
        return not self._password or request.headers.get("Authorization") == f"Basic {credentials}"
