"""Worker processes under a test's control: started, killed, frozen and replaced while a run goes on."""

import os
import signal
import sys
from pathlib import Path
from random import Random

from streams.brokers.leash import Leashed, start_leashed, stop_leashed
from streams.runs.workers import environment_of
from streams.settings import Settings

__all__ = ["Crew"]


class Crew:
    """Real `antiphon worker` processes. `restarts` counts workers that ended by themselves and were replaced."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        self._settings = settings
        self._directory = directory
        self._started = 0
        self.members: list[Leashed] = []
        self.restarts = 0

    def add(self) -> Leashed:
        """Start one more worker."""
        self._started += 1
        with (self._directory / f"worker-{self._started}.log").open("wb") as log:
            command = [sys.executable, "-m", "streams.cli.main", "worker"]
            member = start_leashed(command, output=log, env=environment_of(self._settings))
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
        member = random.choice(self.members)
        self.members.remove(member)
        return stop_leashed(member, timeout_seconds=20)

    def freeze(self, member: Leashed) -> None:
        """SIGSTOP: it holds what it holds, and neither works nor dies."""
        os.kill(member.pid, signal.SIGSTOP)

    def thaw(self, member: Leashed) -> None:
        """SIGCONT: it goes on as if nothing had happened."""
        os.kill(member.pid, signal.SIGCONT)

    def replace_dead(self) -> None:
        """Start a worker for each that ended, as a supervisor would."""
        for member in [member for member in self.members if member.poll() is not None]:
            self.members.remove(member)
            self.restarts += 1
            self.add()

    def logs(self) -> str:
        """The ends of all logs, for the report of a failure."""
        paths = sorted(self._directory.glob("worker-*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-6_000:]}" for path in paths)

    def dismiss_all(self) -> None:
        """Stop everybody."""
        for member in self.members:
            if member.poll() is None:
                os.kill(member.pid, signal.SIGCONT)
                member.terminate()
        for member in self.members:
            stop_leashed(member, timeout_seconds=20)
        self.members = []
