"""Free ports, and what counts as a broker that answers."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from streams.kafka.loopback import LOOPBACK, free_port, port_is_free, wait_until_answers


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server


def test_a_port_that_somebody_listens_on_is_not_free(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert not port_is_free(port)
    listener.close()
    assert port_is_free(port)


def test_free_ports_can_be_listened_on_and_outgoing_connections_never_take_them(listener: socket.socket) -> None:
    taken_by_connections = set()
    for _ in range(200):
        with socket.create_connection(listener.getsockname()) as connection:
            taken_by_connections.add(connection.getsockname()[1])
        accepted, _peer = listener.accept()
        accepted.close()
    ports = {free_port() for _ in range(50)}
    assert len(ports) > 25
    assert max(ports) < min(taken_by_connections)
    for port in ports:
        socket.create_server((LOOPBACK, port)).close()


def test_a_listener_that_says_nothing_is_no_broker(listener: socket.socket) -> None:
    started = time.monotonic()
    assert not _answers(listener, timeout_seconds=0.5)
    assert 0.5 <= time.monotonic() - started < 10


def test_a_listener_that_talks_something_else_is_no_broker(listener: socket.socket) -> None:
    talked = threading.Event()

    def talk() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                if connection.recv(1_024):
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    talked.set()

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    assert not _answers(listener, timeout_seconds=0.5)
    assert talked.is_set()
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_waiting_ends_at_once_when_the_broker_has_ended() -> None:
    started = time.monotonic()
    assert not wait_until_answers(f"{LOOPBACK}:{free_port()}", timeout_seconds=60, is_running=lambda: False)
    assert time.monotonic() - started < 5


def _answers(listener: socket.socket, *, timeout_seconds: float) -> bool:
    address = f"{LOOPBACK}:{listener.getsockname()[1]}"
    return wait_until_answers(address, timeout_seconds=timeout_seconds, is_running=lambda: True)
