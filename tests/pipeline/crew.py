"""Worker processes under a test's control: started, killed, frozen and replaced while a run goes on."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Self

import pytest
from msgspec import Struct

from streams.jobs.drain import wait_until_drained
from streams.jobs.workers import environment_of
from streams.kafka.child_process import ChildProcess, start_child, stop_child
from streams.settings import Settings

__all__ = ["Crew", "Place"]


class Place(Struct, frozen=True, kw_only=True):
    """Where a worker runs: its settings (its way to the broker, say) and what its environment has beyond them."""

    settings: Settings
    environment: Mapping[str, str] = {}


class Crew:
    """Real `antiphon worker` processes, in `places` by turns.

    A context manager, which stops them all. `restarts` counts workers that ended by themselves and were replaced,
    `endings` how they ended and with which last critical words.
    """

    def __init__(self, settings: Settings, directory: Path, *, places: Sequence[Place] = ()) -> None:
        self._places = places or (Place(settings=settings),)
        self._directory = directory
        self._started = 0
        self._logs: dict[int, Path] = {}
        self.members: list[ChildProcess] = []
        self.restarts = 0
        self.endings: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.dismiss_all()

    def add(self) -> ChildProcess:
        """Start one more worker."""
        place = self._places[self._started % len(self._places)]
        self._started += 1
        path = self._directory / f"worker-{self._started}.log"
        environment = environment_of(place.settings)
        for name, value in place.environment.items():
            inherited = environment.get(name)
            environment[name] = value if name != "PYTHONPATH" or not inherited else f"{value}{os.pathsep}{inherited}"
        with path.open("wb") as log:
            command = [sys.executable, "-m", "streams.cli.main", "worker"]
            member = start_child(command, output=log, env=environment)
        self._logs[member.pid] = path
        self.members.append(member)
        return member

    def kill_one(self, random: Random) -> None:
        """`kill -9` a random worker and start another in its place."""
        victim = random.choice(self.members)
        victim.kill()
        victim.wait()
        self.members.remove(victim)
        self.add()

    def dismiss_one(self, random: Random) -> int:
        """Ask a random worker to stop; returns its exit status."""
        return self.dismiss(random.choice(self.members))

    def dismiss(self, member: ChildProcess) -> int:
        """Ask a worker to stop; returns its exit status."""
        self.members.remove(member)
        return stop_child(member, timeout_seconds=20)

    def freeze(self, member: ChildProcess) -> None:
        """SIGSTOP: it holds what it holds, and neither works nor dies."""
        os.kill(member.pid, signal.SIGSTOP)

    def thaw(self, member: ChildProcess) -> None:
        """SIGCONT: it goes on as if nothing had happened."""
        os.kill(member.pid, signal.SIGCONT)

    def replace_dead(self) -> None:
        """Start a worker for each that ended, as a supervisor would."""
        for member in [member for member in self.members if member.poll() is not None]:
            self.members.remove(member)
            self.restarts += 1
            self.endings[f"status {member.returncode}: {self._last_words(member)}"] += 1
            self.add()

    def log_of(self, member: ChildProcess) -> str:
        """All that a member has said."""
        return self._logs[member.pid].read_text(errors="replace")

    def _last_words(self, member: ChildProcess) -> str:
        """The first critical line of its log, without the time: what follows from it comes later."""
        lines = self.log_of(member).splitlines()
        for line in lines:
            _, critical, message = line.partition(" critical ")
            if critical:
                return message[:240]
        return " | ".join(lines[-2:])[:240] or "it said nothing"

    def logs(self, *, whole: bool = False) -> str:
        """The ends of all logs, for the report of a failure, or all of them."""
        paths = sorted(self._directory.glob("worker-*.log"))
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[0 if whole else -6_000 :]}" for path in paths
        )

    def wait_until_drained(
        self, settings: Settings, written: Mapping[tuple[str, int], int], newest_us: int, still_seconds: float
    ) -> None:
        """Wait until all that is `written` (see `streams.jobs.drain`) is through, replacing workers that ended. Fails
        the test where nothing goes on for so long.
        """
        least, deadline = sys.maxsize, time.monotonic() + still_seconds

        def watch(remaining: int) -> None:
            nonlocal least, deadline
            self.replace_dead()
            if remaining < least:
                least, deadline = remaining, time.monotonic() + still_seconds
            if time.monotonic() > deadline:
                pytest.fail(f"{remaining} records are stuck for {still_seconds:.0f} s\n{self.logs()}")

        asyncio.run(wait_until_drained(settings, written, watch, newest_us=newest_us))

    def dismiss_all(self) -> None:
        """Stop everybody."""
        for member in self.members:
            if member.poll() is None:
                os.kill(member.pid, signal.SIGCONT)
                member.terminate()
        for member in self.members:
            stop_child(member, timeout_seconds=20)
        self.members = []
