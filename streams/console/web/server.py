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

from streams.console.proofs import proof_file_name, proof_of_alert
from streams.console.store.reading import NoStoreError, Store, TooLongError
from streams.console.web.access import Access
from streams.console.web.addresses import Place, find_place
from streams.console.web.answers import (
    MEDIA_TYPES,
    Body,
    Refused,
    answer_of,
    body_of,
    parts_of,
    query_of,
    refusal_body,
)
from streams.console.web.export_log import log_export
from streams.console.web.freshness import Freshness, freshness_of
from streams.console.web.headers import FOREVER, HEADERS
from streams.console.web.live import Live, Newest
from streams.console.web.metrics import ConsoleMetrics
from streams.console.web.rendering import Renderer, static_file
from streams.console.web.routes import ROUTES, Route
from streams.console.web.settings import ConsoleSettings
from streams.errors import ConfigurationError, InputError
from streams.serving.connections import Connections

__all__ = ["Console", "listening"]

_T = TypeVar("_T")
_HEADER_SECONDS: Final = 15.0  # without a whole request
_THREADS: Final = 4
_WAITING: Final = 64  # answers that wait for a thread; beyond that somebody is told to come again
_EXPORTS: Final = 2  # at once
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
        self._proving = asyncio.Lock()
        self._exports = asyncio.Semaphore(_EXPORTS)
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
        except Refused as refused:
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
            Refused(500, "Something broke here.", "The log of the console says what.")
            if status >= 500
            else Refused(status, "This request cannot be read.", "It is malformed, or longer than 8,190 bytes a line.")
        )
        self._metrics.requests.labels("none", str(status)).inc()
        return _response(refusal_body(self._renderer, said, as_json=False))

    async def _find(self, request: web.BaseRequest, path: str, query: str) -> tuple[str, web.StreamResponse]:
        peer = request.remote or ""
        refusal = self._access.refuse(request.method, path, request.headers, peer, time.monotonic())
        if refusal is not None:
            self._metrics.refused.labels(refusal.reason).inc()
            raise Refused(refusal.status, refusal.sentence, refusal.remedy, refusal.headers)
        if path.startswith("/static/"):
            return "static", await self._static(request, path.removeprefix("/static/"))
        if path in _PROBES:
            return path[1:], await self._probe(request, path, query)
        if (alert := _PROOF.fullmatch(path)) is not None:
            return "proof", await self._proof(request, alert[1])
        place = self._place(path)
        parameters = query_of(query)
        address = f"{path}?{query}" if query else path
        if place.form in ("csv", "ndjson"):
            return place.route.name, await self._rows(request, place, parameters)
        freshness = await self._freshness() if place.form == "html" else None

        def make() -> Body:
            answer = answer_of(self._store, place, parameters, datetime.now(UTC))
            return body_of(answer, place, address, self._renderer, freshness)

        return place.route.name, await self._send(request, await self._in_thread(make))

    def _place(self, path: str) -> Place:
        place = find_place(self._routes, path)
        if place is not None:
            return place
        shorter = path.rstrip("/")
        if path.endswith("/") and find_place(self._routes, shorter) is not None:
            raise Refused(308, "This page is at another address.", shorter, {"Location": shorter})
        raise Refused(404, "There is no such page.", "The alerts are at /, a search at /accounts.")

    async def _static(self, request: web.BaseRequest, name: str) -> web.StreamResponse:
        try:
            content, media_type, _digest = static_file(name)
        except KeyError:
            raise Refused(404, "There is no such file.", "Pages name those that there are.") from None
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
            raise Refused(503, "Too many pages wait for news.", "Close some, or reload by hand.", {"Retry-After": "60"})
        told = Newest.read(request.headers.get("Last-Event-ID", ""))
        known = Newest.read(query_of(query).get("since", "")) or told
        stream = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers={**HEADERS, **stream})
        if request.method == "HEAD":
            await response.prepare(request)
            return response
        await self._live.serve(response, request, known, told)
        return response

    async def _proof(self, request: web.BaseRequest, alert_id: str) -> web.StreamResponse:
        """One at a time: it is made while somebody waits, and takes a second or more of a processor."""
        if self._proving.locked():
            raise Refused(503, "Another proof is being made.", "Try again in a moment.", {"Retry-After": "5"})
        async with self._proving:
            loop = asyncio.get_running_loop()
            with ThreadPoolExecutor(1, "console-proof") as thread:
                try:
                    proof = await loop.run_in_executor(thread, proof_of_alert, self._store, alert_id)
                except InputError as error:
                    raise Refused(503, f"The proof cannot be made here: {error.message}.", error.remedy) from None
                except (NoStoreError, TooLongError):
                    raise Refused(503, "The store takes too long.", "Try again later.") from None
        if proof is None:
            raise Refused(404, "There is no such alert.", "The alerts are at /.")
        disposition = f'attachment; filename="{proof_file_name(alert_id)}"'
        body = Body(content=proof.file, media_type="application/zip", headers={"Content-Disposition": disposition})
        response = await self._send(request, body)
        if request.method == "GET" and response.status == 200:
            self._note_export(request, "proof", len(proof.file), whole=True)
        return response

    async def _rows(self, request: web.BaseRequest, place: Place, parameters: Mapping[str, str]) -> web.StreamResponse:
        """In a thread of its own, which the rows do not leave; as fast as the client takes them."""
        if self._exports.locked():
            raise Refused(503, "Too many files are being written.", "Try again in a moment.", {"Retry-After": "5"})
        name = place.route.path.strip("/").replace("/", "-") or "alerts"
        headers = {
            **HEADERS,
            "Content-Type": MEDIA_TYPES[place.form],
            "Content-Disposition": f'attachment; filename="antiphon-{name}.{place.form}"',
        }
        response = web.StreamResponse(headers=headers)
        sent, whole = 0, False
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, "console-export") as thread:
            async with self._exports:
                answer = await loop.run_in_executor(
                    thread, answer_of, self._store, place, parameters, datetime.now(UTC)
                )
                parts = parts_of(answer, place.form)
                try:
                    part = await loop.run_in_executor(thread, next, parts, None)
                    async with asyncio.timeout(self._settings.page_seconds):
                        await response.prepare(request)
                    while part is not None and request.method == "GET":
                        async with asyncio.timeout(self._settings.page_seconds):
                            await response.write(part)
                        sent += len(part)
                        part = await loop.run_in_executor(thread, next, parts, None)
                    whole = True
                except (TooLongError, TimeoutError, ConnectionError):
                    if not response.prepared:
                        raise Refused(503, "This question takes too long.", "Narrow it.") from None
                    _abort(request)  # half a file must not look like a whole one
                finally:
                    if response.prepared and request.method == "GET":
                        self._note_export(request, place.form, sent, whole=whole)
        return response

    def _note_export(self, request: web.BaseRequest, form: str, sent: int, *, whole: bool) -> None:
        self._metrics.exports.labels(form).inc()
        log_export(
            user=self._access.user(request.headers),
            peer=request.remote or "",
            address=request.raw_path,
            form=form,
            bytes_sent=sent,
            whole=whole,
        )

    async def _send(self, request: web.BaseRequest, body: Body) -> web.StreamResponse:
        """The whole answer, or what is new of it; a client that does not take it is left."""
        etag = body.etag
        if body.status == 200 and _knows(request.headers.get("If-None-Match", ""), etag):
            response = web.Response(status=304, headers={**HEADERS, **body.headers, "ETag": etag})
        else:
            response = _response(body)
            if body.status == 200:
                response.headers["ETag"] = etag
        try:
            async with asyncio.timeout(self._settings.page_seconds):
                await response.prepare(request)
                await response.write_eof()
        except TimeoutError:
            _abort(request)
        return response

    async def _in_thread(self, make: Callable[[], _T]) -> _T:
        if self._waiting >= _WAITING:
            raise Refused(503, "Too many people ask at once.", "Try again in a moment.", {"Retry-After": "1"})
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


def _response(body: Body) -> web.Response:
    return web.Response(
        status=body.status, body=body.content, headers={**HEADERS, "Content-Type": body.media_type, **body.headers}
    )


def _abort(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()


def _wants_json(path: str, headers: Mapping[str, str]) -> bool:
    accept = headers.get("Accept", "")
    return path.endswith(_DATA) or ("application/json" in accept and "text/html" not in accept)


def _knows(header: str, etag: str) -> bool:
    named = {each.strip().removeprefix("W/") for each in header.split(",")}
    return etag in named or "*" in named
