"""The collector process: opens a collector's sources, runs the service of each, and stops them on a signal."""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec import Struct
from prometheus_client import CollectorRegistry, ProcessCollector

from streams.collectors.collector import Collector, CollectorContext
from streams.collectors.metrics import CollectorMetrics
from streams.collectors.progress import SourceProgress
from streams.collectors.publisher import FencedError, instance_name
from streams.collectors.service import SourceService
from streams.collectors.settings import CollectSettings
from streams.errors import AntiphonError, causes_of
from streams.probes.health import Health
from streams.probes.http_server import serving
from streams.probes.watchdog import Watchdog
from streams.settings import Settings

__all__ = ["EXIT_FAILED", "Watch", "run_collector"]

_log: Final = logging.getLogger(__name__)
EXIT_FAILED: Final = 70
# After a signal: a stop takes a moment, and for a Kafka that is away nobody waits. Docker kills after ten seconds.
_STOP_SECONDS: Final = 8.0
# As in a worker (`streams/worker/process.py`): chunks hold no cycles and die soon.
_OBJECTS_BEFORE_COLLECTION: Final = 50_000
# `timeout`, shells and supervisors signal a process and then its group: within this time it is one signal.
_ONE_SIGNAL_SECONDS: Final = 1.0

Watch = Callable[[Sequence[SourceProgress]], object]
"""Is given the progress of all sources once, and reads it whenever it likes."""


def run_collector(
    collector: Collector, own: Struct, collect: CollectSettings, settings: Settings, watch: Watch = lambda _all: None
) -> int:
    """Run until a signal (status 0) or an error. `own` are the collector's own settings.

    Status 70 for what is a bug, for an event loop that stood still for `stuck_after_seconds`, and where Kafka does not
    take what is left within 8 s of a signal, or a second signal comes: nothing is lost by that, since the next start
    goes on where Kafka is. Raises `FencedError` when another instance takes over, and other `AntiphonError`s that
    people can act on.
    """
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    metrics = CollectorMetrics(registry)
    health = Health()
    health.need("start", lambda: "it has only begun")
    context = CollectorContext(settings=settings, collect=collect, metrics=metrics)
    with serving(settings, metrics, health):
        return asyncio.run(_run(collector, own, context, health, watch))


async def _run(collector: Collector, own: Any, context: CollectorContext, health: Health, watch: Watch) -> int:
    loop = asyncio.get_running_loop()
    beating = loop.create_task(health.beat())
    running = asyncio.ensure_future(_collect(collector, own, context, health, watch, stopping := asyncio.Event()))
    signals = _Signals(stopping)
    signals.take(loop)
    try:
        with Watchdog(health, context.settings.stuck_after_seconds, EXIT_FAILED):
            await running
    except BaseExceptionGroup as error:
        causes = list(causes_of(error))
        known = [cause for cause in causes if isinstance(cause, AntiphonError)]
        fenced = [cause for cause in known if isinstance(cause, FencedError)]
        if known:
            raise (fenced or known)[0] from error
        _log.critical("collector failed", exc_info=error)
        return EXIT_FAILED
    finally:
        signals.done()
        beating.cancel()
    return 0


async def _collect(
    collector: Collector,
    own: Any,
    context: CollectorContext,
    health: Health,
    watch: Watch,
    stopping: asyncio.Event,
) -> None:
    instance = instance_name()
    async with collector.open(own, context) as sources:
        services = [SourceService(collector.name, source, context, instance) for source in sources]
        watch([service.progress for service in services])
        for service in services:
            health.need(service.name, service.lacking)
        health.need("start", lambda: "it is stopping" if stopping.is_set() else None)
        _log.info("collector starting", extra={"collector": collector.name, "instance": instance})
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(service.run()) for service in services]
            waiting = tasks.create_task(stopping.wait())
            await asyncio.wait([*running, waiting], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            for service in services:
                service.stop()
    _log.info("collector stopped", extra={"collector": collector.name})


class _Signals:
    """Ctrl-C and SIGTERM: the first asks for an orderly stop, and ends the process where that takes too long."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self._signalled_at = 0.0
        self._deadline: threading.Timer | None = None

    def take(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on signals come here."""
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal, loop, number)

    def done(self) -> None:
        """The stop is over."""
        if self._deadline is not None:
            self._deadline.cancel()

    def _on_signal(self, loop: asyncio.AbstractEventLoop, number: int) -> None:
        if not self._stopping.is_set():
            self._signalled_at = loop.time()
            _log.info("stopping", extra={"signal": signal.Signals(number).name})
            self._stopping.set()
            self._deadline = threading.Timer(_STOP_SECONDS, _end_now, [f"did not stop within {_STOP_SECONDS:.0f} s"])
            self._deadline.daemon = True
            self._deadline.start()
        elif loop.time() - self._signalled_at > _ONE_SIGNAL_SECONDS:
            _end_now("signalled twice")


def _end_now(why: str) -> None:
    try:
        _log.warning("collector ended at once", extra={"reason": why})
        logging.shutdown()
        sys.stderr.flush()
    finally:  # also where the log is on a full disk
        os._exit(EXIT_FAILED)
