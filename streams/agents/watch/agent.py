"""WATCH, the agent: one ledger and one partition task a partition, one transaction a batch.

`streams.partitions.tasks` decides which partition is next, and what happens when another worker takes one.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from streams.agents.watch.batch import SweepPace, WatchedBatch, forget_old, subject_ticks, watch_batch
from streams.agents.watch.ledger_store import LedgerStore
from streams.core.clock import SECOND_US
from streams.core.rulebook.rules import RuleSet
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watcher import Watcher
from streams.faust_driver.batches import Batch, Record
from streams.kafka.log_marks import mark_of
from streams.ledger.sqlite import SqliteLedger
from streams.metrics import Metrics
from streams.partitions.set_aside import report_set_aside
from streams.partitions.tasks import HoldBack, PartitionTasks
from streams.settings import Settings
from streams.topic_names import COUNTRY_EVENTS, SUBJECT_EVENTS

__all__ = ["Watch", "watch_policy"]

# State events in one transaction: a tenth of a second of work, in a thread of the partition's own.
_AT_ONCE: Final = 500
# Longer than TRACK's: besides its transaction each costs a commit of the ledger's file, and WATCH tells of days.
_PAUSE_SECONDS: Final = 0.5


def watch_policy(settings: Settings) -> WatchPolicy:
    """The policy of a group of workers."""
    return WatchPolicy(
        ledger_days=settings.ledger_days,
        watch_days=settings.watch_days,
        unseen_share=settings.unseen_share,
        withheld=settings.withheld_aftermath_platforms,
    )


class Watch:
    """Holds the ledgers of the partitions this worker was given; `tasks` runs them. `finish` gets each batch that is
    done, `hold_back` the partitions that are to wait.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        rules: RuleSet,
        finish: Callable[[Batch], object],
        generation: Callable[[], int],
        hold_back: HoldBack | None = None,
    ) -> None:
        self._metrics = metrics
        self._rules = rules
        self._policy = watch_policy(settings)
        self._watermarks: dict[int, int] = {}
        self._paces: dict[int, SweepPace] = {}
        metrics.expect_alerts(rules.judged_on("aftermath").rules)
        self.tasks = PartitionTasks(
            COUNTRY_EVENTS,
            settings,
            metrics,
            make=lambda partition: LedgerStore(partition, settings, metrics),
            apply=self._apply,
            finish=finish,
            generation=generation,
            hold_back=hold_back,
            pause_seconds=_PAUSE_SECONDS,
        )

    async def _apply(self, store: LedgerStore, batch: Batch) -> None:
        begin = 0
        while begin < len(batch.records):
            begin += await self._apply_some(store, batch.records[begin : begin + _AT_ONCE])
            if begin < len(batch.records):
                self.tasks.finish_first(batch, begin)
        metrics = self._metrics
        metrics.records.labels(COUNTRY_EVENTS).inc(len(batch.records))
        held = self.tasks.held()
        metrics.ledger_entries.set(sum(other.entries for other in held if other.is_open))
        metrics.ledger_bytes.set(sum(other.size_bytes for other in held if other.is_open))

    async def _apply_some(self, store: LedgerStore, records: Sequence[Record]) -> int:
        """Apply the first of the records in one transaction; returns how many."""
        watcher = Watcher(self._rules, self._policy, store.ledger)
        now_us, partition, position = time.time_ns() // 1_000, store.partition, store.position
        pace = self._paces.setdefault(partition, SweepPace())
        recounts = pace.recounts()

        def work(ledger: SqliteLedger) -> tuple[WatchedBatch, int]:
            ledger.begin()
            watched = watch_batch(records, partition, position, watcher, recounts)
            return watched, forget_old(ledger, watched, self._policy, now_us)

        watched, gone = await store.run(work)
        pace.took(recounts, watched.seconds)
        if watched.position > store.position:
            outputs = watched.outputs
            # Event time is the same in every partition: one of them tells TRACK.
            if watched.new_day_us is not None and store.partition == 0:
                outputs += subject_ticks(watched.new_day_us, await store.partitions(SUBJECT_EVENTS))
            await store.commit(outputs, watched.position, mark_of(records[watched.taken - 1]))
        else:
            await store.run(SqliteLedger.rollback)  # all of it was applied in an earlier life
        self._count(watched, watcher, gone, now_us)
        self._watermarks[store.partition] = watcher.watermark_us
        held = [self._watermarks[other.partition] for other in self.tasks.held() if other.partition in self._watermarks]
        self._metrics.watermark.set(min(held, default=0) / SECOND_US)
        return watched.taken

    def _count(self, watched: WatchedBatch, watcher: Watcher, gone: int, now_us: int) -> None:
        metrics = self._metrics
        for outcome, count in watcher.outcomes.items():
            metrics.watched.labels(str(outcome)).inc(count)
        metrics.shortened.labels(COUNTRY_EVENTS).inc(watcher.shortened)
        for aftermath in watched.aftermaths:
            metrics.aftermaths.labels(aftermath.status).inc()
        for alert in watched.alerts:
            metrics.alerts.labels(alert.rule, alert.severity).inc()
        metrics.ledger_forgotten.inc(gone)
        report_set_aside(metrics, COUNTRY_EVENTS, watched.set_aside)
        if watched.newest_us is not None:
            metrics.event_lag_seconds.labels(COUNTRY_EVENTS).observe(max(0, now_us - watched.newest_us) / SECOND_US)
