"""An HTTP server on the loopback address, and what it can be told to do wrong."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from email.utils import formatdate
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from aiohttp import web
from msgspec import Struct

__all__ = ["Fail", "Fault", "Hang", "LocalServer", "Packed", "Throttle", "in_a_thread", "problem"]

_WINDOW_SECONDS: Final = 300
_LIMIT: Final = 3_000


class Throttle(Struct, frozen=True):
    """Status 429, with a reset so far away."""

    reset_seconds: float


class Fail(Struct, frozen=True):
    """An answer with this status and body."""

    status: int
    body: bytes = b"oh"


class Hang(Struct, frozen=True):
    """No answer before `until` is set; then the usual one. Sets `arrived` when it is asked."""

    until: asyncio.Event
    arrived: asyncio.Event


class Packed(Struct, frozen=True):
    """A body that says it is packed, whatever was asked."""

    body: bytes


Fault: TypeAlias = Throttle | Fail | Hang | Packed
_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class LocalServer:
    """Serves `routes` while its context lasts. `faults` are for the next requests, one each; `asked` are all paths with
    their queries.
    """

    def __init__(self, *routes: web.RouteDef) -> None:
        self._app = web.Application(middlewares=[self._with_faults])
        self._app.add_routes(routes)
        # A query names up to 25 DIDs, a filter 10,000.
        self._runner = web.AppRunner(self._app, max_line_size=1_000_000, access_log=None, shutdown_timeout=0.1)
        self.faults: list[Fault] = []
        self.asked: list[str] = []
        self._news = asyncio.Event()
        self.remaining = _LIMIT
        self.url = ""
        self.place = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        _host, port = self._runner.addresses[0][:2]
        self.place = f"127.0.0.1:{port}"
        self.url = f"http://{self.place}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def until_asked(self, times: int) -> None:
        """Returns when so many requests have come in all."""
        while len(self.asked) < times:
            self._news.clear()
            await self._news.wait()

    @web.middleware
    async def _with_faults(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        self._news.set()
        self.remaining = max(0, self.remaining - 1)
        match self.faults.pop(0) if self.faults else None:
            case Throttle(reset_seconds):
                answer: web.StreamResponse = problem(429, "RateLimitExceeded", "Rate Limit Exceeded")
                answer.headers.update(_limits(0, reset_seconds))
                return answer
            case Fail(status, body):
                return web.Response(status=status, body=body)
            case Packed(body):
                return web.Response(body=body, headers={"Content-Encoding": "gzip"})
            case Hang(until, arrived):
                arrived.set()
                await until.wait()
        answer = await handler(request)
        if not answer.prepared:
            answer.headers.update(_limits(self.remaining, _WINDOW_SECONDS))
        return answer


@contextmanager
def in_a_thread(*servers: AbstractAsyncContextManager[Any]) -> Iterator[None]:
    """The servers in a loop of their own, for those who have none."""
    loop = asyncio.new_event_loop()
    started = threading.Event()
    stopping = asyncio.Event()

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            for server in servers:
                await stack.enter_async_context(server)
            started.set()
            await stopping.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    started.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(10)


def problem(status: int, error: str, message: str) -> web.Response:
    """An error as XRPC has it."""
    return web.json_response({"error": error, "message": message}, status=status)


def _limits(remaining: int, reset_seconds: float) -> dict[str, str]:
    now = time.time()
    return {
        "Date": formatdate(now, usegmt=True),
        "RateLimit-Limit": str(_LIMIT),
        "RateLimit-Remaining": str(remaining),
        "RateLimit-Reset": str(int(now + reset_seconds)),
        "RateLimit-Policy": f"{_LIMIT};w={_WINDOW_SECONDS}",
    }
