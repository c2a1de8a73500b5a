"""One subscriber of the local server: what is sent to it, and what it may say."""

import asyncio
from collections.abc import Callable, Iterable

import msgspec
import zstandard
from aiohttp import WSMsgType, web

from tools.servers.jetstream.cursors import Begin
from tools.servers.jetstream.faults import Faults
from tools.servers.jetstream.filters import InvalidOptions, Update, Wanted, parse_update
from tools.servers.jetstream.log import EventLog
from tools.servers.jetstream.wires import error_frame, info_frame, v1_frame, v2_frame

__all__ = ["Connection"]

_BATCH = 1_024


class Connection:
    """One subscriber: a loop that sends what passes its filter, and one that reads what it says."""

    def __init__(
        self,
        faults: Faults,
        log: EventLog,
        updated: Callable[[Wanted], object],
        request: web.Request,
        socket: web.WebSocketResponse,
        wanted: Wanted,
        dictionary: bytes | None,
        *,
        v2: bool = False,
    ) -> None:
        assert request.transport is not None
        self.socket = socket
        self.transport: asyncio.Transport = request.transport
        self._faults = faults
        self._log = log
        self._updated = updated
        self._wanted = wanted
        self._v2 = v2
        self._hello = asyncio.Event()
        self._cut_after = faults.cut_after.pop(0) if faults.cut_after else None
        self._zstd = (
            None
            if dictionary is None
            else zstandard.ZstdCompressor(level=1, dict_data=zstandard.ZstdCompressionDict(dictionary))
        )

    async def run(self, begin: Begin, *, legacy: bool, waits: bool, ping_seconds: float) -> None:
        tasks = [
            asyncio.ensure_future(self._send_all(begin, legacy=legacy, waits=waits)),
            asyncio.ensure_future(self._ping(ping_seconds)),
        ]
        try:
            await self._read()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _ping(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self.socket.ping()

    async def _read(self) -> None:
        async for message in self.socket:
            if self._v2:
                await self.socket.close(code=1008, message=b"unexpected data message")
                return
            if message.type is not WSMsgType.TEXT:
                continue
            try:
                envelope = msgspec.json.decode(message.data, type=_Envelope)
            except msgspec.DecodeError:
                await self.socket.close(code=1007, message=b"bad SubscriberSourcedMessage envelope")
                return
            if envelope.type != "options_update":
                continue
            try:
                self._wanted = parse_update(msgspec.json.decode(envelope.payload, type=Update))
            except msgspec.DecodeError:
                await self.socket.close(code=1007, message=b"bad options_update payload")
                return
            except InvalidOptions as error:
                reason = str(error).encode()
                cut = reason if len(reason) <= 123 else reason[:120].decode(errors="ignore").encode() + b"..."
                await self.socket.close(code=1008, message=cut)
                return
            self._updated(self._wanted)
            self._hello.set()

    async def _send_all(self, begin: Begin, *, legacy: bool, waits: bool) -> None:
        if waits:
            await self._hello.wait()
        if self._v2 and begin.outdated:
            about = f"requested timestamp cursor below retention floor; starting at seq {begin.seq}"
            await self._send(info_frame("OutdatedCursor", about))
        position, faults = begin.seq, self._faults
        while True:
            batch = () if faults.silent else self._log.since(position, _BATCH)
            if not batch:
                await self._log.changed()
                continue
            frames: list[bytes] = []
            for event in batch:
                if not self._wanted.wants(event):
                    continue
                frame = v2_frame(event) if self._v2 else v1_frame(event, legacy=legacy)
                if frame is None or 0 < self._wanted.largest < len(frame):
                    continue
                if faults.event_seconds:
                    await asyncio.sleep(faults.event_seconds)
                    await self._send(frame)
                else:
                    frames.append(frame)
                if self._cut_after is not None:
                    self._cut_after -= 1
                    if self._cut_after <= 0:
                        await self._send_many(frames)
                        self.transport.close()  # what was sent arrives; there is no close frame
                        return
            await self._send_many(frames)
            position = batch[-1].seq + 1
            if not frames:  # nothing of it is wanted: others have their turn all the same
                await asyncio.sleep(0)

    async def _send_many(self, frames: Iterable[bytes]) -> None:
        for frame in frames:
            await self._send(frame)

    async def _send(self, frame: bytes) -> None:
        if self._zstd is not None:
            await self.socket.send_bytes(self._zstd.compress(frame))
        else:
            await self.socket.send_str(frame.decode())

    async def fail(self, error: str, message: str) -> None:
        """End as the server does after its last word."""
        await self._send(error_frame(error, message))
        await self.socket.close()


class _Envelope(msgspec.Struct):
    type: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"{}")
