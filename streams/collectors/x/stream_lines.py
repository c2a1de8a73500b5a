"""A stream of X as lines: cut anywhere, also inside a character; an empty line is a keep-alive."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import aiohttp

from streams.collectors.source import SourceError

__all__ = ["KEEP_ALIVE_SECONDS", "lines_of"]

KEEP_ALIVE_SECONDS: Final = 20.5
"""A stream that sends nothing for longer is dead: X sends a keep-alive every 20 s, which may be half a second late."""
_MOST_BYTES: Final = 4_194_304  # of a line; a post with all it refers to has some 30 kB


async def lines_of(content: aiohttp.StreamReader, silence_seconds: float) -> AsyncGenerator[list[bytes], None]:
    """What was read together: whole lines, without those that are empty; no lines where there were only keep-alives.

    A line that the end of the stream cuts off is not passed on: X sends it to nobody again, and a part of it says
    nothing. Raises `SourceError`.
    """
    rest = b""
    while True:
        try:
            async with asyncio.timeout(silence_seconds):
                data = await content.readany()
        except TimeoutError:
            raise SourceError("silent", f"nothing for {silence_seconds:.0f} s, not even a keep-alive") from None
        except (aiohttp.ClientError, OSError) as error:
            raise SourceError("closed", f"{type(error).__name__} {error}".strip()) from None
        if not data:
            raise SourceError("closed", "X ended the stream")
        *lines, rest = (rest + data).split(b"\n")
        if len(rest) > _MOST_BYTES:
            raise SourceError("protocol", f"a line of more than {_MOST_BYTES:,} bytes")
        yield [line.rstrip(b"\r") for line in lines if line and not line.isspace()]
