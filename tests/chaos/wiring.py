"""A Kafka with a listener and a cable of its own for each side, so that a cut divides those who use it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from streams.kafka.loopback import LOOPBACK, free_port
from tests.chaos.proxy import Cable
from tools.kafka.node import Kafka

__all__ = ["wired"]

_BUSY_SESSION_MS: Final = "10000"


def wired(directory: Path, sides: Sequence[str], *, busy: bool) -> tuple[Kafka, list[Cable]]:
    """The broker with its data in `directory`, and a cable to it for each side; neither is started. On a `busy` machine
    its controller waits longer for it, so that it is not fenced; it comes back as much later from a kill.
    """
    broker_port, controller_port = free_port(), free_port()
    inner = {side: free_port() for side in sides}
    outer = {side: free_port() for side in sides}
    listeners = [f"PLAINTEXT://{LOOPBACK}:{broker_port}", f"CONTROLLER://{LOOPBACK}:{controller_port}"]
    advertised = [f"PLAINTEXT://{LOOPBACK}:{broker_port}"]
    for side in sides:
        listeners.append(f"{side}://{LOOPBACK}:{inner[side]}")
        advertised.append(f"{side}://{LOOPBACK}:{outer[side]}")
    kafka = Kafka(
        port=broker_port,
        directory=directory,
        properties={
            "listeners": ",".join(listeners),
            "advertised.listeners": ",".join(advertised),
            "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
            "listener.security.protocol.map": ",".join(
                f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "CONTROLLER", *sides)
            ),
            "inter.broker.listener.name": "PLAINTEXT",
            **({"broker.session.timeout.ms": _BUSY_SESSION_MS} if busy else {}),
        },
    )
    return kafka, [Cable(outer[side], inner[side]) for side in sides]
