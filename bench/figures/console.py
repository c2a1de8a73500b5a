"""The console over many subjects: how fast its store is built, how long pages take meanwhile and after, its memory, and
how soon it is there when it starts again.

The whole program as people run it, over a real broker; pages are asked for by HTTP.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

import aiohttp
import msgspec
from msgspec import Struct

from bench.console_records import alert_records, dossier_records
from bench.figures.beside_console import BesideConsole, measure_beside
from bench.figures.environment import Environment, FigureFailed
from bench.figures.running_console import RunningConsole, running_console
from bench.trial import cpu_seconds, peak_rss_bytes
from bench.writing import BulkWriter
from streams.console.store.filters import PageOf, SubjectFilter
from streams.console.store.reading import Store
from streams.kafka.administration import create_topics
from streams.kafka.partitioning import partition_of
from streams.settings import Settings

__all__ = [
    "MOST_BYTES",
    "MOST_PAGE_MS",
    "MOST_REBUILD_SECONDS",
    "MOST_START_SECONDS",
    "ConsoleFigure",
    "PageTimes",
    "measure_console",
]

MOST_REBUILD_SECONDS: Final = 120.0
MOST_PAGE_MS: Final = 50.0
MOST_START_SECONDS: Final = 2.0
MOST_BYTES: Final = 300e6

_SUBJECTS: Final = 1_000_000
_ALERTS: Final = 50_000
_QUICK_SUBJECTS: Final = 2_000
_QUICK_ALERTS: Final = 100
_RATE: Final = 20.0  # pages a second
_SECONDS: Final = 15.0
_QUICK_SECONDS: Final = 1.0
_LONGEST_SECONDS: Final = 1_800.0
_LAST_PAGE: Final = f"-{2**62}.0"  # the cursor before which the last page ends


class PageTimes(Struct, frozen=True, kw_only=True):
    """How long answers of a page took, from the request to the last byte."""

    name: str
    answers: int
    p50_ms: float
    p95_ms: float
    most_ms: float


class ConsoleFigure(Struct, frozen=True, kw_only=True):
    """`rebuild_seconds` are from the start of the program until all is on the pages, `feed_cpu_seconds` the processor
    time that the process that feeds used for it; `building` are answers meanwhile.
    `start_seconds` are from its start to the first page of an existing store. Peaks are of the process that serves and
    of the one that feeds. `beside` is the pipeline with and without a console beside it.
    """

    subjects: int
    alerts: int
    records: int
    rebuild_seconds: float
    feed_cpu_seconds: float
    building: PageTimes
    pages: tuple[PageTimes, ...]
    serving_peak_bytes: int
    feed_peak_bytes: int
    store_bytes: int
    start_seconds: float
    beside: BesideConsole | None = None

    @property
    def all_pages(self) -> float:
        """p95 in ms of the slowest page."""
        return max(page.p95_ms for page in self.pages)


def measure_console(environment: Environment) -> ConsoleFigure:
    """Write, build, ask, start again."""
    subjects, alerts = (_QUICK_SUBJECTS, _QUICK_ALERTS) if environment.quick else (_SUBJECTS, _ALERTS)
    with environment.topics_of_its_own() as settings, tempfile.TemporaryDirectory(prefix="antiphon-bench-") as folder:
        environment.echo(f"writing {subjects:,} dossiers and {alerts:,} alerts")
        asyncio.run(create_topics(settings))
        asyncio.run(_write(settings, subjects, alerts))
        store = Path(folder, "store")
        began = time.monotonic()
        with running_console(settings, store) as console:
            building = asyncio.run(_until_built(console, environment.echo))
            rebuild_seconds = time.monotonic() - began
            feed_cpu_seconds = cpu_seconds(console.feed)
            environment.echo(f"built in {rebuild_seconds:.1f} s")
            records = asyncio.run(_records(console))
            addresses = _addresses(store)
            seconds = _QUICK_SECONDS if environment.quick else _SECONDS
            pages = [asyncio.run(_ask(console, name, paths, seconds)) for name, paths in addresses.items()]
            serving, feeding = peak_rss_bytes(console.process.pid), peak_rss_bytes(console.feed)
            store_bytes = sum(path.stat().st_size for path in store.iterdir())
        began = time.monotonic()
        with running_console(settings, store) as console:
            asyncio.run(_ask(console, "first page", ["/accounts"], 0))
            start_seconds = time.monotonic() - began
        beside = measure_beside(environment, settings)
    return ConsoleFigure(
        subjects=subjects,
        alerts=alerts,
        records=records,
        rebuild_seconds=rebuild_seconds,
        feed_cpu_seconds=feed_cpu_seconds,
        building=building,
        pages=tuple(pages),
        serving_peak_bytes=serving,
        feed_peak_bytes=feeding,
        store_bytes=store_bytes,
        start_seconds=start_seconds,
        beside=beside,
    )


async def _write(settings: Settings, subjects: int, alerts: int) -> None:
    async with BulkWriter(settings) as writer:
        for topic, records in (
            ("dossiers", dossier_records(subjects)),
            ("alerts", alert_records(alerts, subjects=subjects)),
        ):
            for key, value in records:
                await writer.write(topic, partition_of(key, 8), key, value)


async def _until_built(console: RunningConsole, echo: Callable[[str], None]) -> PageTimes:
    took: list[float] = []
    reported_at = began = time.monotonic()
    async with aiohttp.ClientSession() as session:
        while True:
            at = time.monotonic()
            status = await _get(session, f"{console.url}/status.json")
            took.append(time.monotonic() - at)
            found = msgspec.json.decode(status)["store"]
            if found["kind"] == "topics":
                return _times("status, meanwhile", took)
            if at - reported_at > 10:
                reported_at = at
                echo(f"{(found['building'] or {}).get('read', 0):,} records read")
            if at - began > _LONGEST_SECONDS:
                raise FigureFailed(f"the store was not built within {_LONGEST_SECONDS:.0f} s: {found['problem']}")
            await asyncio.sleep(max(0.0, 1 / _RATE - (time.monotonic() - at)))


async def _records(console: RunningConsole) -> int:
    async with aiohttp.ClientSession() as session:
        found = msgspec.json.decode(await _get(session, f"{console.url}/status.json"))["store"]
    return sum(int(topic["records"]) for topic in found["topics"] if topic["topic"] in ("alerts", "dossiers"))


def _addresses(store: Path) -> dict[str, Sequence[str]]:
    """What is asked for, by what it is: pages that people open, with values of the store."""
    reading = Store(store)
    try:
        rows = reading.subjects(SubjectFilter(sort="last"), PageOf(size=500)).rows
    finally:
        reading.close()
    handles = [row.account.handle or "" for row in rows]
    return {
        "first page": ["/accounts"],
        "deepest page": [f"/accounts?before={_LAST_PAGE}"],
        "of a State": [f"/accounts?country={code}&sort=newest" for code in ("IR", "FR", "BR")],
        "search": [f"/accounts?q={handle}" for handle in handles[:50]],
        "common word": ["/accounts?q=voice", "/accounts?q=خبر", "/accounts?q=ne"],
        "account": [f"/accounts/{row.key}" for row in rows],
        "matrix": [f"/countries/{code}" for code in ("IR", "RU", "CN", "FR")],
        "alerts": ["/alerts", "/alerts?severity=critical", f"/alerts?before={_LAST_PAGE}"],
        "status": ["/status"],
    }


async def _ask(console: RunningConsole, name: str, paths: Sequence[str], seconds: float) -> PageTimes:
    """At a steady rate, whether or not the answers before are there."""
    random = Random(1)
    took: list[float] = []
    async with aiohttp.ClientSession() as session:

        async def ask(path: str) -> None:
            at = time.monotonic()
            await _get(session, console.url + path)
            took.append(time.monotonic() - at)

        await _get(session, console.url + paths[0])  # its template is compiled when it is first used
        began = time.monotonic()
        asked: list[asyncio.Task[Any]] = []
        for number in range(max(1, int(seconds * _RATE))):
            await asyncio.sleep(max(0.0, began + number / _RATE - time.monotonic()))
            asked.append(asyncio.create_task(ask(random.choice(paths))))
        await asyncio.gather(*asked)
    return _times(name, took)


async def _get(session: aiohttp.ClientSession, url: str) -> bytes:
    async with session.get(url) as answer:
        content = await answer.read()
        if answer.status != 200:
            raise FigureFailed(f"{url} answers {answer.status}: {content[:200]!r}")
        return content


def _times(name: str, took: Sequence[float]) -> PageTimes:
    ordered = sorted(each * 1_000 for each in took)
    return PageTimes(
        name=name,
        answers=len(ordered),
        p50_ms=statistics.median(ordered),
        p95_ms=ordered[int(0.95 * (len(ordered) - 1))],
        most_ms=ordered[-1],
    )
