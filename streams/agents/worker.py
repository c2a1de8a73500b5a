"""The worker process: starts the app, stops it on a signal, and makes sure that a failed one really ends."""

import logging
import os
import sys
import threading
from typing import Any, Final

import faust
from prometheus_client import CollectorRegistry, start_http_server

from streams.agents.app import build_app
from streams.core.rules import RuleSet
from streams.errors import ConfigurationError
from streams.metrics import Metrics
from streams.settings import Settings

__all__ = ["run_worker"]

_log: Final = logging.getLogger(__name__)
# A failed worker has nothing left to lose: what was not acknowledged is not committed. If an orderly stop takes longer
# than this, the process is ended.
_LAST_GASP_SECONDS: Final = 5.0
EXIT_FAILED: Final = 70


def run_worker(settings: Settings, rules: RuleSet) -> int:
    """Run until a signal or a fatal error; returns the exit status (0 after a signal, 70 after an error)."""
    metrics = Metrics(CollectorRegistry())
    _serve_metrics(settings, metrics)
    failed: list[BaseException] = []
    worker: list[Any] = []

    def on_fatal(error: BaseException) -> None:
        if failed:
            return
        failed.append(error)
        deadline = threading.Timer(_LAST_GASP_SECONDS, _end_now)
        deadline.daemon = True
        deadline.start()
        worker[0]._shutdown_immediately = True
        app.loop.call_soon_threadsafe(lambda: app.loop.create_task(app.crash(error)))

    app = build_app(settings, rules, metrics, on_fatal)
    worker.append(faust.Worker(app, loglevel=None, override_logging=False, redirect_stdouts=False, quiet=True))
    try:
        worker[0].execute_from_commandline()
    except SystemExit as stop:
        if not failed:
            return stop.code if isinstance(stop.code, int) else 0
    except BaseException as error:
        if not failed:
            raise
        _log.debug("stopped", exc_info=error)
    return EXIT_FAILED if failed else 0


def _serve_metrics(settings: Settings, metrics: Metrics) -> None:
    if settings.metrics_port == 0:
        return
    try:
        start_http_server(settings.metrics_port, addr=settings.metrics_host, registry=metrics.registry)
    except OSError as error:
        raise ConfigurationError(
            f"metrics_port: cannot listen on {settings.metrics_host}:{settings.metrics_port}: {error.strerror}",
            remedy="choose a free port, or 0 for no metrics",
        ) from error


def _end_now() -> None:
    logging.shutdown()
    sys.stderr.flush()
    os._exit(EXIT_FAILED)
