"""The HTTP server of `push`: who may send, how much, how fast; and the answers.

Owns no events: a batch is delivered, and answered when that returns.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final, TypeAlias

import msgspec
from aiohttp import web
from msgspec import Struct

from streams.collectors.push.batches import ENCODINGS, PushBatch, RefusedPush, read_batch, read_tap_message
from streams.collectors.push.keys import KeyReusedError, digest_of
from streams.collectors.push.push_source import NoRoomError, PushSource
from streams.errors import ConfigurationError
from streams.formats.reader import FormatReader
from streams.printable import printable
from streams.serving.connections import Connections
from streams.serving.limits import Bucket, knows_token
from streams.setting_sources import Secret

__all__ = ["PushPolicy", "listening"]

_MOST_KEY: Final = 256  # characters
_FAILURES_PER_SECOND: Final = 5.0
_Read: TypeAlias = Callable[[web.BaseRequest, bytes], Awaitable[PushBatch]]


class PushPolicy(Struct, frozen=True, kw_only=True):
    """Limits, in bytes and seconds. A body counts as it comes and unpacked; `at_once` bodies are in memory."""

    host: str
    port: int
    token: Secret
    tls: ssl.SSLContext | None = None
    body_bytes: int = 8_388_608
    batch_events: int = 20_000
    header_seconds: float = 10.0
    body_seconds: float = 30.0
    kafka_seconds: float = 30.0
    patience_seconds: float = 5.0
    requests_per_second: float = 50.0
    at_once: int = 8
    connections: int = 256


class _Away(Exception):  # noqa: N818 - becomes an answer
    def __init__(self, status: int, name: str, why: str, retry_after: float | None = None) -> None:
        self.status, self.name, self.why, self.retry_after = status, name, why, retry_after


@asynccontextmanager
async def listening(
    policy: PushPolicy, source: PushSource, default: FormatReader, formats: "Formats"
) -> AsyncIterator[tuple[str, int]]:
    """Serve for the block; gives the address. Raises `ConfigurationError` where the port is taken."""
    app = _PushServer(policy, source, default, formats)
    connections = Connections(app.answer, policy.connections, policy.header_seconds)
    try:
        address = await connections.open(policy.host, policy.port, policy.tls)
    except OSError as error:
        raise ConfigurationError(
            f"port: cannot listen on {policy.host}:{policy.port}: {error.strerror}", remedy="choose a free port"
        ) from error
    try:
        yield address
    finally:
        await connections.close()


Formats: TypeAlias = Callable[[str], FormatReader | None]
"""The reader of a format that a sender names; `None` where there is none."""


class _PushServer:
    def __init__(self, policy: PushPolicy, source: PushSource, default: FormatReader, formats: Formats) -> None:
        self._policy = policy
        self._source = source
        self._default = default
        self._formats = formats
        self._requests = Bucket(policy.requests_per_second)
        self._failures = Bucket(_FAILURES_PER_SECOND)
        self._slots = asyncio.Semaphore(policy.at_once)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        routes = {"/events": self._events, "/tap": self._tap}
        if request.path not in routes:
            return _json(404, {"error": "there are /events and /tap"})
        if request.method != "POST":
            answer = _json(405, {"error": "send batches by POST"})
            answer.headers["Allow"] = "POST"
            return answer
        return await routes[request.path](request)

    async def _events(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self._answer(request, self._read_events)

    async def _tap(self, request: web.BaseRequest) -> web.StreamResponse:
        async def read(_request: web.BaseRequest, body: bytes) -> PushBatch:
            return read_tap_message(body, datetime.now(UTC))

        return await self._answer(request, read)

    async def _answer(self, request: web.BaseRequest, read: _Read) -> web.StreamResponse:
        try:
            self._admit(request)
            async with self._slot():
                return await self._take(request, read)
        except _Away as away:
            self._source.turn_away(away.name)
            answer = _json(away.status, {"error": away.why})
            if away.retry_after is not None:
                answer.headers["Retry-After"] = str(max(1, round(away.retry_after)))
            if away.status == 401:
                answer.headers["WWW-Authenticate"] = "Bearer"
            answer.force_close()  # what is left of the body is not read
            return answer

    def _admit(self, request: web.BaseRequest) -> None:
        """Everything that is known before the body."""
        policy, now = self._policy, time.monotonic()
        if not knows_token(request.headers.get("Authorization", ""), policy.token):
            if (wait := self._failures.wait_seconds(now)) > 0:
                raise _Away(429, "throttled", "too many requests without the token", wait)
            raise _Away(401, "unauthorized", "no token, or another one")
        if (wait := self._requests.wait_seconds(now)) > 0:
            raise _Away(429, "throttled", f"more than {policy.requests_per_second:g} requests a second", wait)
        if _encoding(request) not in ENCODINGS:
            raise _Away(415, "bad_request", "Content-Encoding may be gzip or zstd")
        if len(request.headers.get("Idempotency-Key", "")) > _MOST_KEY:
            raise _Away(400, "bad_request", f"an Idempotency-Key has at most {_MOST_KEY} characters")
        if (request.content_length or 0) > policy.body_bytes:
            raise self._too_large()

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._policy.patience_seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise _Away(503, "busy", "too many batches at once", self._policy.patience_seconds) from None
        try:
            yield
        finally:
            self._slots.release()

    async def _take(self, request: web.BaseRequest, read: _Read) -> web.Response:
        body = await self._body(request)
        key = request.headers.get("Idempotency-Key") or None
        try:
            batch = await read(request, body)
        except RefusedPush as refused:
            name = "body_too_large" if refused.status == 413 else "bad_request"
            raise _Away(refused.status, name, printable(refused.why, 300)) from None
        answer = batch.answer
        try:
            async with asyncio.timeout(self._policy.kafka_seconds):
                answer.repeated = await self._source.deliver(
                    batch, None if key is None else digest_of(f"{request.path_qs} {key}".encode()), digest_of(body)
                )
        except KeyReusedError:
            raise _Away(422, "bad_request", "this Idempotency-Key was used for another body") from None
        except (NoRoomError, TimeoutError):
            raise _Away(503, "kafka_away", "Kafka has not taken the batch yet: send it again", 5) from None
        if answer.repeated:
            self._source.turn_away("repeated_key")
        is_of_use = answer.accepted or answer.skipped or request.path == "/tap"
        return _json(200 if is_of_use else 422, answer)

    async def _body(self, request: web.BaseRequest) -> bytes:
        policy = self._policy
        parts = bytearray()
        try:
            async with asyncio.timeout(policy.body_seconds):
                async for part in request.content.iter_any():
                    parts += part
                    if len(parts) > policy.body_bytes:
                        raise self._too_large()
        except TimeoutError:
            raise _Away(408, "timed_out", f"the body took more than {policy.body_seconds:g} s") from None
        except web.HTTPException:
            raise
        except (ValueError, OSError) as error:  # a body that breaks off, or is badly chunked
            raise _Away(400, "bad_request", f"the body breaks off: {type(error).__name__}") from None
        return bytes(parts)

    async def _read_events(self, request: web.BaseRequest, body: bytes) -> PushBatch:
        name = request.query.get("format")
        reader = self._default if name is None else self._formats(name)
        if reader is None:
            raise RefusedPush(400, f"there is no format {name!r}")
        policy = self._policy
        limits = {"most_bytes": policy.body_bytes, "most_events": policy.batch_events}
        return await asyncio.to_thread(read_batch, body, _encoding(request), reader, **limits)

    def _too_large(self) -> _Away:
        most = self._policy.body_bytes
        return _Away(413, "body_too_large", f"more than {most:,} bytes: send several batches")


def _encoding(request: web.BaseRequest) -> str:
    return request.headers.get("Content-Encoding", "").strip().lower()


def _json(status: int, what: object) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(what) + b"\n", content_type="application/json")
