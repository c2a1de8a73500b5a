"""The stage: a Kafka, two cables to it, a crew of workers and a source; and every fault that can befall them.

Half of the workers reach the broker by one cable and half by the other, each half with a clock of its own, so that a
cut or a jump divides them.
"""

import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Final, Self, assert_never

import msgspec

from streams.core.rosters.roster import Roster
from streams.events import RAW_TOPICS
from streams.jobs.workers import environment_of
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.loopback import LOOPBACK
from streams.settings import Settings
from streams.topics import topic_named
from tests.chaos.backstage import Backstage
from tests.chaos.corrections import Corrector
from tests.chaos.plan import BROKER_FAULTS, Fault, FaultKind
from tests.chaos.power import Power
from tests.chaos.proxy import Cut
from tests.chaos.source import Source
from tests.chaos.wiring import wired
from tests.pipeline.crew import Crew, Place

__all__ = ["DELIVERY_TIMEOUT_SECONDS", "WORKERS", "Stage", "Undo"]

WORKERS: Final = 3
DELIVERY_TIMEOUT_SECONDS: Final = 5.0
_DEFAULTS: Final = Settings()
_EVER_DAYS: Final = 3_650
_SESSION_SECONDS: Final = 2.0
_SIDES: Final = ("NORTH", "SOUTH")
_CLOCKWORK: Final = Path(__file__).parent / "clock"
# A supervisor that restarts at once would do little else while the broker is away.
_RESTART_PAUSE_SECONDS: Final = 1.0
_REMEDY: Final = "antiphon states reset"
_REMEDY_SECONDS: Final = 60.0
_REFUSAL_SECONDS: Final = 120.0
_LARGEST_JUMP_SECONDS: Final = 400 * 86_400
_CUTS: Final = {
    FaultKind.NETWORK_CUT: Cut.REFUSED,
    FaultKind.NETWORK_STALLED: Cut.STALLED,
    FaultKind.NETWORK_DEAF: Cut.DEAF,
    FaultKind.NETWORK_MUTE: Cut.MUTE,
}

Undo = Callable[[], None]


