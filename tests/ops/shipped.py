"""ops/alertmanager as it is shipped, with its examples filled in and pointed at receivers of a test's own."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

__all__ = ["SHIPPED", "filled_in", "shipped_config"]

SHIPPED: Final = Path(__file__).parents[2] / "ops" / "alertmanager" / "alertmanager.yml"
_WAITS: Final = ("group_wait", "group_interval")
_QUICK: Final = "700ms"


def filled_in() -> str:
    """The configuration with every comment that is configuration uncommented."""
    text = SHIPPED.read_text("utf-8")
    return re.sub(r"^( *)# ((?: *- | *)[a-z_A-Z]+:.*|  +- .*)$", r"\1\2", text, flags=re.MULTILINE)


def shipped_config(webhooks: Mapping[str, str], *, services: str = "", smarthost: str = "") -> str:
    """With its routes and templates, quick, and with a webhook (a URL) in each of these receivers.

    With `services` (a URL) the examples of Slack and PagerDuty send there, with `smarthost` that of e-mail.
    """
    config = yaml.safe_load(filled_in())
    _make_quick(config["route"])
    for receiver in config["receivers"]:
        _point(receiver, services, smarthost)
        receiver.pop("webhook_configs", None)
        if receiver["name"] in webhooks:
            receiver["webhook_configs"] = [{"url": webhooks[receiver["name"]], "send_resolved": True}]
    return json.dumps(config)


def _make_quick(route: dict[str, Any]) -> None:
    for inner in route.get("routes", ()):
        _make_quick(inner)
    route |= dict.fromkeys(_WAITS, _QUICK)


def _point(receiver: dict[str, Any], services: str, smarthost: str) -> None:
    for kind, wanted in (("slack", services), ("pagerduty", services), ("email", smarthost)):
        if not wanted:
            receiver.pop(f"{kind}_configs", None)
    for slack in receiver.get("slack_configs", ()):
        del slack["api_url_file"]
        slack["api_url"] = f"{services}slack"
    for pagerduty in receiver.get("pagerduty_configs", ()):
        del pagerduty["routing_key_file"]
        pagerduty |= {"routing_key": "x" * 32, "url": f"{services}pagerduty"}
    for email in receiver.get("email_configs", ()):
        del email["auth_username"], email["auth_password_file"]
        email |= {"smarthost": smarthost, "require_tls": False}
