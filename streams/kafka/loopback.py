"""A broker's place on this machine: a free loopback port, and whether a Kafka broker answers there.

Starts nothing and stops nothing.
"""

import asyncio
import contextlib
import random
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

__all__ = ["LOOPBACK", "free_port", "port_is_free", "wait_until_answers"]

LOOPBACK: Final = "127.0.0.1"

_LOWEST_PORT: Final = 15_000
_EPHEMERAL_DEFAULT: Final = 32_768  # Linux's own default for the first port of outgoing connections
_EPHEMERAL_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_PAUSE_SECONDS: Final = 0.02
_REQUEST_TIMEOUT_SECONDS: Final = 2.0


def free_port() -> int:
    """A loopback port that nobody listens on, below the range from which outgoing connections take theirs.

    In that range a client that keeps calling a stopped broker ends up connected to itself, and the broker can then
    never come back to its port.
    """
    highest = _first_ephemeral_port() - 1
    for _ in range(1_000):
        port = random.randint(min(_LOWEST_PORT, highest), highest)  # noqa: S311 - spreads ports, guards nothing
        if port_is_free(port):
            return port
    raise OSError("no free loopback port found in 1,000 tries")


def port_is_free(port: int) -> bool:
    """Whether a server could listen on that loopback port now. Raises `OverflowError` outside 0..65535."""
    with socket.socket() as server:
        # As servers do: connections of a predecessor that linger in TIME_WAIT do not count as taken.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def wait_until_answers(address: str, *, timeout_seconds: float, is_running: Callable[[], bool]) -> bool:
    """Whether a Kafka metadata request to `address` (`HOST:PORT`) was answered in time with at least one broker.

    Gives up early when `is_running` turns false. May be called with or without a running event loop, which it blocks.
    """
    deadline = time.monotonic() + timeout_seconds
    with ThreadPoolExecutor(max_workers=1) as own_loop:
        while time.monotonic() < deadline and is_running():
            if _listens(address) and own_loop.submit(asyncio.run, _names_a_broker(address)).result():
                return True
            time.sleep(_PAUSE_SECONDS)
    return False


def _listens(address: str) -> bool:
    """Whether the port is open: asked first because aiokafka logs each refused connection as an error."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_REQUEST_TIMEOUT_SECONDS).close()
    except OSError:
        return False
    return True


async def _names_a_broker(address: str) -> bool:
    client = AIOKafkaClient(bootstrap_servers=address, request_timeout_ms=int(_REQUEST_TIMEOUT_SECONDS * 1_000))
    try:
        with contextlib.suppress(KafkaError):
            await client.bootstrap()
            return bool(client.cluster.brokers())
        return False
    finally:
        await client.close()


def _first_ephemeral_port() -> int:
    try:
        return max(int(_EPHEMERAL_RANGE.read_text(encoding="ascii").split()[0]), 1_025)
    except (OSError, ValueError, IndexError):
        return _EPHEMERAL_DEFAULT