class Stage:
    """Everything a run needs, started on entering and stopped on leaving. For the main thread."""

    def __init__(self, directory: Path, *, power_cuts: bool = False, busy: bool = False) -> None:
        self.remedies: Counter[str] = Counter()
        self._directory = directory
        self._backstage = Backstage()
        self.kafka, self._cables = wired(directory / "kafka", _SIDES, busy=busy)
        # Small batches and short waits, so that faults hit many batches and are soon noticed.
        self.settings = Settings(
            broker=self.kafka.address,
            topic_prefix="chaos-",
            session_timeout_seconds=_SESSION_SECONDS,
            commit_interval_seconds=0.3,
            fetch_max_records=500,
            # What a power cut took is rewritten, however old it is by then.
            unengaged_days=_EVER_DAYS if power_cuts else _DEFAULTS.unengaged_days,
            unengaged_profile_days=_EVER_DAYS if power_cuts else _DEFAULTS.unengaged_profile_days,
            aftermath_withhold_deleted="",  # as the backtest does
            delivery_timeout_seconds=DELIVERY_TIMEOUT_SECONDS,
            canary_interval_seconds=2.0,  # more than usual, and none of them may show in what is published
        )
        self._clocks = [directory / f"clock-{side}" for side in _SIDES]
        places = [
            Place(
                settings=msgspec.structs.replace(self.settings, broker=f"{LOOPBACK}:{cable.port}"),
                environment={
                    "PYTHONPATH": str(_CLOCKWORK),
                    "CHAOS_CLOCK_FILE": str(clock),
                    "PYTHONFAULTHANDLER": "1",
                },
            )
            for cable, clock in zip(self._cables, self._clocks, strict=True)
        ]
        logs = directory / "logs"
        logs.mkdir()
        self.crew = Crew(self.settings, logs, places=places)
        self.source = Source(self.settings, remembers=power_cuts)
        self.power = Power(self.kafka, self.settings, self.crew, self.source, self._backstage)
        self.rosters: list[Roster] = []
        self.corrector = Corrector(self.settings, logs)
        self._asleep: set[int] = set()  # process ids
        self._broker_is_away = False
        self._supervised_at = 0.0

    def __enter__(self) -> Self:
        try:
            self.kafka.start()
            for cable in self._cables:
                self._backstage.call(cable.start())
            self._backstage.start(self.source.run())
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.corrector.close()
        for member in self.crew.members:
            if member.poll() is None:
                member.kill()  # what they would say on a polite request is no part of the result
        self.crew.dismiss_all()
        for cable in self._cables:
            self._backstage.call(cable.stop())
        self._backstage.close()
        self.kafka.close()

    def feed(self, records: list[OutgoingRecord], seconds: float) -> None:
        """Have the source write records, spread over some seconds."""
        self._backstage.call(self.source.feed(records, seconds))

    def stop_partition(self, random: Random) -> tuple[str, int]:
        """Have the source keep back one raw partition's records of what it is fed from now on; returns which one."""
        topic = random.choice(list(RAW_TOPICS.values()))
        partition = random.randrange(topic_named(topic).partitions)
        self._backstage.call(self.source.withhold(topic, partition))
        return topic, partition

    def start_partition(self, topic: str, partition: int) -> None:
        """Have the source write what it kept back."""
        self._backstage.call(self.source.release(topic, partition))

    @property
    def is_fed(self) -> bool:
        """Whether the source has written all it was given."""
        return self.source.backlog == 0

    def correct(self, roster: Roster, random: Random) -> None:
        """Put a roster in force as a correction of the one before; goes on by itself."""
        self.rosters.append(roster)
        self.corrector.begin(roster, random)

    def supervise(self) -> None:
        """Start a worker for each that ended, as a supervisor does, and a correction that did not come to its end."""
        self.corrector.look()
        if time.monotonic() - self._supervised_at > _RESTART_PAUSE_SECONDS:
            self._supervised_at = time.monotonic()
            refusals = [
                line.strip()
                for member in self.crew.members
                if member.poll() is not None
                for line in self.crew.log_of(member).splitlines()
                if _REMEDY in line
            ]
            if refusals and not self._broker_is_away:
                self._recount()
            self.crew.replace_dead()

    def start_other_app(self) -> str:
        """A worker of another app id on the same topics. It must refuse to start; returns its last words. Raises
        `RuntimeError` where it works.
        """
        settings = msgspec.structs.replace(
            self.settings, app_id="other", data_dir=str(self._directory / "other"), metrics_port=0
        )
        command = [sys.executable, "-m", "streams.cli.main", "worker"]
        try:
            done = subprocess.run(
                command,
                env=environment_of(settings),
                capture_output=True,
                text=True,
                timeout=_REFUSAL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise RuntimeError("a worker of another app id works on the same topics") from error
        if done.returncode == 0:
            raise RuntimeError(f"a worker of another app id ended in peace: {done.stderr[-2_000:]}")
        return f"status {done.returncode}: {' | '.join(done.stderr.strip().splitlines()[-2:])}"

    def _recount(self) -> None:
        """What a worker names that refuses: all workers stopped, and the command."""
        workers = len(self.crew.members)
        for member in self.crew.members:
            if member.poll() is None:
                member.kill()
                member.wait()
        self.crew.dismiss_all()
        self._asleep.clear()
        command = [sys.executable, "-m", "streams.cli.main", "states", "reset", "--yes"]
        deadline = time.monotonic() + _REMEDY_SECONDS
        while True:
            done = subprocess.run(
                command, env=environment_of(self.settings), capture_output=True, text=True, timeout=120, check=False
            )
            if done.returncode == 0:
                break
            if time.monotonic() > deadline:
                raise RuntimeError(f"the remedy does not work: {done.stderr}")
            time.sleep(_RESTART_PAUSE_SECONDS)
        self.remedies[_REMEDY] += 1
        self.power.note_counted()
        for _ in range(max(1, workers)):
            self.crew.add()

    def can_begin(self, kind: FaultKind) -> bool:
        """Two troubles with one broker at a time are one; what concerns the broker waits for the other to end. So does
        one correction for another. A broker that lost what a correction has written is a case of its own.
        """
        if kind in (FaultKind.ROSTER_CORRECTED, FaultKind.POWER_CUT) and self.corrector.is_busy:
            return False
        return not (self._broker_is_away and kind in BROKER_FAULTS)

    def begin(self, fault: Fault) -> Undo | None:
        """Let a fault happen to those it befalls; what is returned ends it. The source's own faults are not ours."""
        random = Random(fault.draw)
        match fault.kind:
            case FaultKind.WORKER_KILLED:
                self.crew.kill_one(random)
                return None
            case FaultKind.WORKER_FROZEN:
                return self._freeze(random)
            case FaultKind.WORKER_ADDED:
                self.crew.add()
                return lambda: self._dismiss(random)
            case FaultKind.WORKER_DISMISSED:
                self._dismiss(random)
                return lambda: self._ensure(1)
            case FaultKind.REBALANCE_STORM:
                self.crew.add()
                self.crew.add()
                self.crew.kill_one(random)
                return lambda: self._dismiss(random, 2)
            case FaultKind.BROKER_KILLED | FaultKind.BROKER_OUTAGE | FaultKind.BROKER_FROZEN:
                return self._trouble_broker(fault.kind)
            case FaultKind.POWER_CUT:
                return self._cut_power(random)
            case FaultKind.NETWORK_CUT | FaultKind.NETWORK_STALLED | FaultKind.NETWORK_DEAF | FaultKind.NETWORK_MUTE:
                return self._cut(random, _CUTS[fault.kind])
            case FaultKind.DISK_FULL:
                return self._fill_disk(random)
            case FaultKind.CLOCK_JUMP:
                return self._jump(random)
            case (
                FaultKind.BATCH_REPEATED
                | FaultKind.BATCH_REORDERED
                | FaultKind.BATCH_LATE
                | FaultKind.PARTITION_STOPPED
                | FaultKind.POISON
                | FaultKind.ROSTER_CORRECTED
            ):
                raise ValueError(f"{fault.kind} does not befall the stage")
            case _:
                assert_never(fault.kind)

    def stacks(self) -> str:
        """Where every worker stands: Python prints its stacks on SIGABRT, which ends it."""
        logs = []
        for member in self.crew.members:
            if member.poll() is None:
                os.kill(member.pid, signal.SIGCONT)
                os.kill(member.pid, signal.SIGABRT)
                member.wait()
            logs.append(f"--- worker {member.pid}\n{self.crew.log_of(member)[-8_000:]}")
        return "\n".join([*logs, f"--- corrections\n{self.corrector.log}"])

    def _freeze(self, random: Random) -> Undo | None:
        awake = [member for member in self.crew.members if member.pid not in self._asleep and member.poll() is None]
        if not awake:
            return None
        sleeper = random.choice(awake)
        self.crew.freeze(sleeper)
        self._asleep.add(sleeper.pid)

        def wake() -> None:
            self._asleep.discard(sleeper.pid)
            if sleeper.poll() is None:
                self.crew.thaw(sleeper)

        return wake

    def _dismiss(self, random: Random, count: int = 1) -> None:
        for _ in range(count):
            awake = [member for member in self.crew.members if member.pid not in self._asleep]
            if len(awake) > 1:
                member = random.choice(awake)
                self.crew.dismiss(member)

    def _ensure(self, more: int) -> None:
        for _ in range(more):
            self.crew.add()

    def _trouble_broker(self, kind: FaultKind) -> Undo:
        self._broker_is_away = True
        if kind is FaultKind.BROKER_KILLED:
            self.kafka.kill()
        elif kind is FaultKind.BROKER_OUTAGE:
            self.kafka.stop()
        else:
            self.kafka.pause()

        def come_back() -> None:
            if kind is FaultKind.BROKER_FROZEN:
                self.kafka.resume()
            else:
                self.kafka.start()
            self._broker_is_away = False

        return come_back

    def _cut_power(self, random: Random) -> Undo:
        self._broker_is_away = True
        power_is_back = self.power.cut(random, self.rosters)

        def come_back() -> None:
            power_is_back()
            self._broker_is_away = False

        return come_back

    def _cut(self, random: Random, how: Cut) -> Undo:
        cables = random.choice([self._cables[:1], self._cables[1:], self._cables])
        forget = random.random() < 0.5
        for cable in cables:
            self._backstage.call(cable.cut(how))

        def mend() -> None:
            for cable in cables:
                self._backstage.call(cable.mend(forget=forget))

        return mend

    def _fill_disk(self, random: Random) -> Undo | None:
        """No process of the worker can write to any file, its log included, as if every disk were full."""
        if sys.platform != "linux":
            return None
        living = [member for member in self.crew.members if member.poll() is None]
        if not living:
            return None
        member = random.choice(living)
        before = resource.prlimit(member.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(member.pid, resource.RLIMIT_FSIZE, (0, before[1]))

        def make_room() -> None:
            if member.poll() is None:
                resource.prlimit(member.pid, resource.RLIMIT_FSIZE, before)

        return make_room

    def _jump(self, random: Random) -> Undo:
        clock = random.choice(self._clocks)
        # From seconds to a year, small ones as likely as large ones.
        shift = int(_LARGEST_JUMP_SECONDS ** random.random()) * random.choice((-1, 1))
        clock.write_text(str(shift), encoding="ascii")
        return lambda: clock.unlink(missing_ok=True)
