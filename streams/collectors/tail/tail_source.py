"""The source `tail`: lines of a file as they are written, through every rotation, from where Kafka has them."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from streams.collectors.source import Chunk, SourceError
from streams.collectors.tail.follower import FileFollower, TailPolicy
from streams.formats.reader import FormatReader

__all__ = ["TailSource"]


class TailSource:
    """Follows one file. It covers officials where it is said of which platform the file has all that they do."""

    def __init__(self, policy: TailPolicy, reader: FormatReader) -> None:
        self.name: Final = policy.name
        self.platform: Final = policy.platform or "any"
        self.covers_officials: Final = bool(policy.platform)
        self._policy: Final = policy
        self._reader: Final = reader

    async def chunks(self, cursor: bytes | None) -> AsyncGenerator[Chunk, None]:
        """See `Source`."""
        follower = FileFollower(self._policy, self._reader)
        try:
            yield await asyncio.to_thread(follower.begin, cursor)
            while True:
                chunk = await asyncio.to_thread(follower.step)
                if chunk is None:
                    await asyncio.sleep(self._policy.poll_seconds)
                else:
                    yield chunk
        except OSError as error:
            raise SourceError("refused", str(error)) from None
        finally:
            await asyncio.to_thread(follower.close)
