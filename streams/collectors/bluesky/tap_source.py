"""The source `tap`: messages of a Tap process, each acknowledged once Kafka has it. So no cursor is needed: a Tap sends
again what nobody acknowledged.

Says nothing of coverage: a Tap does not tell how far it is.
"""

import asyncio
import logging
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple

import aiohttp
import msgspec
from aiohttp import ClientWebSocketResponse, WSMessage, WSMsgType
from msgspec import Struct
from yarl import URL

from streams.collectors.source import Chunk, SourceError, SourceErrorKind
from streams.deadletters import Reason
from streams.formats.bluesky.jetstream_fields import BLUESKY
from streams.formats.bluesky.tap import read_message
from streams.formats.reader import Skipped
from streams.kafka.dead_letter_record import letter_of
from streams.refusal import rejection
from streams.setting_sources import Secret

__all__ = ["Officials", "TapPolicy", "TapSource"]

_log: Final = logging.getLogger(__name__)
_ADMIN: Final = "admin"  # the only user that a Tap knows
_MOST_BYTES: Final = 4_194_304  # of a message: a record has at most 1 MB
_MOST_MESSAGES: Final = 1_000  # of a chunk
_HEARTBEAT_SECONDS: Final = 20.0
_SILENT_SECONDS: Final = 30.0
_TOGETHER_SECONDS: Final = 0.02  # messages that come within this are one chunk: a Tap waits for acknowledgements
_AT_ONCE: Final = 1_000  # repositories that are added with one request

Officials = Callable[[], frozenset[str]]
"""The DIDs that the Tap is to follow, by now."""


class TapPolicy(Struct, frozen=True, kw_only=True):
    """Where the Tap is (its base URL), and its password, if it has one."""

    url: str
    password: Secret = Secret("")


class _Ack(Struct):
    id: int
    type: str = "ack"


class _Repositories(Struct):
    dids: Sequence[str]


class _Received(NamedTuple):
    message: WSMessage
    at: datetime


_encode: Final = msgspec.json.Encoder().encode


class TapSource:
    """`officials` are added to the repositories that the Tap follows, when it is connected and as they come."""

    name: Final = "tap"
    platform: Final = BLUESKY
    covers_officials: Final = False

    def __init__(self, session: aiohttp.ClientSession, policy: TapPolicy, officials: Officials) -> None:
        self._session = session
        self._officials = officials
        self._url = URL(policy.url)
        credentials = b64encode(f"{_ADMIN}:{policy.password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}"} if policy.password else {}

    async def chunks(self, cursor: bytes | None) -> AsyncGenerator[Chunk, None]:
        """See `Source`."""
        del cursor
        added: set[str] = set()
        try:
            await self._add(added)
            async with self._session.ws_connect(
                self._url / "channel", headers=self._headers, max_msg_size=_MOST_BYTES, heartbeat=_HEARTBEAT_SECONDS
            ) as socket:
                yield Chunk()  # connected
                while True:
                    yield await self._next(socket)
                    await self._add(added)
        except aiohttp.WSServerHandshakeError as error:
            raise _refusal(error.status) from None
        except aiohttp.ClientResponseError as error:
            raise _refusal(error.status) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SourceError("closed", f"{type(error).__name__}: {error}") from None

    async def _next(self, socket: ClientWebSocketResponse) -> Chunk:
        """What comes within a moment; nothing where it is quiet for long."""
        received: list[_Received] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(_SILENT_SECONDS) as limit:
                while len(received) < _MOST_MESSAGES:
                    message = await socket.receive()
                    if not received:
                        limit.reschedule(asyncio.get_running_loop().time() + _TOGETHER_SECONDS)
                    received.append(_Received(message, datetime.now(UTC)))
                    if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                        break
        chunk = Chunk()
        numbers = [number for each in received if (number := _take(chunk, each)) is not None]
        if numbers:
            chunk.acknowledge = _acknowledging(socket, numbers)
        if not chunk.received and received:
            raise _ended(socket, received[-1].message)
        return chunk

    async def _add(self, added: set[str]) -> None:
        new = sorted(self._officials() - added)
        for begin in range(0, len(new), _AT_ONCE):
            part = new[begin : begin + _AT_ONCE]
            async with self._session.post(
                self._url / "repos" / "add",
                data=_encode(_Repositories(part)),
                headers={"Content-Type": "application/json", **self._headers},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=30),
            ) as answer:
                if answer.status != 200:
                    raise _refusal(answer.status)
            added.update(part)
            _log.info("repositories added", extra={"repositories": len(part)})


def _take(chunk: Chunk, received: _Received) -> int | None:
    """Add what a message says to the chunk; its number. An end of the connection is not received."""
    message = received.message
    if message.type is WSMsgType.BINARY:
        chunk.received += 1
        chunk.letters.append(
            letter_of(rejection(Reason.NOT_JSON, "a binary message: a Tap sends text"), message.data, "tap", 0, 0)
        )
        return None
    if message.type is not WSMsgType.TEXT:
        return None
    line = str(message.data).encode()
    chunk.received += 1
    chunk.size += len(line)
    reading, number = read_message(line, received.at)
    match reading:
        case tuple():
            chunk.events += reading
            chunk.back_filled += b'"live":false' in line
        case Skipped(name):
            chunk.skipped[name] += 1
        case refused:
            chunk.letters.append(letter_of(refused, line, "tap", 0, number or 0))
    return number


def _acknowledging(socket: ClientWebSocketResponse, numbers: Iterable[int]) -> Callable[[], Awaitable[None]]:
    async def acknowledge() -> None:
        for number in numbers:
            await socket.send_str(_encode(_Ack(number)).decode())

    return acknowledge


def _ended(socket: ClientWebSocketResponse, message: WSMessage) -> SourceError:
    if message.type is WSMsgType.ERROR:
        return SourceError("protocol", f"{type(message.data).__name__}: {message.data}")
    return SourceError("closed", f"the Tap closed the connection ({socket.close_code})")


def _refusal(status: int) -> SourceError:
    kinds: dict[int, SourceErrorKind] = {401: "key_refused", 403: "key_refused", 429: "throttled"}
    what = "wants another password" if status in (401, 403) else f"answers with status {status}"
    return SourceError(kinds.get(status, "refused"), f"the Tap {what}")
