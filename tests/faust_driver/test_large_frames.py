"""Answers of any size come whole and in order, and a connection that breaks in the middle of one says so.

The server is a local one that sends what a broker might; a worker's tests have the real one.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.conn import READER_LIMIT, AIOKafkaProtocol

from streams.faust_driver.large_frames import receive_large_frames

_SECONDS = 20.0
_LARGE = 300_000


@asynccontextmanager
async def _connected(sent: bytes, cuts: Sequence[int], *, reset: bool = False) -> AsyncIterator[Any]:
    """A connection as aiokafka makes it, to a server that sends these bytes in pieces, and then ends it."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for begin, end in zip((0, *cuts), (*cuts, len(sent)), strict=True):
            writer.write(sent[begin:end])
            await writer.drain()
            await asyncio.sleep(0.01)
        if reset:
            writer.transport.abort()
        else:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=READER_LIMIT, loop=loop)
    protocol = AIOKafkaProtocol(loop.create_future(), reader, loop=loop)

    async def connect() -> Any:
        transport, _ = await loop.create_connection(lambda: protocol, *server.sockets[0].getsockname())
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        return SimpleNamespace(_reader=reader, _writer=writer, _protocol=protocol)

    client = SimpleNamespace(_get_conn=connect)
    receive_large_frames(client)
    try:
        connection = await client._get_conn()
        yield connection._reader
    finally:
        server.close()


def test_answers_of_any_size_come_whole_and_in_order() -> None:
    """Also those that begin, or end, in one piece with others."""
    sizes = (4, _LARGE, 4, 10, 4, 131_071, 131_072, 4, 5_000_000, _LARGE, 0, 4)
    frames = [bytes([1 + number]) * size for number, size in enumerate(sizes)]
    sent = b"".join(frames)
    for cuts in ((), (2, 4, 5, 200_000, _LARGE + 4, _LARGE + 6, 600_000), range(100_000, len(sent), 400_000)):

        async def check(cuts: Sequence[int]) -> None:
            async with _connected(sent, cuts) as reader:
                for frame in frames:
                    assert await asyncio.wait_for(reader.readexactly(len(frame)), _SECONDS) == frame
                with pytest.raises(asyncio.IncompleteReadError):
                    await asyncio.wait_for(reader.readexactly(_LARGE), _SECONDS)

        asyncio.run(check(cuts))


@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_that_breaks_in_the_middle_of_an_answer_says_so(reset: bool) -> None:
    async def check() -> None:
        async with _connected(b"x" * (_LARGE - 1), (150_000,), reset=reset) as reader:
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await asyncio.wait_for(reader.readexactly(_LARGE), _SECONDS)

    asyncio.run(check())
