"""The connections of an HTTP server: not too many, and none that keeps its request to itself."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

from aiohttp import web

__all__ = ["Connections"]

_LOOK_SECONDS: Final = 0.5
_HANDSHAKE_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 2.0
_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Full(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """There is no room."""
        if isinstance(transport, asyncio.Transport):
            transport.abort()


class Connections:
    """Serves the routes. A connection that has no whole request header for `idle_seconds` is closed."""

    def __init__(self, routes: Sequence[web.RouteDef], most: int, idle_seconds: float) -> None:
        app = web.Application(middlewares=[self._noting])
        app.add_routes(routes)
        self._most = most
        self._idle_seconds = idle_seconds
        self._busy: set[object] = set()
        self._idle_since: dict[object, float] = {}
        self._runner = web.AppRunner(
            app,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=idle_seconds,
            lingering_time=_STOP_SECONDS,
            shutdown_timeout=_STOP_SECONDS,
        )
        self._server: asyncio.Server | None = None
        self._looking: asyncio.Task[None] | None = None

    async def open(self, host: str, port: int, tls: ssl.SSLContext | None) -> tuple[str, int]:
        """Listen; gives the address. Raises `OSError`."""
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
        await self._runner.cleanup()

    def _connection(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None or len(server.connections) >= self._most:
            return _Full()
        return server()

    @web.middleware
    async def _noting(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        self._busy.add(request.protocol)
        try:
            return await handler(request)
        finally:
            self._busy.discard(request.protocol)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            server, now = self._runner.server, loop.time()
            idle = [] if server is None else [each for each in server.connections if each not in self._busy]
            self._idle_since = {each: self._idle_since.get(each, now) for each in idle}
            for each in idle:
                if now - self._idle_since[each] > self._idle_seconds and each.transport is not None:
                    each.transport.abort()
