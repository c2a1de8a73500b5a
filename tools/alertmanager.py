"""A real Alertmanager on loopback ports, and a receiver for what it tells: for tests and figures that need to see
alerts arrive.
"""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import yaml

from streams.kafka.loopback import LOOPBACK, free_port
from tools.kafka.jars import Unavailable
from tools.loopback import LoopbackProgram, LoopbackServer

__all__ = ["TEMPLATES", "Alertmanager", "Receiver", "require_program", "with_webhook"]

_PROGRAM: Final = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
_AMTOOL: Final = shutil.which("amtool")
TEMPLATES: Final = Path(__file__).parents[1] / "ops" / "alertmanager" / "templates"
"""What a configuration next to it may take its texts from, as the project's own does."""


def require_program() -> None:
    """Raises `Unavailable`, saying what to install, where there is no Alertmanager to be had."""
    if _PROGRAM is None or _AMTOOL is None:
        raise Unavailable("a real Alertmanager: install the package prometheus-alertmanager")


def with_webhook(text: str, url: str) -> str:
    """Routes, groups and waits as they are; what each receiver is told goes to the URL, its end too.

    Raises `ValueError` if a receiver is not empty: the file then tells somebody already.
    """
    config: dict[str, Any] = yaml.safe_load(text)
    for receiver in config["receivers"]:
        if receiver.keys() != {"name"}:
            raise ValueError(f"the receiver {receiver['name']} has a configuration of its own")
        receiver["webhook_configs"] = [{"url": url, "send_resolved": True}]
    return json.dumps(config)


def _alerts_of(message: dict[str, Any], status: str, labels: dict[str, str]) -> list[dict[str, Any]]:
    return [
        alert
        for alert in message["alerts"]
        if message["status"] == alert["status"] == status and labels.items() <= alert["labels"].items()
    ]


class Receiver(LoopbackServer):
    """A webhook on a loopback port. A context manager."""

    def __init__(self) -> None:
        self._arrivals: list[tuple[float, dict[str, Any]]] = []
        arrivals = self._arrivals

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                arrivals.append((time.monotonic(), message))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
                """Not on the tests' standard error."""

        super().__init__(ThreadingHTTPServer((LOOPBACK, 0), Handler))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.address}/"

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The bodies of what arrived, in order."""
        return [message for _at, message in list(self._arrivals)]

    def first_received_at(self, status: str, **labels: str) -> float | None:
        """When (`time.monotonic()`) `received` first had something."""
        for at, message in list(self._arrivals):
            if _alerts_of(message, status, labels):
                return at
        return None

    def received(self, status: str, **labels: str) -> list[dict[str, Any]]:
        """The alerts with these labels in messages of groups of that status (`firing`, `resolved`), in order."""
        return [alert for message in self.messages for alert in _alerts_of(message, status, labels)]


class Alertmanager(LoopbackProgram):
    """One Alertmanager. With `peers` (each a `cluster_address`) it is a member of a cluster."""

    def __init__(self, config: str, *, clustered: bool = False, peers: Sequence[str] = ()) -> None:
        super().__init__("alertmanager", config)
        shutil.copytree(TEMPLATES, self.directory / TEMPLATES.name)
        self.cluster_address = f"{LOOPBACK}:{free_port()}" if clustered else ""
        self._peers = peers

    def command(self) -> list[str]:
        """See `LoopbackProgram`. Raises `Unavailable`."""
        require_program()
        assert _PROGRAM is not None
        command = [
            _PROGRAM,
            f"--storage.path={self.directory}/data",
            f"--cluster.listen-address={self.cluster_address}",
        ]
        if self.cluster_address:
            # How long the second of a cluster waits for the first, and how often they compare notes.
            command += ["--cluster.peer-timeout=2s", "--cluster.gossip-interval=20ms", "--cluster.pushpull-interval=1s"]
            command += [f"--cluster.peer={peer}" for peer in self._peers]
        return command

    def alerts(self, **labels: str) -> list[dict[str, Any]]:
        """The alerts it holds that have these labels, firing ones only, as its API shows them."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=30) as answer:  # noqa: S310 - ours
            held: list[dict[str, Any]] = json.load(answer)
        return [alert for alert in held if labels.items() <= alert["labels"].items()]

    def amtool(self, *arguments: str) -> str:
        """What `amtool` prints when it is asked that of this Alertmanager."""
        assert _AMTOOL is not None
        done = subprocess.run(
            [_AMTOOL, f"--alertmanager.url={self.url}", *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
        return done.stdout.strip()
