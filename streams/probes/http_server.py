"""The HTTP server of a worker or a collector: /metrics for Prometheus, /healthz for what restarts it, /readyz for what
waits for it.

It has threads of its own, so that it answers while the event loop does not. Owns no answer.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any, Final, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, Gauge, make_wsgi_app

from streams.errors import ConfigurationError
from streams.probes.health import ALIVE_SECONDS, Health
from streams.settings import Settings

__all__ = ["Scraped", "serving"]

_SILENT_CLIENT_SECONDS: Final = 10.0

_Answer = Callable[[], tuple[int, dict[str, Any]]]


class Scraped(Protocol):
    """The series of a process, among them whether it is ready."""

    registry: CollectorRegistry
    ready: Gauge


@contextmanager
def serving(settings: Settings, metrics: Scraped, health: Health) -> Iterator[None]:
    """Serve for as long as the block runs; nothing where the port is 0.

    Raises `ConfigurationError` where the port is taken.
    """
    metrics.ready.set_function(lambda: float(not health.lacking()))
    if settings.metrics_port == 0:
        yield
        return
    host, port = settings.metrics_host, settings.metrics_port
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        server = type("_Server", (_Server,), {"address_family": family})((host, port), _Handler)
    except OSError as error:
        raise ConfigurationError(
            f"metrics_port: cannot listen on {host}:{port}: {error.strerror}",
            remedy="choose a free port, or 0 for no metrics: --metrics-port, ANTIPHON_METRICS_PORT",
        ) from error
    server.set_app(_application(metrics, health))
    thread = threading.Thread(target=server.serve_forever, name="health-server", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Stock asks the name server for its own name, and waits where there is none."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stock prints a traceback. Whoever hangs up in the middle of an answer does not want it."""


class _Handler(WSGIRequestHandler):
    timeout = _SILENT_CLIENT_SECONDS

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # stock's name
        """Nobody needs to know."""


def _application(metrics: Scraped, health: Health) -> Any:
    scrape: Any = make_wsgi_app(metrics.registry)

    def alive() -> tuple[int, dict[str, Any]]:
        silent = health.silent_seconds
        return (200 if silent < ALIVE_SECONDS else 503), {"alive": silent < ALIVE_SECONDS, "beat": round(silent, 1)}

    def ready() -> tuple[int, dict[str, Any]]:
        lacking = health.lacking()
        return (503 if lacking else 200), {"ready": not lacking, "lacking": lacking}

    answers: dict[str, _Answer] = {"/healthz": alive, "/readyz": ready}

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path, method = environ.get("PATH_INFO", ""), environ.get("REQUEST_METHOD", "")
        if path == "/metrics" and method in ("GET", "HEAD"):
            scraped: Iterable[bytes] = scrape(environ | {"REQUEST_METHOD": "GET"}, start_response)
            return [b""] if method == "HEAD" else scraped
        if method not in ("GET", "HEAD"):
            status, body = 405, {"error": "this server answers GET"}
        elif path in answers:
            status, body = answers[path]()
        else:
            status, body = 404, {"error": "there are /metrics, /healthz and /readyz"}
        text = json.dumps(body).encode() + b"\n"
        length = ("Content-Length", str(len(text)))
        start_response(_STATUS_LINES[status], [("Content-Type", "application/json"), length])
        return [b"" if method == "HEAD" else text]

    return application


_STATUS_LINES: Final = {
    200: "200 OK",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    503: "503 Service Unavailable",
}
