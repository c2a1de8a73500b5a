"""A console that runs: its server, and whoever feeds its store, until a signal ends both."""

import asyncio
import logging
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector

from streams.console.feed.process import FeedProcess
from streams.console.store.reading import Store
from streams.console.web.metrics import ConsoleMetrics
from streams.console.web.server import listening
from streams.console.web.settings import ConsoleSettings

__all__ = ["run_console"]

_log: Final = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 1.0


def run_console(
    settings: ConsoleSettings, store: Path, feed: FeedProcess | None, said: Callable[[str], None] = lambda _url: None
) -> None:
    """Serve the store in a folder until SIGINT or SIGTERM; `said` is told the address. Raises `ConfigurationError`."""
    asyncio.run(_run(settings, store, feed, said))


async def _run(settings: ConsoleSettings, folder: Path, feed: FeedProcess | None, said: Callable[[str], None]) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    store = Store(folder)
    try:
        async with listening(settings, store, ConsoleMetrics(registry)) as (host, port):
            url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
            _log.info("console started", extra={"url": url})
            said(url)
            while not stopping.is_set():
                if feed is not None:
                    feed.keep_running()
                try:
                    await asyncio.wait_for(stopping.wait(), _LOOK_SECONDS)
                except TimeoutError:
                    continue
    finally:
        store.close()
    _log.info("console stopped")
