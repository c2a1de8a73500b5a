"""The worker process: starts the app, stops it on a signal, and makes sure that a failed one really ends."""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final

import faust
from prometheus_client import CollectorRegistry, ProcessCollector

from streams.core.rulebook.rules import RuleSet
from streams.metrics import Metrics, digest_number
from streams.probes.health import Health
from streams.probes.http_server import serving
from streams.probes.watchdog import Watchdog
from streams.settings import Settings
from streams.worker.app import build_app

__all__ = ["EXIT_FAILED", "run_worker"]

_log: Final = logging.getLogger(__name__)
EXIT_FAILED: Final = 70
# A failed worker has nothing left to lose: what was not acknowledged is not committed. If an orderly stop takes longer
# than this, the process is ended.
_LAST_GASP_SECONDS: Final = 5.0
# After a signal: a stop takes about a second, and longer than Docker's ten seconds nobody waits for it.
_STOP_SECONDS: Final = 8.0
# Faust, stopped in the middle of its start, often waits for itself for ever. So the start is waited for, which takes a
# second, and if even that is too long the process is ended: it has not done anything yet.
_START_SECONDS: Final = 3.0
_CUT_SECONDS: Final = 1.0
_LAST_RESORT_SECONDS: Final = _START_SECONDS + _STOP_SECONDS + 1.0
# Python's garbage collector runs whenever this many more objects are alive than at its last run. Its own 700 is less
# than a fraction of one fetched batch: it walked through live records over and over, for a fifth of the worker's time
# (bench/README.md). Records hold no cycles and die with their batch; what has cycles is collected a little later.
_OBJECTS_BEFORE_COLLECTION: Final = 50_000
# `timeout`, shells and supervisors signal a process and then its group: within this time it is one signal.
_ONE_SIGNAL_SECONDS: Final = 1.0


def run_worker(settings: Settings, rules: RuleSet, *, with_watch: bool = True) -> int:
    """Run until a signal or a fatal error; returns the exit status (0 after a signal, 70 after an error).

    A second signal after more than a second, or a stop that takes longer than 8 s, ends the process at once with status
    70: nothing is lost by that, since only what is acknowledged is committed. Without WATCH, as benchmarks want it, no
    aftermath is counted. Raises `ConfigurationError` where the metrics port is taken.
    """
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    metrics = Metrics(registry)
    metrics.expected_workers.set(settings.expected_workers)
    metrics.rules_digest.set(digest_number(rules.digest))
    health = Health()
    health.need("start", lambda: "it has only begun")
    with serving(settings, metrics, health), ExitStack() as until_the_end:
        return asyncio.run(_run(settings, rules, metrics, health, until_the_end, with_watch))


