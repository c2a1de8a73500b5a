"""Records and batches as the transport hands them to the agents, made by hand."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from streams.core.officials import Official
from streams.core.subject_event import Coordinates, SubjectEvent, encode_subject_event
from streams.events import Account
from streams.faust_driver.batches import Batch

__all__ = ["Finished", "MadeRecord", "batch_of", "retweet_of"]

_RETRY_SECONDS: Final = 20.0


class MadeRecord(Struct):
    """What agents read of a record."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = 0


class Finished:
    """To be told by an agent which batches it has dealt with, and to wait for that."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self._more = asyncio.Event()

    def __call__(self, batch: Batch, _note: Callable[[], str] = str) -> None:
        """A batch is finished."""
        self.batches.append(batch)
        self._more.set()

    async def wait_for(self, count: int) -> None:
        """Return when so many are. Raises `TimeoutError`."""
        async with asyncio.timeout(_RETRY_SECONDS):
            while len(self.batches) < count:
                self._more.clear()
                await self._more.wait()


def batch_of(topic: str, values: Sequence[bytes], *, first: int = 0, generation: int = 1) -> Batch:
    """A batch of partition 0 whose first record stands at offset `first`."""
    return Batch(topic, 0, generation, [MadeRecord(first + n, None, value) for n, value in enumerate(values)])


def retweet_of(number: int, *, subject: str = "7") -> bytes:
    """The subject event of an official's retweet; the number makes it a different one."""
    return encode_subject_event(
        SubjectEvent(
            kind="retweet",
            platform="twitter",
            event_id=str(number),
            at_us=1_640_995_200_000_000 + number,
            subject=Account(id=subject),
            source=Coordinates("retweets", 0, number),
            official=Official(id="9", handle="official", country="IR", category="diplomat"),
        )
    )
