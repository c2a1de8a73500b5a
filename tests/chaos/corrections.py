"""Corrections of a chaos run: to which rosters, and the command that carries one out, as often as it takes.

Knows no workers and no faults: whoever corrects only sees that the broker is away, or that nobody answers.
"""

import csv
import io
import sys
import time
from collections.abc import Sequence, Set
from pathlib import Path
from random import Random
from typing import Final

from msgspec.structs import replace

from streams.core.rosters.roster import Roster, RosterEntry
from streams.jobs.workers import environment_of
from streams.kafka.child_process import ChildProcess, start_child
from streams.settings import Settings

__all__ = ["Corrector", "changed_entries", "corrected_rosters"]

_CHANGED: Final = 3  # accounts that differ from the roster of the beginning
_AGAIN_SECONDS: Final = 1.0
_KILLED_SHARE: Final = 0.5
_KILLED_AFTER_SECONDS: Final = (1.0, 6.0)
_COLUMNS: Final = (
    *("platform", "account_id", "handle", "name", "country", "category", "source_url"),
    *("valid_from", "valid_to", "domains"),
)
_CATEGORIES: Final = ("diplomat", "state_media")


def corrected_rosters(roster: Roster, accounts: Set[str], seed: int, count: int) -> list[Roster]:
    """The rosters that are put in force one after the other: each the roster of the beginning, with some of the
    accounts (ids) taken off, for a time or for good, or called something else. All are of one State.
    """
    random = Random(f"rosters {seed}")
    entries = [entry for entry in roster.entries if entry.account_id in accounts]
    country = random.choice(sorted({entry.country for entry in entries}))
    candidates = sorted({entry.account_id or "" for entry in entries if entry.country == country})
    found: list[Roster] = []
    for _ in range(count):
        chosen = random.sample(candidates, _CHANGED)
        gone = random.sample(chosen, random.randint(1, _CHANGED))
        kept = [entry for entry in roster.entries if entry.account_id not in gone]
        found.append(Roster(_recalled(entry) if entry.account_id in chosen else entry for entry in kept))
    return found


def changed_entries(rosters: Sequence[Roster]) -> set[RosterEntry]:
    """The entries that not all of the rosters have."""
    first, *others = (set(roster.entries) for roster in rosters)
    return {entry for other in others for entry in first ^ other}


def _recalled(entry: RosterEntry) -> RosterEntry:
    category = _CATEGORIES[entry.category == _CATEGORIES[0]]
    return replace(entry, category=category)


class Corrector:
    """Carries corrections out, one at a time, with `antiphon roster publish --correction`. `killed` counts how often
    the command was ended with `kill -9`, `repeated` how often it ended by itself before all was done.
    """

    def __init__(self, settings: Settings, directory: Path) -> None:
        self.killed = 0
        self.repeated = 0
        self._settings = settings
        self._directory = directory
        self._started = 0
        self._process: ChildProcess | None = None
        self._command: list[str] = []
        self._log = directory / "corrections.log"
        self._kill_at: float | None = None
        self._again_at = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether a correction is under way."""
        return bool(self._command)

    def begin(self, roster: Roster, random: Random) -> None:
        """Begin a correction. Half of them are killed on the way, and begun again."""
        self._started += 1
        path = self._directory / f"roster-{self._started}.csv"
        path.write_bytes(_csv(roster))
        self._command = [sys.executable, "-m", "streams.cli.main", "roster", "publish", str(path), "--yes"]
        self._command += ["--correction", "--reason", f"chaos {self._started}"]
        if random.random() < _KILLED_SHARE:
            self._kill_at = time.monotonic() + random.uniform(*_KILLED_AFTER_SECONDS)
        self._start()

    def look(self) -> None:
        """Begin again what ended before it was done. To be called now and then, from the main thread."""
        now = time.monotonic()
        if not self._command:
            return
        if self._process is None:
            if now > self._again_at:
                self._start()
            return
        if self._kill_at is not None and now > self._kill_at and self._process.poll() is None:
            self._kill_at = None
            self._process.kill()
            self._process.wait()
            self.killed += 1
        status = self._process.poll()
        if status is None:
            return
        self._process = None
        if status == 0:
            self._command = []
        else:
            self.repeated += status > 0
            self._again_at = now + _AGAIN_SECONDS

    def close(self) -> None:
        """End what goes on."""
        self._command = []
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    @property
    def log(self) -> str:
        """The end of all that the command has said."""
        return self._log.read_text(errors="replace")[-4_000:] if self._log.exists() else ""

    def _start(self) -> None:
        with self._log.open("ab") as log:
            self._process = start_child(self._command, output=log, env=environment_of(self._settings))


def _csv(roster: Roster) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for each in roster.entries:
        account = each.platform, each.account_id or "", each.handle or "", each.name or ""
        writer.writerow([*account, each.country, each.category, each.source_url, "", "", " ".join(each.domains)])
    return text.getvalue().encode()