async def _run(
    settings: Settings, rules: RuleSet, metrics: Metrics, health: Health, until_the_end: ExitStack, with_watch: bool
) -> int:
    loop = asyncio.get_running_loop()
    beating = loop.create_task(health.beat())
    watchdog = until_the_end.enter_context(Watchdog(health, settings.stuck_after_seconds, EXIT_FAILED))
    # Of the fatal error, or of `None` for a signal; whatever comes first counts.
    ending: asyncio.Future[BaseException | None] = loop.create_future()

    def end(why: BaseException | None) -> None:
        if not ending.done():
            ending.set_result(why)

    signalled_at = 0.0

    def on_signal(number: int) -> None:
        nonlocal signalled_at
        if not ending.done():
            signalled_at = loop.time()
            _log.info("stopping", extra={"signal": signal.Signals(number).name})
            end(None)
        elif loop.time() - signalled_at > _ONE_SIGNAL_SECONDS:
            _end_now("signalled twice")

    logged: list[BaseException] = []

    def on_fatal(error: BaseException) -> None:
        logged.append(error)  # by the agent's boundary, which calls this
        loop.call_soon_threadsafe(end, error)

    worker: _Worker | None = None

    def on_raw_signal(number: int, _frame: object) -> None:
        """Hand the signal to the loop, and end the process even where the loop is stuck and never looks."""
        status = EXIT_FAILED if worker is not None and worker.has_started else 0
        last_resort = threading.Timer(_LAST_RESORT_SECONDS, _end_now, ["the event loop is stuck", status])
        last_resort.daemon = True
        last_resort.start()
        with suppress(RuntimeError):  # the loop is closed: the process is ending anyway
            loop.call_soon_threadsafe(on_signal, number)

    for number in (signal.SIGINT, signal.SIGTERM):
        # The loop's own handler makes a signal wake the loop, whatever thread it reaches and also in the instant before
        # the loop falls asleep: without that, an idle worker may never run the handler that takes its place here.
        loop.add_signal_handler(number, _noted)
        signal.signal(number, on_raw_signal)
    app = build_app(settings, rules, metrics, health, on_fatal=on_fatal, on_stuck=watchdog.end, with_watch=with_watch)
    health.need("start", lambda: None if worker is not None and worker.has_started else "it is not over")
    worker = _Worker(app, loglevel=None, override_logging=False, redirect_stdouts=False, quiet=True)
    running = loop.create_task(worker.start())  # done when the worker is, with what it failed of

    def on_served(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            end(task.exception() or worker.crash_reason or RuntimeError("Faust stopped by itself"))

    running.add_done_callback(on_served)
    _log.info(
        "worker starting",
        extra={"broker": settings.broker, "group": settings.group, "rules": len(rules.rules), "digest": rules.digest},
    )
    error = await ending
    health.need("stop", lambda: "the worker is stopping")
    if error is not None:
        until_the_end.enter_context(_deadline(_LAST_GASP_SECONDS, EXIT_FAILED))
    elif await worker.is_ready(_START_SECONDS):
        until_the_end.enter_context(_deadline(_STOP_SECONDS, EXIT_FAILED))
    else:
        until_the_end.enter_context(_deadline(_CUT_SECONDS, 0))
        until_the_end.enter_context(_nothing_unclosed())
    await worker.stop()
    running.cancel()
    await asyncio.wait([running])
    beating.cancel()
    if error is None:
        _log.info("worker stopped")
        return 0
    _log.critical("worker failed", exc_info=None if error in logged else error)
    return EXIT_FAILED


def _noted() -> None:
    """What the loop does with a signal: nothing, `on_raw_signal` has dealt with it."""


class _Worker(faust.Worker):  # type: ignore[misc]  # faust ships no types
    """Faust's worker without what it does for a terminal of its own: no spinner, no signals."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self.spinner = None
        self._ready = asyncio.Event()

    def install_signal_handlers(self) -> None:
        """`_run` has installed them."""

    @property
    def has_started(self) -> bool:
        """Whether the start is over."""
        return self._ready.is_set()

    async def is_ready(self, within_seconds: float) -> bool:
        """Whether the start is over, or will be in that time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), within_seconds)
        return self._ready.is_set()

    async def on_startup_finished(self) -> None:
        """Partitions are assigned, agents are running."""
        self._ready.set()
        _log.info("worker ready")


@contextmanager
def _nothing_unclosed() -> Iterator[None]:
    """A stop in the middle of a start cuts clients off: that asyncio finds their connections unclosed is no news."""
    log = logging.getLogger("asyncio")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        gc.collect()  # what complains does so when it is collected
        log.setLevel(before)


@contextmanager
def _deadline(seconds: float, status: int) -> Iterator[None]:
    """Ends the process with that status if the block takes longer."""
    timer = threading.Timer(seconds, _end_now, [f"did not stop within {seconds:.0f} s", status])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _end_now(why: str, status: int = EXIT_FAILED) -> None:
    try:
        _log.warning("worker ended at once", extra={"reason": why})
        logging.shutdown()
        sys.stderr.flush()
    finally:  # also where the log is on a full disk
        os._exit(status)
