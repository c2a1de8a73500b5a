"""A push server on loopback whose batches a test takes to Kafka or does not, and raw clients."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from msgspec import structs

from streams.collectors.push.push_server import PushPolicy, listening
from streams.collectors.push.push_source import PushSource
from streams.formats.registry import all_formats, reader_named
from streams.setting_sources import Secret

if TYPE_CHECKING:
    from streams.collectors.source import Chunk

__all__ = ["TOKEN", "Endpoint", "endpoint"]

TOKEN: Final = "a-token-of-the-tests-0123456789"  # noqa: S105  # of the tests
_POLICY: Final = PushPolicy(host="127.0.0.1", port=0, token=Secret(TOKEN))


class Endpoint:
    """`chunks` are those that were taken; while `holds` is set none is acknowledged."""

    def __init__(self, source: PushSource, port: int, session: aiohttp.ClientSession) -> None:
        self.source = source
        self.port = port
        self.session = session
        self.chunks: list[Chunk] = []
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    @property
    def ids(self) -> list[str]:
        return [event.id for chunk in self.chunks for event in chunk.events]

    async def take(self, cursor: bytes | None = None) -> None:
        """As the service does, for ever."""
        async for chunk in self.source.chunks(cursor):
            self.chunks.append(chunk)
            await self.goes_on.wait()
            if chunk.acknowledge is not None:
                await chunk.acknowledge()

    async def post(
        self, body: Any, path: str = "/events", token: str | None = TOKEN, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.post(url, data=body, headers=given) as answer:
            return answer.status, json.loads(await answer.read())


@asynccontextmanager
async def endpoint(cursor: bytes | None = None, **policy: Any) -> AsyncIterator[Endpoint]:
    """One for the block, whose batches are taken."""
    wanted = structs.replace(_POLICY, **policy)
    source = PushSource(wanted.at_once)
    async with (
        listening(wanted, source, reader_named("canonical"), all_formats().get) as (_, port),
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session,
    ):
        found = Endpoint(source, port, session)
        taking = asyncio.ensure_future(found.take(cursor))
        try:
            yield found
        finally:
            taking.cancel()
