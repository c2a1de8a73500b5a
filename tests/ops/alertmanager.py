"""How tests ask for a real Alertmanager, and a configuration for those in a hurry."""

import json
import os
import time
from collections.abc import Callable, Sequence

import pytest

from tools.alertmanager import require_program
from tools.kafka.jars import Unavailable

__all__ = ["quick_config", "require_alertmanager", "wait_until"]


def require_alertmanager() -> None:
    """Skips the test, saying so, where there is no Alertmanager to be had; with `CI=true` that is a failure."""
    try:
        require_program()
    except Unavailable as reason:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(f"CI must not leave out {reason}", pytrace=False)
        pytest.skip(f"left out: {reason}")


def wait_until(what: str, holds: Callable[[], object], *, seconds: float = 60.0) -> None:
    """Returns when it holds. Raises `AssertionError` that says what never did."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, f"after {seconds:.0f} s still not: {what}"
        time.sleep(0.05)


def quick_config(receiver: str, *, group_by: Sequence[str] = ("antiphon_id", "alertname", "rule")) -> str:
    """A configuration that tells everything to the receiver's URL, within a second; the highest severity of each."""
    return json.dumps(
        {
            "route": {
                "receiver": "test",
                "group_by": list(group_by),
                "group_wait": "500ms",
                "group_interval": "300ms",
                "repeat_interval": "1h",
            },
            "receivers": [{"name": "test", "webhook_configs": [{"url": receiver, "send_resolved": True}]}],
            "inhibit_rules": [
                {
                    "source_matchers": ['severity="critical"'],
                    "target_matchers": ['severity=~"warning|info"'],
                    "equal": ["antiphon_id", "country"],
                },
                {
                    "source_matchers": ['severity="warning"'],
                    "target_matchers": ['severity="info"'],
                    "equal": ["antiphon_id", "country"],
                },
            ],
        }
    )
