"""A whole chaos run: the plan carried out while the flood flows, everything drained, then the verdict.

A run ends: who waits, waits with a bound, and says where it stood when that was reached.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from msgspec import Struct

from streams.core.clock import DAY_US
from streams.core.rosters.roster import Roster
from streams.jobs.drain import wait_until_drained
from streams.kafka.administration import create_topics
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.roster_topic import publish_roster
from streams.rules_loading import bundled_rules
from tests.chaos.corrections import changed_entries, corrected_rosters
from tests.chaos.flood import Flood
from tests.chaos.plan import SOURCE_FAULTS, Fault, FaultKind, plan
from tests.chaos.stage import WORKERS, Stage, Undo
from tests.chaos.verdict import Oracle, Verdict, judge_run

__all__ = ["STUCK_SECONDS", "ChaosRun", "Progress", "Stuck", "run_chaos"]

# From the first to the last partition, nothing at all happens for so long only if something is stuck: a transaction
# that a dead worker left open holds readers up for at most its timeout of 60 s.
STUCK_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.1
_KNOWN_SECONDS: Final = 5.0  # ten polls of the tracked accounts
# Of a run's batches: 20 days of event time, less than suspensions and officials' posts are waited for.
_HELD_BACK: Final = 0.1

Progress = Callable[[str], None]
"""Told in a sentence what is going on. It is also the sign of life: a watchdog may count on it."""


class Stuck(Exception):  # noqa: N818 - reads as what happened
    """Something that should have gone on did not; the text says what, and where every worker stood."""


class _Due(Struct, frozen=True):
    """What ends a fault: at a time of the monotonic clock, or with the batch of that number."""

    at_seconds: float
    last_batch: int | None
    undo: Undo

    def is_over(self, now_seconds: float, batch: int) -> bool:
        return now_seconds >= self.at_seconds or (self.last_batch is not None and batch >= self.last_batch)


class _Recounted(Exception):  # noqa: N818 - reads as what happened
    """Workers refused, and everything is recounted: what was waited for is gone."""


class ChaosRun(Struct, kw_only=True):
    """What a run did and found. `injected` counts faults by kind, `restarts` the workers that ended by themselves,
    `cuts` the logs cut back by topic, `remedies` what had to be done where workers refused. `longest_lag_days` is how
    far event time went on while a partition was stopped. `other_app` is how a worker of another app id ended. Of the
    corrections some were killed, and some ended by themselves before all was done; all were begun again.
    """

    seed: int
    events: int
    written: int
    injected: dict[str, int]
    restarts: dict[str, int]
    cuts: dict[str, int] = {}
    remedies: dict[str, int] = {}
    longest_lag_days: float = 0.0
    other_app: str = ""
    corrections_killed: int = 0
    corrections_repeated: int = 0
    verdict: Verdict
    seconds: float


def run_chaos(
    seed: int,
    *,
    events: int,
    faults: int,
    directory: Path,
    progress: Progress,
    power_cuts: int = 0,
    corrections: int = 0,
    stuck_seconds: float = STUCK_SECONDS,
) -> ChaosRun:
    """Carry a run out, with logs and data in `directory`. Raises `Stuck` when nothing moves for `stuck_seconds`. For
    the main thread.
    """
    began = time.monotonic()
    # Some batches before the first fault and after the last.
    flood = Flood(seed, events=events, batches=faults + power_cuts + corrections + 2)
    planned = plan(seed, faults, power_cuts, corrections)
    rosters = [flood.roster, *corrected_rosters(flood.roster, flood.correctable, seed, corrections)]
    oracle = Oracle(rosters[-1], bundled_rules())
    with Stage(directory, power_cuts=power_cuts > 0, busy=stuck_seconds > STUCK_SECONDS) as stage:
        stage.rosters.append(flood.roster)
        asyncio.run(create_topics(stage.settings))
        asyncio.run(publish_roster(stage.settings, flood.roster))
        for _ in range(WORKERS):
            stage.crew.add()
        director = _Director(stage, flood, oracle, progress, stuck_seconds, rosters)
        for fault in planned:
            director.carry_out(fault)
        director.end()
        progress("comparing with the oracle")
        verdict = asyncio.run(judge_run(stage.settings, rosters, oracle, may_repeat=power_cuts > 0))
        return ChaosRun(
            seed=seed,
            events=flood.size,
            written=stage.source.records,
            injected={str(kind): director.injected[kind] for kind in FaultKind},
            restarts=dict(stage.crew.endings.most_common()),
            cuts=dict(stage.power.cuts.most_common()),
            remedies=dict(stage.remedies),
            longest_lag_days=director.longest_lag_us / DAY_US,
            other_app=director.other_app,
            corrections_killed=stage.corrector.killed,
            corrections_repeated=stage.corrector.repeated,
            verdict=verdict,
            seconds=time.monotonic() - began,
        )


class _Director:
    """Brings one batch after the other and one fault after the other onto the stage, and ends each in its time."""

    def __init__(
        self,
        stage: Stage,
        flood: Flood,
        oracle: Oracle,
        progress: Progress,
        stuck_seconds: float,
        rosters: Sequence[Roster],
    ) -> None:
        self.injected: Counter[FaultKind] = Counter()
        self._stage = stage
        self._flood = flood
        self._oracle = oracle
        self._progress = progress
        self._stuck_seconds = stuck_seconds
        self._rosters = rosters
        self._batch = 0
        self.longest_lag_us = 0
        self.other_app = ""
        self._undos: list[_Due] = []
        self._feed(self._next_batch(), 0.5)

    def carry_out(self, fault: Fault) -> None:
        """Let a batch flow, and in the middle of it the fault happen."""
        records = self._next_batch()
        self._progress(f"{sum(self.injected.values()):4} faults, batch {self._batch}: {fault.kind}")
        random = Random(fault.draw)
        match fault.kind:
            case FaultKind.BATCH_REPEATED:
                self._feed(records, fault.pause_seconds)
                self._feed(records, fault.pause_seconds)
            case FaultKind.BATCH_REORDERED:
                self._feed(random.sample(records, len(records)), fault.pause_seconds)
            case FaultKind.BATCH_LATE:
                self._later(fault, lambda: self._feed(records, 0.5))
            case FaultKind.POISON:
                poison = self._flood.poison(fault.draw)
                self._oracle.feed(poison)
                mixed = records + poison
                random.shuffle(mixed)
                self._feed(mixed, fault.pause_seconds)
            case FaultKind.PARTITION_STOPPED:
                place = self._stage.stop_partition(random)
                self._later(fault, partial(self._start_partition, *place, self._oracle.newest_us))
                self._feed(records, fault.pause_seconds)
            case _:
                self._feed(records, fault.pause_seconds)
        self._wait(fault.pause_seconds)
        self._wait_until(lambda: self._stage.can_begin(fault.kind), "the broker to be back")
        # One that hits nothing but starting workers proves little.
        if fault.kind in (FaultKind.POWER_CUT, FaultKind.ROSTER_CORRECTED):
            self._wait_until(self._stage.power.has_counted, "states to be written")
        if fault.kind is FaultKind.ROSTER_CORRECTED:
            self._stage.correct(self._rosters[self.injected[fault.kind] + 1], random)
        elif fault.kind not in SOURCE_FAULTS:
            undo = self._stage.begin(fault)
            if undo is not None:
                self._later(fault, undo)
        self.injected[fault.kind] += 1

    def end(self) -> None:
        """End what goes on, let the rest flow, and wait until everything is through."""
        self._wait_until(lambda: not self._undos, "the last fault to end")
        self._feed(self._next_batch(), 0.5)
        self._wait_until(lambda: not self._stage.corrector.is_busy, "the last correction to end")
        self._drain()
        self.other_app = self._stage.start_other_app()
        changed = {entry.account_id or "" for entry in changed_entries(self._rosters)}
        if changed:  # strangers while they were off the roster, of whom SCREEN keeps nothing
            self._feed(self._flood.by(changed), 0.5)
            self._drain()
        # By now every worker knows every tracked account, however late it heard of it.
        self._wait(_KNOWN_SECONDS)
        self._oracle.feed_again(self._flood.worth_repeating(self._oracle.final_accounts()))
        self._feed(self._flood.worth_repeating(self._oracle.final_accounts()), 0.5)
        self._drain()

    def _drain(self) -> None:
        while True:
            remedies = self._stage.remedies.total()
            with contextlib.suppress(_Recounted):
                self._drain_once(remedies)
                self._wait(_KNOWN_SECONDS if self._stage.power.cuts else 0.0)
            if self._stage.remedies.total() == remedies:
                return

    def _drain_once(self, remedies: int) -> None:
        self._wait_until(lambda: self._stage.is_fed, "the source to write everything")
        self._progress("draining")
        least, since = float("inf"), time.monotonic()

        def watch(remaining: int) -> None:
            nonlocal least, since
            self._stage.supervise()
            if self._stage.remedies.total() != remedies:
                raise _Recounted
            if remaining < least or remaining == 0:
                least, since = remaining, time.monotonic()
                self._progress(f"draining: {remaining} records to go")
            if time.monotonic() - since > self._stuck_seconds:
                raise Stuck(f"{remaining} records are stuck for {self._stuck_seconds:.0f} s\n{self._stage.stacks()}")

        newest_us = self._oracle.newest_us
        asyncio.run(wait_until_drained(self._stage.settings, self._stage.source.written, watch, newest_us=newest_us))

    def _next_batch(self) -> list[OutgoingRecord]:
        records = self._flood.batch(self._batch)
        self._batch += 1
        self._oracle.feed(records)
        return records

    def _feed(self, records: list[OutgoingRecord], seconds: float) -> None:
        self._stage.feed(records, seconds)

    def _later(self, fault: Fault, undo: Undo) -> None:
        """Let the fault last its time, but nothing be held back for longer than some weeks of event time."""
        most = int(self._flood.batches * _HELD_BACK) or 1
        last = self._batch + most if fault.kind in SOURCE_FAULTS else None
        self._undos.append(_Due(time.monotonic() + fault.lasts_seconds, last, undo))

    def _start_partition(self, topic: str, partition: int, stopped_us: int) -> None:
        """`stopped_us` is how far the source had written in event time when the partition was stopped."""
        self.longest_lag_us = max(self.longest_lag_us, self._oracle.newest_us - stopped_us)
        self._stage.start_partition(topic, partition)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self._wait_until(lambda: time.monotonic() >= until, "time to pass")

    def _wait_until(self, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self._stuck_seconds
        while True:
            for due in [due for due in self._undos if due.is_over(time.monotonic(), self._batch)]:
                self._undos.remove(due)
                due.undo()
            self._stage.supervise()
            if done():
                return
            if time.monotonic() > deadline:
                raise Stuck(f"waited {self._stuck_seconds:.0f} s for {what}\n{self._stage.stacks()}")
            time.sleep(_LOOK_SECONDS)
