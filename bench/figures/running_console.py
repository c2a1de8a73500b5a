"""`antiphon console` as people start it, over topics of a broker."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import msgspec
from msgspec import Struct

from bench.figures.environment import FigureFailed
from streams.jobs.workers import environment_of
from streams.settings import Settings

__all__ = ["RunningConsole", "running_console"]

_TIMEOUT_SECONDS = 30.0


class _Store(Struct):
    kind: str


class _Status(Struct):
    store: _Store


class RunningConsole:
    """The process that serves, and where it does."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        for line in process.stderr or ():
            if found := re.search(r"open at (http://\S+)/", line):
                self.url = found[1]
                return
        raise FigureFailed("the console ended before it was open")

    @property
    def feed(self) -> int:
        """The process that feeds."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return int(children.split()[0])

    def is_built(self) -> bool:
        """Whether its store is whole."""
        with urlopen(f"{self.url}/status.json", timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - http, on loopback
            return msgspec.json.decode(answer.read(), type=_Status).store.kind == "topics"


@contextmanager
def running_console(settings: Settings, store: Path) -> Iterator[RunningConsole]:
    """With its store in that folder. Raises `FigureFailed` where it does not start."""
    command = [sys.executable, "-m", "streams.cli.main", "console", "--store", str(store), "--listen", "127.0.0.1:0"]
    environment = environment_of(settings) | {"ANTIPHON_CONSOLE_REQUESTS_PER_SECOND": "1000"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        yield RunningConsole(process)
        process.terminate()
        process.wait(30)
    finally:
        process.kill()
        process.wait()
