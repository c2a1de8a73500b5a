"""HTTP to platforms: sessions that keep nothing and unpack nothing, and answers that are bounded."""

from typing import Final

import aiohttp

from streams import __version__
from streams.collectors.public_hosts import PublicResolver
from streams.collectors.source import SourceError

__all__ = ["bounded_body", "open_session"]

_MOST_BYTES: Final = 16_777_216


def open_session(trusted: frozenset[str], *, per_host: int) -> aiohttp.ClientSession:
    """A session to public hosts and those that are `trusted` (`HOST:PORT`), with so many connections to each."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=PublicResolver(trusted), limit=256, limit_per_host=per_host),
        # What is not packed cannot unpack to more than it looks.
        headers={
            "User-Agent": f"antiphon/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        },
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def bounded_body(answer: aiohttp.ClientResponse, shown: str) -> bytes:
    """The body of an answer. Raises `SourceError` for one of more than 16 MiB; `shown` is who sent it."""
    parts = bytearray()
    async for part in answer.content.iter_any():
        parts += part
        if len(parts) > _MOST_BYTES:
            raise SourceError("protocol", f"{shown} answers with more than {_MOST_BYTES:,} bytes")
    return bytes(parts)
