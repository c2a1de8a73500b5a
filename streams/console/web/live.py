"""The live notice: server-sent events that say how many alerts came since a page was made.

A page names the newest alert that it knows; its client waits for more. There is no queue: a client that is told late is
told the newest number alone, so a stalled one costs what it did when it came.
"""

import asyncio
import re
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import msgspec
from aiohttp import web
from msgspec import Struct

from streams.console.web.metrics import ConsoleMetrics

__all__ = ["Live", "Newest"]

_LOOK_SECONDS: Final = 0.5
_HEARTBEAT_SECONDS: Final = 15.0
_GONE_SECONDS: Final = 1.0  # between two looks whether a client is still there
_WRITE_SECONDS: Final = 10.0
_KERNEL_BYTES: Final = 16_384  # of a stalled client that the system keeps; as much again in the process
_AGAIN_MS: Final = 5_000  # before a browser connects again
_NEWEST: Final = re.compile("([0-9]{1,18})-([0-9]{1,18})")


class Newest(Struct, frozen=True):
    """The alert that came last: the generation of the store, and the number within it. As text `3-120`."""

    generation: int
    number: int

    def __str__(self) -> str:
        return f"{self.generation}-{self.number}"

    @classmethod
    def read(cls, text: str) -> "Newest | None":
        """Of what a page or a browser sends back."""
        found = _NEWEST.fullmatch(text)
        return None if found is None else cls(int(found[1]), int(found[2]))


class Live:
    """Clients that wait. `newest` asks the store where it is, `since` how many came after a number; both may raise
    nothing and give `None` while there is no store.
    """

    def __init__(
        self,
        newest: Callable[[], Awaitable[Newest | None]],
        since: Callable[[int], Awaitable[int | None]],
        most: int,
        metrics: ConsoleMetrics,
        *,
        look_seconds: float = _LOOK_SECONDS,
        heartbeat_seconds: float = _HEARTBEAT_SECONDS,
        write_seconds: float = _WRITE_SECONDS,
    ) -> None:
        self._ask_newest, self._ask_since = newest, since
        self._most = most
        self._metrics = metrics
        self._look_seconds = look_seconds
        self._heartbeat_seconds, self._write_seconds = heartbeat_seconds, write_seconds
        self._newest: Newest | None = None
        self._changed = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self.clients = 0

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another client."""
        return self.clients >= self._most

    async def serve(
        self,
        response: web.StreamResponse,
        request: web.BaseRequest,
        known: Newest | None,
        received: Newest | None = None,
    ) -> None:
        """Send to this client until it leaves, or does not take what it is sent. `known` is the newest alert on its
        page, `received` the newest that it received before its connection broke.
        """
        self.clients += 1
        self._metrics.live_clients.set(self.clients)
        try:
            if self._looking is None or self._looking.done():
                self._newest = await self._ask_newest()
                self._looking = asyncio.ensure_future(self._look())
            await self._tell(response, request, known, received)
        except (TimeoutError, ConnectionError):
            if request.transport is not None:
                request.transport.abort()
        finally:
            self.clients -= 1
            self._metrics.live_clients.set(self.clients)

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking

    async def _tell(
        self, response: web.StreamResponse, request: web.BaseRequest, known: Newest | None, received: Newest | None
    ) -> None:
        _bound(request)
        await response.prepare(request)
        known = known or self._newest
        await self._write(response, f"retry: {_AGAIN_MS}\n" + (f"id: {known}\n\n" if known else "\n"))
        received = received or known
        written = time.monotonic()
        while True:
            changed, newest = self._changed, self._newest
            if newest is not None and newest != received:
                if known is None:
                    known = newest
                elif newest.generation != known.generation:
                    await self._write(response, f"id: {newest}\nevent: rebuilt\ndata: {{}}\n\n")
                    known = newest
                elif count := await self._ask_since(known.number):
                    said = msgspec.json.encode({"count": count}).decode()
                    await self._write(response, f"id: {newest}\nevent: alerts\ndata: {said}\n\n")
                received = newest
                continue
            try:
                async with asyncio.timeout(_GONE_SECONDS):
                    await changed.wait()
            except TimeoutError:
                if request.transport is None or request.transport.is_closing():
                    return
                if time.monotonic() - written > self._heartbeat_seconds:
                    await self._write(response, ":\n\n")
                    written = time.monotonic()

    async def _write(self, response: web.StreamResponse, text: str) -> None:
        async with asyncio.timeout(self._write_seconds):
            await response.write(text.encode())

    async def _look(self) -> None:
        while self.clients:
            await asyncio.sleep(self._look_seconds)
            newest = await self._ask_newest()
            if newest is not None and newest != self._newest:
                self._newest = newest
                self._changed.set()
                self._changed = asyncio.Event()


def _bound(request: web.BaseRequest) -> None:
    """What a client that takes nothing can cost: by default the system keeps megabytes for it."""
    transport = request.transport
    if transport is None:
        return
    transport.set_write_buffer_limits(high=_KERNEL_BYTES)
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES)
