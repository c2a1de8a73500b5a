"""A real Prometheus on a loopback port: for tests that ask it what dashboards and rules ask."""

import json
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Final

import pytest

from tools.loopback import LoopbackProgram

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


class Prometheus(LoopbackProgram):
    """One Prometheus with that configuration, JSON or YAML."""

    def __init__(self, config: str) -> None:
        super().__init__("prometheus", config)

    def command(self) -> list[str]:
        """See `LoopbackProgram`. Skips the test where there is none."""
        require_prometheus()
        assert _PROGRAM is not None
        return [_PROGRAM, f"--storage.tsdb.path={self.directory}/data"]

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
