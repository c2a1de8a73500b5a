"""The three questions that are asked of a Mastodon server, one at a time, as often as its headers allow.

Answers are bounded, and addresses that a roster gives lead to no private network.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeVar

import aiohttp
import msgspec
from msgspec import Raw, Struct
from yarl import URL

from streams.collectors.http_sessions import bounded_body
from streams.collectors.public_hosts import HostRefusedError, check_url
from streams.collectors.rate_limits import HostLimit
from streams.collectors.source import SourceError, SourceErrorKind
from streams.printable import printable
from streams.refusal import DECODE_ERRORS

__all__ = ["PAGE", "FoundAccount", "GoneError", "MastodonServer"]

PAGE: Final = 40
"""The most statuses that a server gives at once."""
_T = TypeVar("_T")
_TIMEOUT: Final = aiohttp.ClientTimeout(total=60, sock_connect=15)
_LONGEST_WAIT: Final = 5.0  # longer ones are told, and waited elsewhere
_GONE: Final = frozenset({404, 410})


class GoneError(Exception):
    """There is no such account or status."""


class FoundAccount(Struct):
    """An account of the server's own; `url` is its address everywhere."""

    id: str
    url: str


class MastodonServer:
    """One server at an address. No request is made before the one before it is answered, nor sooner than
    `spacing_seconds` after it. Methods raise `SourceError` where the server does not serve us, and `GoneError`.
    """

    def __init__(
        self, session: aiohttp.ClientSession, address: URL, trusted: frozenset[str], spacing_seconds: float
    ) -> None:
        self._session = session
        self._address = address
        self._trusted = trusted
        self._spacing = spacing_seconds
        self._limit = HostLimit()
        self._next = 0.0
        self._one = asyncio.Lock()

    async def account(self, user: str) -> FoundAccount:
        """Look an account up by its name on this server."""
        return await self._json("/api/v1/accounts/lookup", FoundAccount, acct=user)

    async def statuses(self, account_id: str, min_id: str | None = None) -> list[Raw]:
        """The newest 40, or the 40 that follow `min_id`; the newest first."""
        query = {"limit": str(PAGE)} if min_id is None else {"limit": str(PAGE), "min_id": min_id}
        return await self._json(f"/api/v1/accounts/{account_id}/statuses", list[Raw], **query)

    async def has_status(self, status_id: str) -> bool:
        """Whether a status is still there."""
        try:
            await self._json(f"/api/v1/statuses/{status_id}", dict[str, Raw])
        except GoneError:
            return False
        return True

    async def _json(self, path: str, kind: type[_T], **query: str) -> _T:
        url = self._address.with_path(path).with_query(query)
        try:
            check_url(url, self._trusted)
            async with self._one:
                await self._pause()
                return await self._ask(url, kind)
        except HostRefusedError as error:
            raise SourceError("refused", str(error)) from None
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise SourceError("closed", f"{self._shown}: {type(error).__name__} {error}".strip()) from None

    @property
    def _shown(self) -> str:
        return printable(self._address.host or "", 100)

    async def _pause(self) -> None:
        now = time.monotonic()
        wait = self._limit.wait_seconds(now)
        if wait > _LONGEST_WAIT:
            raise SourceError("throttled", f"{self._shown} asks for a pause", wait)
        await asyncio.sleep(max(wait, self._next - now, 0.0))

    async def _ask(self, url: URL, kind: type[_T]) -> _T:
        self._limit.asked(time.monotonic())
        self._next = time.monotonic() + self._spacing
        async with self._session.get(url, allow_redirects=False, timeout=_TIMEOUT) as answer:
            self._limit.answered(answer.status, _limits(answer.headers), time.monotonic(), time.time())
            body = await bounded_body(answer, self._shown)
        if answer.status in _GONE:
            raise GoneError
        if answer.status != 200:
            raise self._refusal(answer.status)
        try:
            return msgspec.json.decode(body, type=kind)
        except DECODE_ERRORS as error:
            raise SourceError("protocol", f"{self._shown} answers with what is no {url.path}: {error}") from None

    def _refusal(self, status: int) -> SourceError:
        wait = self._limit.wait_seconds(time.monotonic()) if status == 429 else None
        kinds: dict[int, SourceErrorKind] = {429: "throttled", 401: "key_refused", 403: "refused"}
        return SourceError(kinds.get(status, "refused"), f"{self._shown} answers with status {status}", wait)


def _limits(headers: Mapping[str, str]) -> dict[str, str]:
    """Mastodon's headers under the names of the IETF's draft: its reset is a time as JSON has it."""
    found = {name: headers[name] for name in ("Date", "Retry-After") if name in headers}
    for name in ("Limit", "Remaining"):
        if (value := headers.get(f"X-RateLimit-{name}")) is not None:
            found[f"RateLimit-{name}"] = value
    try:
        reset = datetime.fromisoformat(headers.get("X-RateLimit-Reset", ""))
        found["RateLimit-Reset"] = str(int(reset.timestamp()) + 1)
    except (ValueError, OverflowError):
        pass
    return found
