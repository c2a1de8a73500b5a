"""One small JSON client for public APIs without a key: polite to hosts, and safe against what they answer.

Owns pacing for each host, time-outs, size limits and retries. Knows no endpoint.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Self, TypeVar

import aiohttp
import msgspec
import stamina
from msgspec import Struct
from yarl import URL

from streams import __version__
from streams.collectors.public_hosts import HostRefusedError, PublicResolver, check_url
from streams.collectors.rate_limits import HostLimit
from streams.printable import printable
from streams.refusal import DECODE_ERRORS

__all__ = ["AnswerError", "ClientPolicy", "HttpClient", "HttpClientError", "ThrottledError", "UnavailableError"]

_T = TypeVar("_T")
_REDIRECTS: Final = 3
_SAID: Final = 200  # characters of an answer that an error repeats
_HOSTS: Final = 10_000  # whose limits are remembered


class ClientPolicy(Struct, frozen=True, kw_only=True):
    """How a client behaves. What is `trusted` (`HOST:PORT`) may be private and without TLS: what the operator names.

    A wait of up to `patience_seconds` for a host's limit is waited; a longer one is a `ThrottledError`. `attempts` is
    for a host that cannot be reached or answers with a status of 500 and more.
    """

    trusted: frozenset[str] = frozenset()
    timeout_seconds: float = 60.0
    patience_seconds: float = 5.0
    attempts: int = 4
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 10.0
    at_once_per_host: int = 2
    answer_bytes: int = 8_388_608


class HttpClientError(Exception):
    """No answer that can be used. `host` is whose; the text is one printable line."""

    def __init__(self, host: str, what: str) -> None:
        super().__init__(f"{printable(host, 100)}: {printable(what, _SAID)}")
        self.host = host


class AnswerError(HttpClientError):
    """The host answered, and said no or something that is no answer. `status` is HTTP's, `name` XRPC's error."""

    def __init__(self, host: str, what: str, status: int, name: str | None = None) -> None:
        super().__init__(host, what)
        self.status = status
        self.name = name


class UnavailableError(HttpClientError):
    """The host cannot be reached, or fails; it was asked several times."""


class ThrottledError(HttpClientError):
    """The host wants no request for `wait_seconds`."""

    def __init__(self, host: str, wait_seconds: float) -> None:
        super().__init__(host, f"asks for a pause of {wait_seconds:,.0f} s")
        self.wait_seconds = wait_seconds


class _XrpcError(Struct):
    error: str | None = None
    message: str | None = None


class _Transient(Exception):  # noqa: N818 - never seen outside
    pass


class _Host:
    __slots__ = ("limit", "slots")

    def __init__(self, at_once: int) -> None:
        self.limit = HostLimit()
        self.slots = asyncio.Semaphore(at_once)


_xrpc_error: Final = msgspec.json.Decoder(_XrpcError)


class HttpClient:
    """Asks hosts for JSON. Use as a context manager, within one event loop."""

    def __init__(self, policy: ClientPolicy) -> None:
        self._policy = policy
        self._hosts: OrderedDict[str, _Host] = OrderedDict()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        policy = self._policy
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=PublicResolver(policy.trusted), limit=64),
            timeout=aiohttp.ClientTimeout(total=policy.timeout_seconds, sock_connect=min(15.0, policy.timeout_seconds)),
            # What is not packed cannot unpack to more than it looks.
            headers={"User-Agent": f"antiphon/{__version__}", "Accept-Encoding": "identity"},
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=65_536,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def json(self, url: URL | str, kind: type[_T], query: Sequence[tuple[str, str]] = ()) -> _T:
        """What a host answers, as a `kind`. Raises `HttpClientError`."""
        asked = _with_query(url, query)
        host = asked.host or ""
        body = await self._body(asked)
        try:
            return msgspec.json.decode(body, type=kind)
        except DECODE_ERRORS as error:
            raise AnswerError(host, f"answers with what is no {kind.__name__}: {error}", 200) from None

    async def text(self, url: URL | str) -> str:
        """What a host answers, as text. Raises `HttpClientError`."""
        asked = URL(url)
        try:
            return (await self._body(asked)).decode().strip()
        except UnicodeDecodeError:
            raise AnswerError(asked.host or "", "answers with what is no text", 200) from None

    async def _body(self, url: URL) -> bytes:
        policy = self._policy
        try:
            async for attempt in stamina.retry_context(
                on=_Transient,
                attempts=policy.attempts,
                timeout=None,
                wait_initial=policy.first_wait_seconds,
                wait_max=policy.longest_wait_seconds,
                wait_jitter=policy.first_wait_seconds,
            ):
                with attempt:
                    return await self._followed(url)
        except _Transient as error:
            raise UnavailableError(url.host or "", str(error)) from None
        raise AssertionError("stamina returns or raises")

    async def _followed(self, url: URL) -> bytes:
        for _ in range(_REDIRECTS + 1):
            answer = await self._asked(url)
            if isinstance(answer, bytes):
                return answer
            url = answer
        raise AnswerError(url.host or "", "redirects without end", 302)

    async def _asked(self, url: URL) -> bytes | URL:
        """The body of an answer, or where it is instead."""
        host = url.host or ""
        try:
            check_url(url, self._policy.trusted)
        except HostRefusedError as error:
            raise AnswerError(host, str(error), 0) from None
        if self._session is None:
            raise RuntimeError("the client is not open")
        known = self._host(f"{host}:{url.port}")
        async with known.slots:
            await self._pause(host, known.limit)
            known.limit.asked(time.monotonic())
            try:
                async with self._session.get(url, allow_redirects=False) as answer:
                    known.limit.answered(answer.status, answer.headers, time.monotonic(), time.time())
                    if answer.status == 429:
                        raise ThrottledError(host, known.limit.wait_seconds(time.monotonic()))
                    if answer.status in (301, 302, 303, 307, 308):
                        return _redirected(url, answer.headers)
                    body = await self._read(host, answer)
            except HostRefusedError as error:
                raise AnswerError(host, str(error), 0) from None
            except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
                if isinstance(error.__cause__, HostRefusedError) or isinstance(error, aiohttp.InvalidURL):
                    raise AnswerError(host, str(error.__cause__ or "an address that is none"), 0) from None
                raise _Transient(f"{type(error).__name__} {error}".strip()) from None
        if answer.status >= 500:
            raise _Transient(f"status {answer.status}")
        if answer.status != 200:
            raise _refusal(host, answer.status, body)
        return body

    def _host(self, name: str) -> _Host:
        known = self._hosts.get(name)
        if known is None:
            known = self._hosts[name] = _Host(self._policy.at_once_per_host)
            while len(self._hosts) > _HOSTS:
                self._hosts.popitem(last=False)
        return known

    async def _pause(self, host: str, limit: HostLimit) -> None:
        while (wait := limit.wait_seconds(time.monotonic())) > 0:
            if wait > self._policy.patience_seconds:
                raise ThrottledError(host, wait)
            await asyncio.sleep(wait)

    async def _read(self, host: str, answer: aiohttp.ClientResponse) -> bytes:
        if answer.headers.get("Content-Encoding", "identity") not in ("identity", ""):
            raise AnswerError(host, "answers packed, although it was asked not to", answer.status)
        parts = bytearray()
        async for part in answer.content.iter_any():
            parts += part
            if len(parts) > self._policy.answer_bytes:
                raise AnswerError(host, f"answers with more than {self._policy.answer_bytes:,} bytes", answer.status)
        return bytes(parts)


def _with_query(url: URL | str, query: Sequence[tuple[str, str]]) -> URL:
    return URL(url).with_query(list(query)) if query else URL(url)


def _redirected(url: URL, headers: Mapping[str, str]) -> URL:
    try:
        return url.join(URL(headers.get("Location", "")))
    except ValueError:
        raise AnswerError(url.host or "", "redirects to nowhere", 302) from None


def _refusal(host: str, status: int, body: bytes) -> AnswerError:
    try:
        said = _xrpc_error.decode(body)
    except DECODE_ERRORS:
        said = _XrpcError()
    return AnswerError(host, f"status {status} {said.error or ''} {said.message or ''}".strip(), status, said.error)
