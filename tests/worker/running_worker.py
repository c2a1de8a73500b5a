"""What a real worker says of itself over HTTP, and ways to wait for it."""

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from streams.jobs.workers import environment_of
from streams.kafka.child_process import ChildProcess, start_child, stop_child
from streams.settings import Settings

__all__ = ["Subject", "ask", "working"]

_WAIT_SECONDS = 90.0
_ROOT = Path(__file__).parents[2]


def ask(port: int, path: str, *, method: str = "GET") -> tuple[int, bytes]:
    """Status and body of an answer; status 0 while nobody answers."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # http, on loopback
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


class Subject:
    """A worker under observation."""

    def __init__(self, process: ChildProcess, port: int, log: Path) -> None:
        self.process = process
        self._port = port
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def health(self, path: str) -> tuple[int, dict[str, Any]]:
        """Status and document of /healthz or /readyz; status 0 while nobody answers."""
        status, body = ask(self._port, path)
        return status, json.loads(body or b"{}")

    def value(self, name: str, **labels: str) -> float | None:
        """A sample of /metrics, `None` where it is not there."""
        status, body = ask(self._port, "/metrics")
        if status != 200:
            return None
        for family in text_string_to_metric_families(body.decode()):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return sample.value
        return None

    def wait_until(self, what: str, holds: Callable[[], object]) -> None:
        """Wait for something; fails if it takes too long or the worker ends before."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while not holds():
            assert self.process.poll() is None, f"the worker ended before: {what}\n{self.log}"
            assert time.monotonic() < deadline, f"in vain: {what}\n{self.log}"
            time.sleep(0.1)


@contextmanager
def working(settings: Settings, log: Path, *, fault: str | None = None) -> Iterator[Subject]:
    """A worker process, with a fault of `tests.worker.stalling_worker` if one is named."""
    program = ["streams.cli.main"] if fault is None else ["tests.worker.stalling_worker", fault]
    environment = environment_of(settings)
    environment["PYTHONPATH"] = f"{_ROOT}:{environment['PYTHONPATH']}"
    with log.open("wb") as output:
        process = start_child([sys.executable, "-m", *program, "worker"], output=output, env=environment)
    try:
        yield Subject(process, settings.metrics_port, log)
    finally:
        stop_child(process, timeout_seconds=20)
