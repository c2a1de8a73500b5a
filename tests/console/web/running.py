"""A console that runs in a thread of its own, and plain questions to it over a socket."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from msgspec import Struct
from prometheus_client import CollectorRegistry

from streams.console.store.reading import Store
from streams.console.web.metrics import ConsoleMetrics
from streams.console.web.routes import ROUTES, Route
from streams.console.web.server import listening
from streams.console.web.settings import ConsoleSettings, load_console_settings

__all__ = ["Asked", "Running", "running_console"]

_PATIENCE_SECONDS: Final = 120.0  # a proof takes seconds of processor time, and others may want the processor


class Asked(Struct, frozen=True, kw_only=True):
    """An answer as it came. Names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Running(Struct, frozen=True, kw_only=True):
    """Where it listens."""

    port: int
    metrics: ConsoleMetrics

    def ask(self, path: str, method: str = "GET", host: str | None = None, **headers: str) -> Asked:
        """One request on a connection of its own. `_` in the name of a header is a hyphen."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{self.port}'}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def send(self, request: bytes) -> Asked:
        """Whatever bytes; the answer until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE_SECONDS) as connection:
            connection.sendall(request)
            got = bytearray()
            while part := connection.recv(65_536):
                got += part
        head, _, body = bytes(got).partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        found = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
        if found.get("transfer-encoding") == "chunked":
            body = _unchunked(body)
        return Asked(status=int(first.split(" ")[1]), headers=found, body=body)


@contextmanager
def running_console(store: Store, routes: Sequence[Route] = ROUTES, **settings: Any) -> Iterator[Running]:
    """A console with these settings, on a free port of loopback unless told otherwise."""
    given = load_console_settings({"listen": "127.0.0.1:0", **settings}, environ={})
    started, stop = threading.Event(), threading.Event()
    failure: list[BaseException] = []
    port: list[int] = []
    metrics = ConsoleMetrics(CollectorRegistry())

    def run() -> None:
        try:
            asyncio.run(_serve(given, store, metrics, routes, port, started, stop))
        except BaseException as error:  # noqa: BLE001  # is raised where somebody waits
            failure.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=run, name="console")
    thread.start()
    assert started.wait(_PATIENCE_SECONDS)
    try:
        if failure:
            raise failure[0]
        yield Running(port=port[0], metrics=metrics)
    finally:
        stop.set()
        thread.join(_PATIENCE_SECONDS)
    assert not thread.is_alive(), "the console does not stop"


async def _serve(
    settings: ConsoleSettings,
    store: Store,
    metrics: ConsoleMetrics,
    routes: Sequence[Route],
    port: list[int],
    started: threading.Event,
    stop: threading.Event,
) -> None:
    async with listening(settings, store, metrics, routes) as (_host, found):
        port.append(found)
        started.set()
        await asyncio.to_thread(stop.wait)


def _unchunked(body: bytes) -> bytes:
    whole, rest = bytearray(), body
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        whole += rest[:length]
        if length == 0:
            break
        rest = rest[length + 2 :]
    else:
        raise AssertionError("the answer breaks off")
    return bytes(whole)
