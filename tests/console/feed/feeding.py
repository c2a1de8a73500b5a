"""The feed in a thread of the test's process, and ways to wait for what it writes."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread

from streams.console.feed.from_topics import TopicFeed
from streams.console.store.reading import NoStoreError, Store
from streams.settings import Settings

__all__ = ["feeding", "wait_until"]


@contextmanager
def feeding(settings: Settings, folder: Path) -> Iterator[Store]:
    """The feed, and a store that reads what it writes."""
    started, stop = Event(), list[Callable[[], object]]()

    async def run() -> None:
        feed, loop = TopicFeed(settings, folder), asyncio.get_running_loop()
        stop.append(partial(loop.call_soon_threadsafe, feed.stop))
        started.set()
        await feed.run()

    thread = Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert started.wait(20)
    store = Store(folder)
    try:
        yield store
    finally:
        store.close()
        stop[0]()
        thread.join(20)
        assert not thread.is_alive()


def wait_until(true: Callable[[], bool], seconds: float = 40) -> None:
    """Until it is true; as long as there is no store, it is not."""
    until = time.monotonic() + seconds
    while True:
        try:
            if true():
                return
        except NoStoreError:
            pass
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)
