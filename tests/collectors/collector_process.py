"""Processes of `antiphon collect NAME` under a test's control."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.collectors.settings import variable_of
from streams.jobs.workers import environment_of
from streams.kafka.child_process import start_child, stop_child
from streams.settings import Settings
from tests.worker.running_worker import Subject

__all__ = ["CollectorProcesses", "Processes"]


class Processes:
    """Starts one after the other, in that environment."""

    def __init__(self, name: str, settings: Settings, directory: Path, environment: dict[str, str]) -> None:
        self._name = name
        self.settings = settings
        self._directory = directory
        self._environment = environment
        self._started = 0

    def start(self) -> Subject:
        """One more process."""
        self._started += 1
        log = self._directory / f"{self._name}-{self._started}.log"
        command = [sys.executable, "-m", "streams.cli.main", "collect", self._name]
        with log.open("wb") as output:
            process = start_child(command, output=output, env=self._environment)
        return Subject(process, self.settings.metrics_port, log)

    @contextmanager
    def running(self) -> Iterator[Subject]:
        """One process for the block, which is asked to stop at its end."""
        subject = self.start()
        try:
            yield subject
        finally:
            stop_child(subject.process, timeout_seconds=20)


class CollectorProcesses(Processes):
    """Of a collector of this package; `own` are its own settings, the others are of every collector."""

    def __init__(
        self, name: str, settings: Settings, directory: Path, own: dict[str, object], **others: object
    ) -> None:
        environment = environment_of(settings)
        environment |= {variable_of(name, key): str(value) for key, value in own.items()}
        environment |= {f"ANTIPHON_COLLECT_{key.upper()}": str(value) for key, value in others.items()}
        super().__init__(name, settings, directory, environment)
