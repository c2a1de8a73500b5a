"""One reader of the local Jetstream, in a process of its own. Prints what it read, as JSON.

Arguments: who (`antiphon`, `kafka`, `sdk`), the wire, `plain` or `packed`, the server's port, how many frames.
"""

import asyncio
import gc
import sys
import time
from contextlib import aclosing
from typing import Any, Final

import aiohttp
import msgspec
from msgspec import Struct
from prometheus_client import CollectorRegistry

from bench.figures.jetstream_feed_program import FIRST_US, official
from streams.collectors.bluesky.jetstream_coverage import FilterLog
from streams.collectors.bluesky.jetstream_endpoints import parse_endpoints
from streams.collectors.bluesky.jetstream_shared import Hosts, JetstreamPolicy, Shared
from streams.collectors.bluesky.jetstream_source import JetstreamSource
from streams.collectors.collector import CollectorContext
from streams.collectors.metrics import CollectorMetrics
from streams.collectors.service import SourceService
from streams.collectors.settings import CollectSettings
from streams.settings import load_settings

__all__ = ["OFFICIALS", "LiveRun"]

OFFICIALS: Final = 1_000
_LEAST: Final = 2_000  # frames read before the clock starts
_OBJECTS_BEFORE_COLLECTION: Final = 50_000  # as `antiphon collect`


class LiveRun(Struct, frozen=True):
    """Frames after the first ones, and what they took."""

    frames: int
    cpu_seconds: float
    seconds: float


class _Watch:
    def __init__(self, frames: int) -> None:
        self._wanted = frames
        self._seen = self._before = 0
        self._cpu = self._wall = 0.0
        self._is_started = False

    def start(self) -> None:
        """The clock starts now, and not after the first frames."""
        self._is_started, self._cpu, self._wall = True, time.process_time(), time.perf_counter()

    def saw(self, frames: int) -> bool:
        """So many more; whether that is all."""
        self._seen += frames
        if not self._is_started and self._seen >= _LEAST:
            self._before = self._seen
            self.start()
        return self._seen >= self._wanted

    def run(self) -> LiveRun:
        """So far."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return LiveRun(self._seen - self._before, cpu, wall)


def _source(session: aiohttp.ClientSession, url: str, wire: str, *, packed: bool) -> JetstreamSource:
    hosts = Hosts(parse_endpoints(f"{url}#{wire}"))
    shared = Shared(session=session, hosts=hosts, policy=JetstreamPolicy(compress=packed))
    shared.watched.use(official(number) for number in range(OFFICIALS))
    return JetstreamSource(shared, FilterLog())


async def _antiphon(url: str, wire: str, packed: bool, watch: _Watch) -> None:
    cursor = msgspec.json.encode({"host": url, "wire": wire, "time_us": FIRST_US})
    async with (
        aiohttp.ClientSession() as session,
        aclosing(_source(session, url, wire, packed=packed).chunks(cursor)) as chunks,
    ):
        async for chunk in chunks:
            if watch.saw(chunk.received):
                return


async def _kafka(url: str, wire: str, packed: bool, watch: _Watch) -> None:
    context = CollectorContext(
        settings=load_settings(), collect=CollectSettings(), metrics=CollectorMetrics(CollectorRegistry())
    )
    async with aiohttp.ClientSession() as session:
        source = _source(session, url, wire, packed=packed)
        service = SourceService("bench", source, context, "bench")
        running = asyncio.ensure_future(service.run())
        while not service.progress.is_connected and not running.done():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.001)
        watch.start()
        before = 0
        while not running.done():
            acknowledged = service.progress.frames
            if watch.saw(acknowledged - before):
                break
            before = acknowledged
            await asyncio.sleep(0.01)
        sys.stdout.buffer.write(msgspec.json.encode(watch.run()) + b"\n")
        service.stop()
        await running


def _sdk(url: str, packed: bool, watch: _Watch) -> None:
    from atproto import JetstreamClient

    dids = [official(number) for number in range(OFFICIALS)]
    client = JetstreamClient(
        {"kinds": ["commit"], "dids": dids, "cursor": 1}, base_uri=url.replace("http", "ws") + "/xrpc", compress=packed
    )

    def on_message(_message: Any) -> None:
        if watch.saw(1):
            client.stop()

    client.start(on_message)


def _main(who: str, wire: str, how: str, port: str, frames: str) -> None:
    url, packed, watch = f"http://127.0.0.1:{port}", how == "packed", _Watch(int(frames))
    if who == "sdk":
        _sdk(url, packed, watch)
    else:
        gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
        asyncio.run((_kafka if who == "kafka" else _antiphon)(url, wire, packed, watch))
    if who != "kafka":
        sys.stdout.buffer.write(msgspec.json.encode(watch.run()) + b"\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
