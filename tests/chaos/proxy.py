"""A cable between workers and broker that can be cut: forwards TCP on loopback. Knows nothing of what it carries."""

import asyncio
import contextlib
from enum import Enum

from streams.kafka.loopback import LOOPBACK

__all__ = ["Cable", "Cut"]

_CHUNK_BYTES = 262_144


class Cut(Enum):
    """What is wrong with the cable."""

    NOTHING = "nothing"
    REFUSED = "connections are dropped and new ones refused"
    STALLED = "nothing passes in either direction"
    DEAF = "nothing passes from the broker"
    MUTE = "nothing passes to the broker"


class Cable:
    """Listens on `port` and forwards to `broker_port`, both on loopback. Use it from one event loop."""

    def __init__(self, port: int, broker_port: int) -> None:
        self.port = port
        self._broker_port = broker_port
        self._cut = Cut.NOTHING
        self._upwards, self._downwards = asyncio.Event(), asyncio.Event()
        self._connections: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._let_pass()
        self._server = await asyncio.start_server(self._connected, LOOPBACK, self.port)

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        self._drop_all()
        for task in self._tasks:
            task.cancel()

    async def cut(self, how: Cut) -> None:
        """Break it in one way."""
        self._cut = how
        if how is Cut.REFUSED:
            self._drop_all()
        if how in (Cut.STALLED, Cut.MUTE):
            self._upwards.clear()
        if how in (Cut.STALLED, Cut.DEAF):
            self._downwards.clear()

    async def mend(self, *, forget: bool) -> None:
        """Let everything pass again. With `forget`, connections that stood still are dropped with what they held, as by
        a router that has lost its table; without, they go on as if nothing had happened."""
        if forget:
            self._drop_all()
        self._let_pass()

    def _let_pass(self) -> None:
        self._cut = Cut.NOTHING
        self._upwards.set()
        self._downwards.set()

    def _drop_all(self) -> None:
        for writer in self._connections:
            writer.transport.abort()
        self._connections.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut is Cut.REFUSED:
            writer.transport.abort()
            return
        try:
            there = await asyncio.open_connection(LOOPBACK, self._broker_port)
        except OSError:
            writer.transport.abort()
            return
        both = (writer, there[1])
        self._connections.update(both)
        for source, sink, gate in ((reader, there[1], self._upwards), (there[0], writer, self._downwards)):
            task = asyncio.create_task(self._forward(source, sink, gate, both))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        gate: asyncio.Event,
        both: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK_BYTES):
                await gate.wait()
                sink.write(data)
                await sink.drain()
        for writer in both:
            writer.transport.abort()
            self._connections.discard(writer)
