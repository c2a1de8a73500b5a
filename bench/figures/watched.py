"""A worker process as anybody starts it, on cores of its own, watched from outside: /proc and its Prometheus port."""

import os
import re
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from bench.cores import confined_to
from bench.figures.environment import FigureFailed
from streams.jobs.workers import environment_of
from streams.kafka.child_process import start_child, stop_child
from streams.kafka.loopback import free_port
from streams.settings import Settings

__all__ = ["WatchedWorker", "cpu_seconds", "wait_for"]

_SERIES: Final = re.compile(r'^antiphon_(\w+?)(?:_total)?(?:\{\w+="([^"]*)"\})? ([0-9.e+-]+)$', re.MULTILINE)
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_TIMEOUT_SECONDS: Final = 30.0  # a worker that opens a large subject store answers late
_STOP_SECONDS: Final = 30.0
_LOG_TAIL: Final = 3_000


def cpu_seconds(pid: int | None) -> float:
    """User and system time of a process so far; 0 for none, and for one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except (OSError, ValueError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND  # utime and stime: proc(5), fields 14 and 15


def wait_for(what: str, is_so: Callable[[], bool], *, timeout_seconds: float, pause_seconds: float = 0.1) -> None:
    """Look again and again until it is so. Raises `FigureFailed` when that takes too long."""
    deadline = time.monotonic() + timeout_seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise FigureFailed(f"waited {timeout_seconds:.0f} s in vain for {what}")
        time.sleep(pause_seconds)


class WatchedWorker:
    """`antiphon worker` with these settings and a Prometheus port. A context manager that stops it."""

    def __init__(self, settings: Settings, cores: frozenset[int], log: Path) -> None:
        self._port = free_port()
        self._log = log
        # Without canaries: they would be counted among the records.
        settings = msgspec.structs.replace(settings, metrics_port=self._port, canary_interval_seconds=0.0)
        self.started_at = time.monotonic()
        with log.open("wb") as output, confined_to(cores):
            command = [sys.executable, "-m", "streams.cli.main", "worker"]
            self._process = start_child(command, output=output, env=environment_of(settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stop_child(self._process, timeout_seconds=_STOP_SECONDS)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def log(self) -> str:
        """All it has logged so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        return cpu_seconds(self.pid)

    def memory(self) -> tuple[int, int]:
        """Resident memory in bytes: now, and the most there has been."""
        found = {}
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name in ("VmRSS", "VmHWM"):
                found[name] = int(value.split()[0]) * 1_024
        return found["VmRSS"], found["VmHWM"]

    def figures(self, only: str = "") -> dict[tuple[str, str], float]:
        """Its metrics by (name without prefix and suffix, label or nothing), or `only` those of one series (whole name:
        all of them cost the worker milliseconds); none while it is not up.

        Raises `FigureFailed` with the end of its log when it has ended.
        """
        if self._process.poll() is not None:
            raise FigureFailed(f"a worker ended with status {self._process.returncode}:\n{self.log[-_LOG_TAIL:]}")
        try:
            address = f"http://127.0.0.1:{self._port}/metrics" + (f"?name[]={only}" if only else "")
            with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS) as answer:
                text = answer.read().decode()
        except OSError:  # URLError, TimeoutError, a connection that ends with the worker
            return {}
        return {(name, label): float(value) for name, label, value in _SERIES.findall(text)}

    def records(self, *topics: str) -> int:
        """How many records it has taken from topics (plain names)."""
        figures = self.figures("antiphon_records_total")
        return int(sum(figures.get(("records", topic), 0) for topic in topics))
