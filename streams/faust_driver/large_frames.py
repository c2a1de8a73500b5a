"""Large answers of a broker, received into the place they are wanted in.

asyncio's `StreamReader`, which aiokafka reads with, copies what comes three times on its way, and a fetch has
megabytes. What is small takes that way still.
"""

import asyncio
from typing import Any, Final

__all__ = ["receive_large_frames"]

_LARGE_BYTES: Final = 131_072
_SCRATCH_BYTES: Final = 65_536


def receive_large_frames(client: Any) -> None:
    """Make an aiokafka client, which has not started yet, receive large answers in place, on all its connections."""
    get_connection = client._get_conn

    async def get_filling(*arguments: Any, **options: Any) -> Any:
        connection = await get_connection(*arguments, **options)
        writer = None if connection is None else connection._writer
        if writer is not None and not isinstance(writer.transport.get_protocol(), _Filling):
            writer.transport.set_protocol(_Filling(connection._protocol, connection._reader, writer.transport))
        return connection

    client._get_conn = get_filling


class _Filling(asyncio.BufferedProtocol):
    """In place of a connection's protocol, to which goes whatever is no part of a large frame."""

    def __init__(self, protocol: Any, reader: Any, transport: Any) -> None:
        self._protocol = protocol
        self._reader = reader
        self._transport = transport
        self._read_small = reader.readexactly
        self._scratch = bytearray(_SCRATCH_BYTES)
        self._frame: bytearray | None = None  # which is being received
        self._filled = 0
        self._whole: asyncio.Future[None] | None = None
        reader.readexactly = self._read

    async def _read(self, size: int) -> bytes:
        """`StreamReader.readexactly`, which is asked by one task alone."""
        reader = self._reader
        if size < _LARGE_BYTES or size <= len(reader._buffer) or reader._eof or reader._exception is not None:
            small: bytes = await self._read_small(size)
            return small
        frame = bytearray(size)
        self._filled = len(reader._buffer)
        frame[: self._filled] = reader._buffer
        reader._buffer.clear()
        self._frame, self._whole = frame, asyncio.get_running_loop().create_future()
        try:
            if reader._paused:
                reader._paused = False
                self._transport.resume_reading()
            await self._whole
        finally:
            self._frame = self._whole = None
        return bytes(frame)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        if self._frame is None or self._filled == len(self._frame):
            return memoryview(self._scratch)
        return memoryview(self._frame)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes were put there."""
        if self._frame is None or self._filled == len(self._frame):
            self._protocol.data_received(bytes(memoryview(self._scratch)[:nbytes]))
            return
        self._filled += nbytes
        if self._filled == len(self._frame):
            self._end()

    def eof_received(self) -> bool | None:
        """Nothing more comes."""
        if self._frame is not None:
            self._end(asyncio.IncompleteReadError(bytes(self._frame[: self._filled]), len(self._frame)))
        answer: bool | None = self._protocol.eof_received()
        return answer

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self._frame is not None:
            self._end(exc or asyncio.IncompleteReadError(bytes(self._frame[: self._filled]), len(self._frame)))
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """The other side takes nothing for now."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """It does again."""
        self._protocol.resume_writing()

    def _end(self, error: BaseException | None = None) -> None:
        if self._whole is None or self._whole.done():
            return
        if error is None:
            self._whole.set_result(None)
        else:
            self._whole.set_exception(error)
