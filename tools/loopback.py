"""What runs on a loopback port while a test or a figure asks it: a program of somebody else's, a server of ours."""

import socketserver
import tempfile
import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from streams.kafka.child_process import ChildProcess, start_child, stop_child
from streams.kafka.loopback import LOOPBACK, free_port

__all__ = ["LoopbackProgram", "LoopbackServer"]

_START_SECONDS: Final = 60.0


class LoopbackServer:
    """A server of `socketserver` that listens already, in a thread of its own. A context manager."""

    def __init__(self, server: socketserver.TCPServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        """Where it listens: `HOST:PORT`."""
        return f"{LOOPBACK}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class LoopbackProgram:
    """A program of the Prometheus family, on a port that it keeps over restarts. A context manager; start it from the
    main thread. `directory` is its own, with its `config`, and goes at the end.
    """

    def __init__(self, name: str, config: str) -> None:
        self._name = name
        self._temporary = tempfile.TemporaryDirectory(prefix=f"antiphon-{name}-")
        self.directory = Path(self._temporary.name)
        (self.directory / "config.yml").write_text(config, encoding="utf-8")
        self._address = f"{LOOPBACK}:{free_port()}"
        self._process: ChildProcess | None = None

    def command(self) -> list[str]:
        """The program, and its options but for those that all of the family have. Raises where it is not installed."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        """Its web page."""
        return f"http://{self._address}"

    def start(self) -> None:
        """Start it with what it remembers, and return when it is ready."""
        config = self.directory / "config.yml"
        command = [*self.command(), f"--config.file={config}", f"--web.listen-address={self._address}"]
        with (self.directory / "log").open("ab") as log:
            self._process = process = start_child(command, output=log)
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and not self._is_ready():
            assert time.monotonic() < deadline, f"{self._name} does not become ready: {self.log()}"
            time.sleep(0.05)
        assert process.poll() is None, self.log()

    def _is_ready(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.url}/-/ready", timeout=2) as answer:  # noqa: S310 - ours
            return bool(answer.status == 200)
        return False

    def stop(self) -> None:
        """Stop it in order: it writes down what it remembers."""
        if self._process is not None:
            stop_child(self._process, timeout_seconds=10)
            self._process = None

    def log(self) -> str:
        """All it has said."""
        return (self.directory / "log").read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._temporary.cleanup()
