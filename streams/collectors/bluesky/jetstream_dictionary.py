"""The dictionaries that servers compress with: fetched once for each host, refreshed when the server has another.

Without one, frames come plain: no error here ends a connection.
"""

import asyncio
import logging
import struct
from typing import Final

import aiohttp
import zstandard

from streams.collectors.bluesky.jetstream_endpoints import Endpoint, dictionary_url
from streams.printable import printable

__all__ = ["Dictionaries", "Unpacker"]

_log: Final = logging.getLogger(__name__)
_MAGIC: Final = 0xEC30A437  # of a structured dictionary, RFC 8878 section 5
_LARGEST: Final = 1_048_576  # bytes
_WINDOW: Final = 8_388_608  # what RFC 8878 asks decoders to support
_TIMEOUT: Final = aiohttp.ClientTimeout(total=15)


class Unpacker:
    """Unpacks frames that were compressed with one dictionary, up to a size."""

    def __init__(self, dictionary: bytes, largest: int) -> None:
        self.id = _id_of(dictionary)
        self._largest = largest
        self._zstd = zstandard.ZstdDecompressor(
            dict_data=zstandard.ZstdCompressionDict(dictionary), max_window_size=_WINDOW
        )

    def unpacked(self, data: bytes) -> bytes:
        """Raises `ValueError` for what is no such frame, and for one that unpacks to more than the largest."""
        try:
            size = zstandard.frame_content_size(data)
            if size > self._largest:
                raise ValueError(f"unpacks to {size:,} bytes")
            if size >= 0:
                return self._zstd.decompress(data)
            with self._zstd.stream_reader(data) as reader:
                found = reader.read(self._largest + 1)
        except zstandard.ZstdError as error:
            raise ValueError(f"not compressed with dictionary {self.id}: {error}") from None
        if len(found) > self._largest:
            raise ValueError(f"unpacks to more than {self._largest:,} bytes")
        return found


class Dictionaries:
    """One for each host, or none."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._found: dict[str, Unpacker | None] = {}

    async def get(self, session: aiohttp.ClientSession, endpoint: Endpoint) -> Unpacker | None:
        """What unpacks a host's frames; `None` where it has none, so that plain frames are to be asked for.

        v1 hosts give no dictionary.
        """
        if endpoint.wire == "v1":
            return None
        if endpoint.host not in self._found:
            try:
                self._found[endpoint.host] = await self._fetch(session, endpoint)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError, zstandard.ZstdError) as error:
                _log.warning(
                    "no dictionary, frames come plain",
                    extra={"host": endpoint.host, "error": printable(f"{type(error).__name__}: {error}", 200)},
                )
                self._found[endpoint.host] = None
        return self._found[endpoint.host]

    def forget(self, endpoint: Endpoint) -> None:
        """The host has another one by now."""
        self._found.pop(endpoint.host, None)

    def refuse(self, endpoint: Endpoint) -> None:
        """The host takes not even what it just gave: plain from now on."""
        self._found[endpoint.host] = None

    async def _fetch(self, session: aiohttp.ClientSession, endpoint: Endpoint) -> Unpacker:
        async with session.get(dictionary_url(endpoint), timeout=_TIMEOUT, allow_redirects=False) as answer:
            if answer.status != 200:
                raise ValueError(f"status {answer.status}")
            parts = bytearray()
            async for part in answer.content.iter_any():
                parts += part
                if len(parts) > _LARGEST:
                    raise ValueError(f"more than {_LARGEST:,} bytes")
        return await asyncio.to_thread(Unpacker, bytes(parts), self._largest)


def _id_of(dictionary: bytes) -> int:
    if len(dictionary) < 8:
        raise ValueError("too short for a dictionary")
    magic, number = struct.unpack("<II", dictionary[:8])
    if magic != _MAGIC or not number:
        raise ValueError("not a structured dictionary")
    return int(number)
