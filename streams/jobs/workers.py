"""Child processes for one run, workers above all: started and stopped together, watched; none outlives its parent."""

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import msgspec
from msgspec import Struct

from streams.errors import AntiphonError
from streams.kafka.child_process import ChildProcess, start_child, stop_child
from streams.settings import Secret, Settings

__all__ = ["Program", "Programs", "WorkerDiedError", "Workers", "environment_of"]

_STOP_SECONDS: Final = 15.0
_TAIL_BYTES: Final = 4_000


class WorkerDiedError(AntiphonError):
    """A worker ended while there was work for it."""

    exit_code = 4


class Program(Struct, frozen=True, kw_only=True):
    """A child process: what people call it, the arguments of `antiphon`, and variables of its own."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = {}


class Programs:
    """Processes of `antiphon` with the same settings. A context manager."""

    def __init__(self, settings: Settings, programs: Sequence[Program]) -> None:
        self._settings = settings
        self._programs = programs
        self._processes: list[tuple[Program, ChildProcess, IO[bytes]]] = []
        self._files = ExitStack()

    def __enter__(self) -> Self:
        try:
            for program in self._programs:
                log = self._files.enter_context(tempfile.TemporaryFile())
                command = [sys.executable, "-m", "streams.cli.main", *program.arguments]
                environment = {**environment_of(self._settings), **program.environment}
                self._processes.append((program, start_child(command, output=log, env=environment), log))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def check(self) -> None:
        """Raise `WorkerDiedError`, with the end of its log, if one has ended."""
        for program, process, log in self._processes:
            code = process.poll()
            if code is not None:
                raise WorkerDiedError(f"{program.name} ended with status {code}. Its last words: {_tail(log)}")

    def last_words(self) -> str:
        """The end of each log."""
        return " ".join(f"{program.name} said last: {_tail(log)}." for program, _process, log in self._processes)

    def stop(self) -> None:
        """Ask all to stop, wait, kill what is left."""
        for _program, process, _log in self._processes:
            if process.poll() is None:
                process.terminate()
        for _program, process, _log in self._processes:
            stop_child(process, timeout_seconds=_STOP_SECONDS)
        self._processes = []
        self._files.close()


class Workers(Programs):
    """`count` processes of `antiphon worker` with the same settings."""

    def __init__(self, settings: Settings, count: int) -> None:
        super().__init__(settings, [Program(name="a worker", arguments=("worker",))] * count)


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment that gives a child process these settings: this one's, with `ANTIPHON_*` replaced."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANTIPHON_")}
    values: dict[str, Any] = msgspec.structs.asdict(settings)
    for name, value in values.items():
        if value is not None:
            text = (
                str(value).lower()
                if isinstance(value, bool)
                else str.__str__(value)
                if isinstance(value, Secret)
                else str(value)
            )
            environment[f"ANTIPHON_{name.upper()}"] = text
    # The child must find this very package, also where it runs from a checkout that is not installed.
    package_root = str(Path(__file__).parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
    return environment


def _tail(log: IO[bytes]) -> str:
    # Where it stands belongs to the worker as well, which writes there.
    size = os.fstat(log.fileno()).st_size
    text = os.pread(log.fileno(), _TAIL_BYTES, max(0, size - _TAIL_BYTES)).decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()) or "none"
