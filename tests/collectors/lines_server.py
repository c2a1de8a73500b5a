"""A small real source: a TCP server with a log of numbered lines. A client says from which one on, and is sent the
rest, then what is added.
"""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

__all__ = ["LinesServer", "lines_server"]

_BLOCK: Final = 200


class LinesServer:
    """`log` has the lines. `lines_per_second` of `None`: as fast as the client reads."""

    def __init__(self, lines: int, *, lines_per_second: float | None = None, padding: int = 0) -> None:
        self.lines_per_second = lines_per_second
        self.connections = 0
        self.asked: list[int] = []
        self.sent = 0
        self.forgotten_before = 0
        self.is_silent = False
        self._padding = "x" * padding
        self.log = [self._line(number) for number in range(lines)]
        self._ended = threading.Event()
        self._open = threading.Event()
        self._open.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._clients: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def add(self, lines: int) -> None:
        """So many more."""
        begin = len(self.log)
        self.log.extend(self._line(begin + number) for number in range(lines))

    def cut(self) -> None:
        """End all connections in the middle of whatever they are sending."""
        for client in list(self._clients):
            _shut(client)

    def refuse(self) -> None:
        """Until `serve`, connections end as soon as they are made."""
        self._open.clear()
        self.cut()

    def serve(self) -> None:
        self._open.set()

    def close(self) -> None:
        self._ended.set()
        _shut(self._listener)
        self.cut()
        for thread in self._threads:
            thread.join(10)

    def _line(self, number: int) -> bytes:
        at_us = time.time_ns() // 1_000
        return json.dumps({"n": number, "at_us": at_us, "text": f"line {number} {self._padding}"}).encode() + b"\n"

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
            self.connections += 1
            self._clients.add(client)
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        try:
            if self._open.is_set():
                self._send(client)
        except OSError:
            pass
        finally:
            self._clients.discard(client)
            _shut(client)

    def _send(self, client: socket.socket) -> None:
        with client.makefile("rb") as requests:
            asked = int(requests.readline() or b"0")
        self.asked.append(asked)
        number = max(asked, self.forgotten_before)
        while not self._ended.is_set():
            block = self.log[number : number + (_BLOCK if self.lines_per_second is None else 20)]
            if not block:
                time.sleep(0.01)
                # So that a client that went away is noticed, and a quiet one is known to be there.
                if not self.is_silent:
                    client.sendall(b"\n")
                continue
            client.sendall(b"".join(block))
            self.sent += len(block)
            number += len(block)
            if self.lines_per_second is not None:
                self._ended.wait(len(block) / self.lines_per_second)


@contextmanager
def lines_server(lines: int, *, lines_per_second: float | None = None, padding: int = 0) -> Iterator[LinesServer]:
    """A server for the block."""
    server = LinesServer(lines, lines_per_second=lines_per_second, padding=padding)
    try:
        yield server
    finally:
        server.close()


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
