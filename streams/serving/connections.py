"""The connections of an HTTP server: not too many, and none that keeps its request to itself."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from aiohttp import web

__all__ = ["Connections", "Handler", "Refused"]

_log: Final = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 0.5
_HANDSHAKE_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 2.0

Handler: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Refused: TypeAlias = Callable[[int], web.Response]
"""The answer to what is no HTTP, or too long, and to an error in the handler: by its status."""


def _plain(status: int) -> web.Response:
    return web.Response(status=status, text=f"{status} {HTTPStatus(status).phrase}\n")


class _Full(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """There is no room."""
        if isinstance(transport, asyncio.Transport):
            transport.abort()


class _Protocol(web.RequestHandler):
    """Stock's own errors say what was wrong in a text of theirs, without our headers, and log a traceback of it."""

    refused: Refused = staticmethod(_plain)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """See `web.RequestHandler`."""
        if status >= 500:
            _log.error("request not answered", extra={"path": request.path}, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun")
        answer = self.refused(status)
        answer.force_close()
        return answer


class _Server(web.Server):
    def __init__(self, handler: Handler, refused: Refused, **limits: Any) -> None:
        super().__init__(handler, **limits)
        self._limits = limits
        self._protocol = type("_Protocol", (_Protocol,), {"refused": staticmethod(refused)})

    def __call__(self) -> web.RequestHandler:
        """A connection."""
        protocol: web.RequestHandler = self._protocol(self, loop=asyncio.get_running_loop(), **self._limits)
        return protocol


class Connections:
    """Serves one handler. A connection that has no whole request header for `idle_seconds` is closed."""

    def __init__(self, handler: Handler, most: int, idle_seconds: float, refused: Refused = _plain) -> None:
        self._handler = handler
        self._refused = refused
        self._most = most
        self._idle_seconds = idle_seconds
        self._busy: set[object] = set()
        self._idle_since: dict[object, float] = {}
        self._runner: web.ServerRunner | None = None
        self._server: asyncio.Server | None = None
        self._looking: asyncio.Task[None] | None = None

    async def open(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> tuple[str, int]:
        """Listen; gives the address. Raises `OSError`."""
        made = _Server(
            self._noting,
            self._refused,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=self._idle_seconds,
            lingering_time=_STOP_SECONDS,
        )
        self._runner = web.ServerRunner(made, shutdown_timeout=_STOP_SECONDS)
        await self._runner.setup()
        handshake = None if tls is None else _HANDSHAKE_SECONDS
        self._server = await asyncio.get_running_loop().create_server(
            self._connection, host, port, ssl=tls, ssl_handshake_timeout=handshake, reuse_address=True
        )
        self._looking = asyncio.ensure_future(self._look())
        found = self._server.sockets[0].getsockname()
        return str(found[0]), int(found[1])

    async def close(self) -> None:
        """Take no more requests; those under way have two seconds."""
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _connection(self) -> asyncio.Protocol:
        server = self._runner.server if self._runner is not None else None
        if server is None or len(server.connections) >= self._most:
            return _Full()
        return server()

    async def _noting(self, request: web.BaseRequest) -> web.StreamResponse:
        self._busy.add(request.protocol)
        try:
            return await self._handler(request)
        finally:
            self._busy.discard(request.protocol)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            server, now = self._runner.server if self._runner is not None else None, loop.time()
            idle = [] if server is None else [each for each in server.connections if each not in self._busy]
            self._idle_since = {each: self._idle_since.get(each, now) for each in idle}
            for each in idle:
                if now - self._idle_since[each] > self._idle_seconds and each.transport is not None:
                    each.transport.abort()
