"""The console's HTTP server: who gets which answer, and in which thread it is made."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final, TypeVar

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from streams.console.store.reading import NoStoreError, Store, TooLongError
from streams.console.web.access import Access
from streams.console.web.addresses import Address, find_place
from streams.console.web.answers import (
    MEDIA_TYPES,
    Body,
    RefusedRequest,
    answer_of,
    body_of,
    query_of,
    refusal_body,
)
from streams.console.web.downloads import Downloads
from streams.console.web.freshness import Freshness, freshness_of
from streams.console.web.headers import FOREVER, HEADERS
from streams.console.web.live import Live, Newest
from streams.console.web.metrics import ConsoleMetrics
from streams.console.web.rendering import Renderer, static_file
from streams.console.web.routes import ROUTES, Route
from streams.console.web.sending import response_of, send
from streams.console.web.settings import ConsoleSettings
from streams.errors import ConfigurationError
from streams.serving.connections import Connections

__all__ = ["Console", "listening"]

_T = TypeVar("_T")
_HEADER_SECONDS: Final = 15.0  # without a whole request
_THREADS: Final = 4
_WAITING: Final = 64  # answers that wait for a thread; beyond that somebody is told to come again
_FRESH_SECONDS: Final = 1.0
_DATA: Final = (".json", ".csv", ".ndjson", ".svg", ".zip")
_PROOF: Final = re.compile("/alerts/([0-9a-f]{8,64})/proof[.]zip")
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics", "/live", "/robots.txt"})


@asynccontextmanager
async def listening(
    settings: ConsoleSettings, store: Store, metrics: ConsoleMetrics, routes: Sequence[Route] = ROUTES
) -> AsyncIterator[tuple[str, int]]:
    """Serve for the block; gives the address. Raises `ConfigurationError` where the port is taken."""
    console = Console(settings, store, metrics, routes)
    connections = Connections(console.answer, settings.connections, _HEADER_SECONDS, console.broken)
    try:
        address = await connections.open(settings.host, settings.port)
    except OSError as error:
        raise ConfigurationError(
            f"listen: cannot listen on {settings.listen}: {error.strerror}", remedy="choose a free port"
        ) from error
    try:
        yield address
    finally:
        await connections.close()
        await console.close()


class Console:
    """Answers requests."""

    def __init__(
        self, settings: ConsoleSettings, store: Store, metrics: ConsoleMetrics, routes: Sequence[Route]
    ) -> None:
        self._settings = settings
        self._store = store
        self._metrics = metrics
        self._routes = routes
        self._access = Access(settings)
        self._renderer = Renderer(routes, dashboards=settings.grafana_url)
        self._threads = ThreadPoolExecutor(_THREADS, "console-page")
        self._waiting = 0
        self._downloads = Downloads(store, self._access, metrics, settings.page_seconds)
        self._fresh: tuple[float, Freshness] | None = None
        self._live = Live(self._newest, self._since, settings.live_clients, metrics)

    async def close(self) -> None:
        """After the last connection."""
        await self._live.close()
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Whatever is asked: never raises but for a connection that is gone."""
        began = time.monotonic()
        path, _, query = request.raw_path.partition("#")[0].partition("?")
        page = "none"
        try:
            page, response = await self._find(request, path, query)
        except RefusedRequest as refused:
            place = find_place(self._routes, path)
            page = "none" if place is None else place.route.name
            body = refusal_body(self._renderer, refused, as_json=_wants_json(path, request.headers))
            response = await self._send(request, body)
        self._metrics.requests.labels(page, str(response.status)).inc()
        if page not in ("none", "live"):
            self._metrics.seconds.labels(page).observe(time.monotonic() - began)
        return response

    def broken(self, status: int) -> web.Response:
        """The answer to what is no HTTP, too long, or met a bug."""
        said = (
            RefusedRequest(500, "Something broke here.", "The log of the console says what.")
            if status >= 500
            else RefusedRequest(
                status, "This request cannot be read.", "It is malformed, or longer than 8,190 bytes a line."
            )
        )
        self._metrics.requests.labels("none", str(status)).inc()
        return response_of(refusal_body(self._renderer, said, as_json=False))

    async def _find(self, request: web.BaseRequest, path: str, query: str) -> tuple[str, web.StreamResponse]:
        peer = request.remote or ""
        refusal = self._access.refuse(request.method, path, request.headers, peer, time.monotonic())
        if refusal is not None:
            self._metrics.refused.labels(refusal.reason).inc()
            raise RefusedRequest(refusal.status, refusal.sentence, refusal.remedy, refusal.headers)
        if path.startswith("/static/"):
            return "static", await self._static(request, path.removeprefix("/static/"))
        if path in _PROBES:
            return path[1:], await self._probe(request, path, query)
        if (alert := _PROOF.fullmatch(path)) is not None:
            return "proof", await self._downloads.proof(request, alert[1])
        place = self._place(path)
        parameters = query_of(query)
        address = f"{path}?{query}" if query else path
        if place.form in ("csv", "ndjson"):
            return place.route.name, await self._downloads.rows(request, place, parameters)
        freshness = await self._freshness() if place.form == "html" else None

        def make() -> Body:
            answer = answer_of(self._store, place, parameters, datetime.now(UTC))
            return body_of(answer, place, address, self._renderer, freshness)

        return place.route.name, await self._send(request, await self._in_thread(make))

    def _place(self, path: str) -> Address:
        place = find_place(self._routes, path)
        if place is not None:
            return place
        shorter = path.rstrip("/")
        if path.endswith("/") and find_place(self._routes, shorter) is not None:
            raise RefusedRequest(308, "This page is at another address.", shorter, {"Location": shorter})
        raise RefusedRequest(404, "There is no such page.", "The alerts are at /, a search at /accounts.")

    async def _static(self, request: web.BaseRequest, name: str) -> web.StreamResponse:
        try:
            content, media_type, _digest = static_file(name)
        except KeyError:
            raise RefusedRequest(404, "There is no such file.", "Pages name those that there are.") from None
        return await self._send(
            request, Body(content=content, media_type=media_type, headers={"Cache-Control": FOREVER})
        )

    async def _probe(self, request: web.BaseRequest, path: str, query: str) -> web.StreamResponse:
        match path:
            case "/live":
                return await self._serve_live(request, query)
            case "/metrics":
                await self._freshness()
                return await self._send(
                    request, Body(content=generate_latest(self._metrics.registry), media_type=CONTENT_TYPE_LATEST)
                )
            case "/readyz":
                ready = await self._newest() is not None
                content = b'{"ready":true}\n' if ready else b'{"ready":false,"lacking":{"store":"being built"}}\n'
                return await self._send(
                    request, Body(content=content, media_type=MEDIA_TYPES["json"], status=200 if ready else 503)
                )
            case "/robots.txt":
                return await self._send(request, Body(content=b"User-agent: *\nDisallow: /\n", media_type="text/plain"))
            case _:
                return await self._send(request, Body(content=b'{"alive":true}\n', media_type=MEDIA_TYPES["json"]))

    async def _serve_live(self, request: web.BaseRequest, query: str) -> web.StreamResponse:
        if self._live.is_full:
            raise RefusedRequest(
                503, "Too many pages wait for news.", "Close some, or reload by hand.", {"Retry-After": "60"}
            )
        received = Newest.read(request.headers.get("Last-Event-ID", ""))
        known = Newest.read(query_of(query).get("since", "")) or received
        stream = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers={**HEADERS, **stream})
        if request.method == "HEAD":
            await response.prepare(request)
            return response
        await self._live.serve(response, request, known, received)
        return response

    async def _send(self, request: web.BaseRequest, body: Body) -> web.StreamResponse:
        return await send(request, body, self._settings.page_seconds)

    async def _in_thread(self, make: Callable[[], _T]) -> _T:
        if self._waiting >= _WAITING:
            raise RefusedRequest(503, "Too many people ask at once.", "Try again in a moment.", {"Retry-After": "1"})
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, make)
        finally:
            self._waiting -= 1

    async def _freshness(self) -> Freshness:
        now = time.monotonic()
        if self._fresh is None or now - self._fresh[0] > _FRESH_SECONDS:
            newest = await self._newest()
            status = await self._in_thread(self._store.status)
            self._metrics.lag.set(sum(topic.lag or 0 for topic in status.topics))
            if status.checked_at is not None:
                self._metrics.read_age.set((datetime.now(UTC) - status.checked_at).total_seconds())
            self._fresh = (now, freshness_of(status, newest))
        return self._fresh[1]

    async def _newest(self) -> Newest | None:
        def ask() -> Newest | None:
            try:
                return Newest(self._store.generation(), self._store.newest_alert())
            except (NoStoreError, TooLongError):
                return None

        return await self._in_thread(ask)

    async def _since(self, number: int) -> int | None:
        def ask() -> int | None:
            try:
                return self._store.alerts_since(number)
            except (NoStoreError, TooLongError):
                return None

        return await self._in_thread(ask)


def _wants_json(path: str, headers: Mapping[str, str]) -> bool:
    accept = headers.get("Accept", "")
    return path.endswith(_DATA) or ("application/json" in accept and "text/html" not in accept)
