"""X's API v2 with a bearer token: one request at a time to each endpoint, as often as its `x-rate-limit-*` allow.

The token goes to the API's own host alone. Answers are bounded.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Generic, TypeVar

import aiohttp
import msgspec
from msgspec import Struct
from yarl import URL

from streams.collectors.http_sessions import bounded_body
from streams.collectors.public_hosts import HostRefusedError, check_url
from streams.collectors.rate_limits import HostLimit
from streams.collectors.source import SourceError, SourceErrorKind
from streams.printable import printable
from streams.refusal import DECODE_ERRORS
from streams.setting_sources import Secret

__all__ = ["Page", "XApi", "XStatusError"]

_T = TypeVar("_T")
_TIMEOUT: Final = aiohttp.ClientTimeout(total=60, sock_connect=15)
_STREAM: Final = aiohttp.ClientTimeout(total=None, sock_connect=15)
_BUFFER: Final = 16_384  # what X has sent and nobody reads costs all the same: little of it is taken from the socket
_REMEDIES: Final = {
    401: "; the token must be the app's bearer token of X's console",
    402: "; the credits of the account at X are used up",
    403: "; the app at X lacks a right or a product that this needs",
}
_KINDS: Final[Mapping[int, SourceErrorKind]] = {
    429: "throttled",
    401: "key_refused",
    402: "key_refused",  # the credits are used up
    403: "key_refused",
}
_FINAL: Final = frozenset({400, 404, 409, 410})


class _Meta(Struct, frozen=True):
    next_token: str | None = None


class Page(Struct, Generic[_T], frozen=True):
    """A page of a list."""

    data: list[_T] = []
    meta: _Meta = _Meta()


class XStatusError(SourceError):
    """X answers with an error. `is_final`: asked again it would say the same, since what was asked for is not there."""

    def __init__(self, kind: SourceErrorKind, status: int, said: str, retry_after_seconds: float | None) -> None:
        detail = f"X answers with status {status}: {said}"
        super().__init__(kind, f"{detail}{_REMEDIES.get(status, '')}", retry_after_seconds)
        self.is_final = status in _FINAL


class XApi:
    """X at `base`. Methods raise `SourceError` where X does not serve us; it says how long X asks us to wait."""

    def __init__(self, session: aiohttp.ClientSession, base: URL, token: Secret, trusted: frozenset[str]) -> None:
        self._session = session
        self._base = base
        self._token = token
        self._trusted = trusted
        self._limits: dict[str, HostLimit] = {}
        self._one: dict[str, asyncio.Lock] = {}

    async def json(
        self,
        kind: type[_T],
        method: str,
        route: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        name: str = "",
    ) -> _T:
        """What an endpoint answers, as that type. `route` is its path, in which `name` takes the place of `:id`.

        Waits for as long as the endpoint's limit asks.
        """
        endpoint = f"{method} {route}"
        async with self._one.setdefault(endpoint, asyncio.Lock()):
            limit = self._limits.setdefault(endpoint, HostLimit())
            loop = asyncio.get_running_loop()
            await asyncio.sleep(limit.wait_seconds(loop.time()))
            limit.asked(loop.time())
            url = self._base.with_path(route.replace(":id", name)).with_query(query or {})
            data = None if body is None else msgspec.json.encode(body)
            headers = self._headers() | ({} if body is None else {"Content-Type": "application/json"})
            try:
                async with self._session.request(
                    method, url, data=data, headers=headers, allow_redirects=False, timeout=_TIMEOUT
                ) as answer:
                    self._note_limit(limit, answer)
                    found = await bounded_body(answer, "X")
            except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
                raise _unreachable(error) from None
        if not 200 <= answer.status < 300:
            raise self._refusal(answer.status, found, limit)
        try:
            return msgspec.json.decode(found, type=kind)
        except DECODE_ERRORS as error:
            raise SourceError("protocol", f"X answers with what is no {route}: {printable(str(error), 200)}") from None

    async def every(self, kind: type[_T], route: str, page_size: int) -> list[_T]:
        """Everything that an endpoint lists."""
        found: list[_T] = []
        query = {"max_results": str(page_size)}
        while True:
            page: Page[_T] = await self.json(Page[kind], "GET", route, query=query)  # type: ignore[valid-type]
            found += page.data
            if page.meta.next_token is None or not page.data:
                return found
            query["pagination_token"] = page.meta.next_token

    @asynccontextmanager
    async def stream(
        self, route: str, query: Mapping[str, str], within_seconds: float
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """The bytes of a stream that X opens within so many seconds."""
        limit = self._limits.setdefault(f"GET {route}", HostLimit())
        loop = asyncio.get_running_loop()
        if wait := limit.wait_seconds(loop.time()):
            raise SourceError("throttled", "no more connections are allowed for now", wait)
        limit.asked(loop.time())
        url = self._base.with_path(route).with_query(query)
        try:
            async with asyncio.timeout(within_seconds):
                answer = await self._session.get(
                    url, headers=self._headers(), allow_redirects=False, timeout=_STREAM, read_bufsize=_BUFFER
                )
                self._note_limit(limit, answer)
                if answer.status != 200:
                    raise self._refusal(answer.status, await bounded_body(answer, "X"), limit)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise _unreachable(error) from None
        try:
            yield answer.content
        finally:
            answer.close()

    async def put(self, address: str, data: bytes) -> None:
        """Upload to an address that X names. No token goes there."""
        await self._foreign("PUT", address, data)

    async def get(self, address: str) -> bytes:
        """Download from an address that X names. No token goes there."""
        return await self._foreign("GET", address, None)

    async def _foreign(self, method: str, address: str, data: bytes | None) -> bytes:
        try:
            url = URL(address, encoded=True)  # it is signed: not a character of it may change
            check_url(url, self._trusted)
            headers = {} if data is None else {"Content-Type": "text/plain"}
            async with self._session.request(
                method, url, data=data, headers=headers, allow_redirects=False, timeout=_TIMEOUT
            ) as answer:
                found = await bounded_body(answer, "X's storage")
        except HostRefusedError as error:
            raise SourceError("refused", f"an address that X names: {error}") from None
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            # The address is signed: who reads it in a log could use it.
            raise SourceError("closed", f"X's storage cannot be reached: {type(error).__name__}") from None
        if not 200 <= answer.status < 300:
            raise SourceError("refused", f"X's storage answers with status {answer.status}")
        return found

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _note_limit(self, limit: HostLimit, answer: aiohttp.ClientResponse) -> None:
        headers = {name: answer.headers[name] for name in ("Date", "Retry-After") if name in answer.headers}
        for name in ("Limit", "Remaining", "Reset"):
            if (value := answer.headers.get(f"x-rate-limit-{name.lower()}")) is not None:
                headers[f"RateLimit-{name}"] = value
        limit.answered(answer.status, headers, asyncio.get_running_loop().time(), time.time())

    def _refusal(self, status: int, body: bytes, limit: HostLimit) -> SourceError:
        wait = limit.wait_seconds(asyncio.get_running_loop().time()) if status == 429 else None
        said = printable(body[:300].decode(errors="replace"), 300)
        return XStatusError(_KINDS.get(status, "refused"), status, said, wait)


def _unreachable(error: Exception) -> SourceError:
    return SourceError("closed", f"X cannot be reached: {type(error).__name__} {error}".strip())
