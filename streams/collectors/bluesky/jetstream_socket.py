"""One connection to a Jetstream: opens it, says why it could not, and hands on what came in batches.

Knows no frame. What waits is bounded: a reader that stalls leaves the rest in the socket.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, Self, TypeAlias

import aiohttp
import msgspec
from aiohttp import WSMsgType
from yarl import URL

from streams.collectors.bluesky.jetstream_dictionary import Unpacker
from streams.collectors.bluesky.jetstream_endpoints import Endpoint
from streams.collectors.source import SourceError
from streams.printable import printable

__all__ = ["LARGEST_FRAME", "CursorTooOldError", "FrameTooLargeError", "JetstreamSocket", "UnknownDictionaryError"]

_Socket: TypeAlias = aiohttp.ClientWebSocketResponse[Literal[False]]

LARGEST_FRAME: Final = 16_777_216
"""Bytes. A record has at most 1 MiB, of which JSON makes at most six."""

_BATCH_FRAMES: Final = 1_000
_BATCH_BYTES: Final = 4_194_304
_OPEN_SECONDS: Final = 20.0
_PONG_SECONDS: Final = 30.0
_SAID: Final = 300  # characters of an answer that an error repeats
_CLOSE_SECONDS: Final = 1.0


class CursorTooOldError(Exception):
    """The server does not have what the cursor asks for any more."""


class UnknownDictionaryError(Exception):
    """The server compresses with another dictionary by now."""


class FrameTooLargeError(SourceError):
    """A frame beyond `LARGEST_FRAME`: it would come again and again."""


class _Said(msgspec.Struct):
    error: str = ""
    message: str = ""


class JetstreamSocket:
    """An open connection. `changed` is called when frames wait and when it ends."""

    def __init__(self, socket: _Socket, unpacker: Unpacker | None, changed: Callable[[], object]) -> None:
        self._socket = socket
        self._unpacker = unpacker
        self._changed = changed
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._room = asyncio.Event()
        self._end: SourceError | None = None
        self._reading = asyncio.ensure_future(self._read())

    @classmethod
    async def open(
        cls,
        session: aiohttp.ClientSession,
        endpoint: Endpoint,
        url: URL,
        unpacker: Unpacker | None,
        changed: Callable[[], object],
    ) -> Self:
        """Raises `SourceError`, `CursorTooOldError` and `UnknownDictionaryError`."""
        try:
            socket = await asyncio.wait_for(
                session.ws_connect(
                    url,
                    protocols=("xrpc.v1.json",) if endpoint.wire == "v2" else (),
                    heartbeat=_PONG_SECONDS,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),
                    max_msg_size=LARGEST_FRAME,
                    compress=0,
                    decode_text=False,  # what is no UTF-8 is a dead letter with its bytes
                ),
                _OPEN_SECONDS,
            )
        except aiohttp.WSServerHandshakeError as error:
            raise await _refused(session, endpoint, url, error) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SourceError("closed", f"{endpoint}: {_printable(error)}") from None
        return cls(socket, unpacker, changed)

    @property
    def is_packed(self) -> bool:
        """Whether what comes has to be unpacked."""
        return self._unpacker is not None

    def take(self) -> list[bytes]:
        """What came since, as it was compressed or not. Raises `SourceError` once the connection is over and everything
        that it brought was taken.
        """
        taken, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if not taken and self._end is not None:
            raise self._end
        self._room.set()
        return taken

    def unpacked(self, frame: bytes) -> bytes:
        """Raises `ValueError`."""
        return frame if self._unpacker is None else self._unpacker.unpacked(frame)

    async def say(self, message: dict[str, object]) -> None:
        """Send JSON. Raises `SourceError`."""
        try:
            await self._socket.send_str(msgspec.json.encode(message).decode())
        except (aiohttp.ClientError, OSError) as error:
            raise SourceError("closed", _printable(error)) from None

    async def close(self) -> None:
        """Say goodbye."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._socket.close()

    async def _read(self) -> None:
        socket = self._socket
        receive = socket.receive
        wanted = WSMsgType.TEXT if self._unpacker is None else WSMsgType.BINARY
        while True:
            try:
                message = await receive()
            except (aiohttp.ClientError, OSError) as error:
                self._ended(SourceError("closed", _printable(error)))
                return
            if message.type is not wanted:
                self._ended(_why(message, socket))
                return
            data = message.data
            waiting = self._waiting
            waiting.append(data)
            self._waiting_bytes += len(data)
            if len(waiting) == 1:
                self._changed()
            elif len(waiting) >= _BATCH_FRAMES or self._waiting_bytes >= _BATCH_BYTES:
                self._room.clear()
                await self._room.wait()

    def _ended(self, error: SourceError) -> None:
        self._end = error
        self._changed()


def _why(message: Any, socket: _Socket) -> SourceError:
    if message.type in (WSMsgType.BINARY, WSMsgType.TEXT):
        return SourceError("protocol", f"a {message.type.name.lower()} frame, which is not what was asked for")
    if socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG:
        return FrameTooLargeError("protocol", f"a frame of more than {LARGEST_FRAME:,} bytes")
    why = message.extra or (message.data if isinstance(message.data, (Exception, str)) else "")
    return SourceError("closed", f"code {socket.close_code} {printable(str(why), _SAID)}".strip())


async def _refused(
    session: aiohttp.ClientSession, endpoint: Endpoint, url: URL, error: aiohttp.WSServerHandshakeError
) -> Exception:
    """What the answer to a handshake means. Its body has the name of the error, and aiohttp drops it: asked again."""
    status, headers = error.status, error.headers
    if status == 429:
        return SourceError("throttled", f"{endpoint}: status 429", _retry_after(headers))
    said = await _said(session, url) if status == 400 else _Said()
    if said.error == "CursorTooOld":
        return CursorTooOldError(printable(said.message, _SAID))
    if said.error == "UnknownZstdDictionary":
        return UnknownDictionaryError(printable(said.message, _SAID))
    about = f"{endpoint}: status {status} {printable(f'{said.error} {said.message}', _SAID)}".strip()
    if status in (414, 431):
        return SourceError("refused", f"{about}: the filter is too long for the host; lower dids_per_connection")
    if status >= 500 or status in (403, 401, 404):
        return SourceError("refused", about, _retry_after(headers))
    return SourceError("protocol", about)


async def _said(session: aiohttp.ClientSession, url: URL) -> _Said:
    try:
        async with session.get(url, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=10)) as answer:
            body = await answer.content.read(65_536)
    except (aiohttp.ClientError, TimeoutError, OSError):
        return _Said()
    try:
        return msgspec.json.decode(body, type=_Said)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Said(message=body.decode(errors="replace"))


def _retry_after(headers: Mapping[str, str] | None) -> float | None:
    said = (headers or {}).get("Retry-After", "")
    return float(said) if said.isascii() and said.isdigit() else None


def _printable(error: BaseException) -> str:
    return printable(f"{type(error).__name__} {error}".strip(), _SAID)
