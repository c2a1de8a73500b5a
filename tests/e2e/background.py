"""What goes on in the world meanwhile: traffic that runs in a thread of its own until it is enough, and a flood."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any, Final

from streams.events import RAW_TOPICS
from streams.kafka.client import producer
from streams.settings import Settings

__all__ = ["flood", "going_on"]

_GARBAGE: Final = (b"garbage", b"\xff\xfe\x00", b"{}", b"[" * 10_000, b'{"kind":"retweet","id":7}')
_PAUSE_SECONDS: Final = 0.05  # for six records: 120 a second, beside as many good ones, spare the dead-letter limits
_LAST_SECONDS: Final = 20.0


@contextmanager
def going_on(traffic: Callable[[threading.Event], Coroutine[Any, Any, object]]) -> Iterator[None]:
    """The traffic goes on while the block runs; what fails in it fails the block at its end."""
    is_enough = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(traffic(is_enough))
        except Exception as error:  # noqa: BLE001 - raised where somebody sees it
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_enough.set()
        thread.join(_LAST_SECONDS)
    assert not thread.is_alive(), "the traffic does not end"
    if failed:
        raise failed[0]


async def flood(settings: Settings, is_enough: threading.Event) -> int:
    """Write garbage of several kinds to all raw topics until it is enough; returns how many records."""
    client = producer(settings)
    await client.start()
    written = 0
    try:
        for garbage in cycle(_GARBAGE):
            for topic in RAW_TOPICS.values():
                await client.send(settings.topic(topic), garbage)
                written += 1
            await asyncio.sleep(_PAUSE_SECONDS)
            if is_enough.is_set():
                break
        await client.flush()
    finally:
        await client.stop()
    return written
