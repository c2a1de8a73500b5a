"""A real Prometheus on a loopback port: for tests that ask it what dashboards and rules ask."""

import json
import os
import shutil
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pytest

from streams.kafka.child_process import ChildProcess, start_child, stop_child
from streams.kafka.loopback import LOOPBACK, free_port
from tests.ops.alertmanager import wait_until

__all__ = ["Prometheus", "PrometheusError", "require_prometheus"]

_PROGRAM: Final = shutil.which("prometheus")


def require_prometheus() -> None:
    """Skips the test, saying so, where there is no Prometheus to be had; with `CI=true` that is a failure."""
    if _PROGRAM is not None:
        return
    part = "a real Prometheus: install the package prometheus"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(f"CI must not leave out {part}", pytrace=False)
    pytest.skip(f"left out: {part}")


class PrometheusError(AssertionError):
    """It refused a question; the message is its own."""


class Prometheus:
    """One Prometheus with that configuration, JSON or YAML. A context manager; start it from the main thread."""

    def __init__(self, config: str) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="antiphon-prometheus-")
        self._config = Path(self._directory.name, "prometheus.yml")
        self._config.write_text(config, encoding="utf-8")
        self._port = free_port()
        self._process: ChildProcess | None = None

    @property
    def url(self) -> str:
        """Its web page."""
        return f"http://{LOOPBACK}:{self._port}"

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The samples of an expression at this moment: each a `metric` (labels) and a `value` (time, number as text).

        Raises `PrometheusError` for what it cannot read.
        """
        found: list[dict[str, Any]] = self._ask("query", query=expr)["result"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """All rules, with how they are: `health` (`ok`, `err`, `unknown`) and, of alerts, `state`."""
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def _ask(self, what: str, **parameters: str) -> dict[str, Any]:
        url = f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - ours, on loopback
                data: dict[str, Any] = json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise PrometheusError(error.read().decode("utf-8", "replace")) from None
        return data

    def log(self) -> str:
        """All it has said."""
        return Path(self._directory.name, "log").read_text(encoding="utf-8", errors="replace")

    def _is_ready(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.url}/-/ready", timeout=2) as answer:  # noqa: S310 - ours
            return bool(answer.status == 200)
        return False

    def __enter__(self) -> Self:
        require_prometheus()
        assert _PROGRAM is not None
        command = [
            _PROGRAM,
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self._directory.name}/data",
            f"--web.listen-address={LOOPBACK}:{self._port}",
        ]
        with Path(self._directory.name, "log").open("ab") as log:
            self._process = process = start_child(command, output=log)
        wait_until("Prometheus is ready", lambda: process.poll() is not None or self._is_ready(), seconds=60)
        assert process.poll() is None, self.log()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            stop_child(self._process, timeout_seconds=10)
        self._directory.cleanup()
