"""The local server: both endpoints and the dictionary, over real sockets."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final, Self

import msgspec
import orjson
from aiohttp import web

from tools.servers.jetstream.connection import Connection
from tools.servers.jetstream.cursors import Begin, CursorTooOld, InvalidCursor, resolve
from tools.servers.jetstream.dictionary import V2_ID, v1_dictionary, v2_dictionary
from tools.servers.jetstream.faults import Faults
from tools.servers.jetstream.filters import MAX_UPDATE_BYTES, InvalidOptions, Wanted, parse_v1, parse_v2
from tools.servers.jetstream.log import EventLog, LogEvent

__all__ = ["DICTIONARY_PATH", "V1_PATH", "V2_PATH", "Asked", "JetstreamServer"]

V1_PATH: Final = "/subscribe"
V2_PATH: Final = "/xrpc/network.bsky.jetstream.subscribeEvents"
DICTIONARY_PATH: Final = "/xrpc/network.bsky.jetstream.getZstdDictionary"
_SUBPROTOCOL: Final = "xrpc.v1.json"
_HOUR_US: Final = 3_600_000_000
_LARGEST_REQUEST: Final = 1_048_576  # bytes: 10,000 DIDs in a query are 400 kB


class Asked(msgspec.Struct, frozen=True):
    """One request: the path, and the values of each parameter."""

    path: str
    query: dict[str, list[str]]

    def value(self, name: str) -> str | None:
        """The first value of a parameter."""
        return self.query[name][0] if name in self.query else None


class JetstreamServer:
    """Serves a log on a port of this machine while its block is open.

    A `legacy` host has v1 only, and neither seqs on the wire nor in cursors. `now_us` is the server's clock. `die`
    drops all connections as a crash does; `faults` says how else it misbehaves; `asked` has all requests.
    """

    def __init__(
        self,
        log: EventLog,
        *,
        legacy: bool = False,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1_000,
        lookback_us: int = 36 * _HOUR_US,
        ping_seconds: float = 30.0,
    ) -> None:
        self.log = log
        self.faults = Faults()
        self.asked: list[Asked] = []
        self.updates: list[Wanted] = []
        self.dictionary_id = V2_ID
        self.open = 0
        self._legacy = legacy
        self._now_us = now_us
        self._lookback_us = lookback_us
        self._ping_seconds = ping_seconds
        self._dictionaries: dict[int, bytes] = {}
        self._runner: web.AppRunner | None = None
        self._transports: set[asyncio.BaseTransport] = set()
        self._port = 0

    @property
    def url(self) -> str:
        """Where it is: scheme, host and port."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; after `stop` on the same port again."""
        app = web.Application()
        app.router.add_get(V1_PATH, self._serve_v1)
        if not self._legacy:
            app.router.add_get(V2_PATH, self._serve_v2)
            app.router.add_get(DICTIONARY_PATH, self._serve_dictionary)
        self._runner = web.AppRunner(
            app, access_log=None, max_line_size=_LARGEST_REQUEST, max_field_size=_LARGEST_REQUEST, shutdown_timeout=0.1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Drop all connections and listen no more."""
        self.die()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def die(self, new_events: Sequence[LogEvent] = (), *, last: int = 0) -> None:
        """Drop all connections at once. The `last` events are forgotten, and their seqs given to `new_events`."""
        for transport in list(self._transports):
            _abort(transport)
        if last:
            self.log.give_new(new_events, last=last)

    def dictionary(self) -> bytes:
        """The current one of v2."""
        return self._dictionaries.setdefault(self.dictionary_id, v2_dictionary(self.dictionary_id))

    def v1_dictionary(self) -> bytes:
        """That of v1, which a client must have from elsewhere."""
        return self._dictionaries.setdefault(0, v1_dictionary())

    async def _serve_dictionary(self, request: web.Request) -> web.StreamResponse:
        self._note(request)
        asked = request.query.get("id")
        if asked is not None and not asked.lstrip("-").isdigit():
            return _xrpc_error(400, "InvalidRequest", "id must be an integer zstd dictionary ID")
        if asked is not None and int(asked) != self.dictionary_id:
            message = f"no dictionary with id {asked}; current dictionary id is {self.dictionary_id}"
            return _xrpc_error(404, "DictionaryNotFound", message)
        headers = {
            "ETag": f'"zstd-dict-{self.dictionary_id}"',
            "Cache-Control": "public, max-age=31536000, immutable",
            "X-Zstd-Dictionary-Id": str(self.dictionary_id),
        }
        return web.Response(body=self.dictionary(), content_type="application/octet-stream", headers=headers)

    async def _serve_v1(self, request: web.Request) -> web.StreamResponse:
        self._note(request)
        if (refusal := self._refusal()) is not None:
            return refusal
        wants_zstd = request.query.get("compress") == "true" or "zstd" in request.headers.get("Socket-Encoding", "")
        offers_deflate = "permessage-deflate" in request.headers.get("Sec-WebSocket-Extensions", "")
        if wants_zstd and offers_deflate:
            return _plain_error(
                400,
                "choose one compression scheme: custom zstd (compress=true / Socket-Encoding: zstd) or RFC 7692 "
                "permessage-deflate, not both",
            )
        try:
            wanted = parse_v1(request.query)
            begin = self._begin(request, refuses_old=False)
        except (InvalidOptions, InvalidCursor) as error:
            return _plain_error(400, str(error))
        if self.faults.warming_up:
            return _plain_error(503, "service not ready: cursor replay warming up")
        socket = web.WebSocketResponse(compress=not wants_zstd, max_msg_size=MAX_UPDATE_BYTES, autoping=True)
        await socket.prepare(request)
        dictionary = self.v1_dictionary() if wants_zstd else None
        connection = self._connection(request, socket, wanted, dictionary)
        return await self._run(connection, begin, waits=request.query.get("requireHello") == "true")

    async def _serve_v2(self, request: web.Request) -> web.StreamResponse:
        self._note(request)
        if (refusal := self._refusal()) is not None:
            return refusal
        query = request.query
        if query.get("compress") == "true" or "zstd" in request.headers.get("Socket-Encoding", ""):
            return _xrpc_error(
                400,
                "InvalidRequest",
                "compress=true / Socket-Encoding: zstd is the /subscribe (v1) opt-in; this endpoint uses "
                "zstdDictionary=<id> with the dictionary from getZstdDictionary",
            )
        named = query.get("zstdDictionary", "")
        if named and not (named.isascii() and named.isdigit() and 0 < int(named) < 2**32):
            message = "zstdDictionary must be a positive integer zstd dictionary ID"
            return _xrpc_error(400, "InvalidRequest", message)
        if named and int(named) != self.dictionary_id:
            return _xrpc_error(
                400,
                "UnknownZstdDictionary",
                f"unknown zstd dictionary id {int(named)}; current dictionary id is {self.dictionary_id} (fetch it "
                "via getZstdDictionary and reconnect)",
            )
        try:
            wanted = parse_v2(query)
        except InvalidOptions as error:
            return _xrpc_error(400, "InvalidRequest", str(error))
        if self.faults.warming_up:
            return _xrpc_error(503, "ServiceUnavailable", "service not ready: cursor replay warming up")
        try:
            begin = self._begin(request, refuses_old=True)
        except CursorTooOld as error:
            return _xrpc_error(400, "CursorTooOld", str(error))
        except InvalidCursor as error:
            return _xrpc_error(400, "InvalidRequest", str(error))
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        echoed = [_SUBPROTOCOL] if _SUBPROTOCOL in (token.strip() for token in offered.split(",")) else []
        socket = web.WebSocketResponse(compress=False, protocols=echoed, autoping=True)
        await socket.prepare(request)
        connection = self._connection(request, socket, wanted, self.dictionary() if named else None, v2=True)
        return await self._run(connection, begin)

    def _begin(self, request: web.Request, *, refuses_old: bool) -> Begin:
        cursor = "" if self.faults.live_tip else request.query.get("cursor", "")
        return resolve(
            cursor,
            self.log,
            now_us=self._now_us(),
            lookback_us=self._lookback_us,
            refuses_old=refuses_old,
            early_us=self.faults.early_us,
            only_times=self._legacy,
        )

    def _connection(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        wanted: Wanted,
        dictionary: bytes | None,
        *,
        v2: bool = False,
    ) -> Connection:
        return Connection(self.faults, self.log, self.updates.append, request, socket, wanted, dictionary, v2=v2)

    def _note(self, request: web.Request) -> None:
        self.asked.append(Asked(request.path, {name: request.query.getall(name) for name in request.query}))

    def _refusal(self) -> web.Response | None:
        if not self.faults.refusals:
            return None
        refusal = self.faults.refusals.pop(0)
        return web.Response(status=refusal.status, headers=dict(refusal.headers), text=refusal.body)

    async def _run(self, connection: Connection, begin: Begin, *, waits: bool = False) -> web.StreamResponse:
        transport = connection.transport
        self._transports.add(transport)
        self.open += 1
        try:
            await connection.run(begin, legacy=self._legacy, waits=waits, ping_seconds=self._ping_seconds)
        finally:
            self.open -= 1
            self._transports.discard(transport)
        return connection.socket


def _plain_error(status: int, message: str) -> web.Response:
    return web.Response(status=status, text=f"{message}\n", headers={"X-Content-Type-Options": "nosniff"})


def _xrpc_error(status: int, name: str, message: str) -> web.Response:
    body = orjson.dumps({"error": name, "message": message})
    return web.Response(status=status, body=body, content_type="application/json")


def _abort(transport: asyncio.BaseTransport) -> None:
    if isinstance(transport, asyncio.Transport):
        transport.abort()
