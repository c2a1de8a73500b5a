"""TRACK, the agent: one subject store and one partition task a partition, one transaction for what waits in a partition
task.

`streams.partitions.tasks` decides which partition is next, and what happens when another worker takes one.
"""

import time
from collections.abc import Callable

from streams.agents.track.batch import TrackedBatch, track_batch
from streams.agents.track.subject_store import SubjectStore
from streams.core.clock import SECOND_US
from streams.core.rulebook.rules import RuleSet
from streams.core.tracking.subject import TrackPolicy
from streams.core.tracking.tracker import Tracker
from streams.faust_driver.batches import Batch
from streams.kafka.log_marks import mark_of
from streams.metrics import Metrics
from streams.partitions.set_aside import report_set_aside
from streams.partitions.tasks import HoldBack, PartitionTasks
from streams.settings import Settings
from streams.topic_names import SUBJECT_EVENTS

__all__ = ["Track"]


class Track:
    """Holds the subject stores of the partitions this worker was given; `tasks` runs them. `finish` gets each batch
    that is done, `hold_back` the partitions that are to wait.
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
        self._policy = TrackPolicy(
            unengaged_days=settings.unengaged_days, unengaged_profile_days=settings.unengaged_profile_days
        )
        metrics.expect_alerts(rules.judged_on("subject").rules)
        self.tasks = PartitionTasks(
            SUBJECT_EVENTS,
            settings,
            metrics,
            make=lambda partition: SubjectStore(partition, settings, metrics),
            apply=self._apply,
            finish=finish,
            generation=generation,
            hold_back=hold_back,
        )

    async def _apply(self, store: SubjectStore, batch: Batch) -> None:
        tracker = Tracker(self._rules, self._policy, store.load, store.unengaged)
        tracked = track_batch(batch, store.position, tracker)
        if tracked.position > store.position:
            mark = mark_of(batch.records[-1])
            await store.commit(tracked.outputs, tracked.changed, tracked.position, mark, tracked.forgotten)
        for outcome, count in tracker.outcomes.items():
            self._metrics.tracked.labels(str(outcome)).inc(count)
        self._metrics.shortened.labels(SUBJECT_EVENTS).inc(tracker.shortened)
        self._count(batch, tracked)

    def _count(self, batch: Batch, tracked: TrackedBatch) -> None:
        metrics = self._metrics
        metrics.records.labels(SUBJECT_EVENTS).inc(len(batch.records))
        for (country, category), count in tracked.amplified.items():
            metrics.amplified_by(country, category).inc(count)
        metrics.new_subjects.inc(tracked.new_subjects)
        report_set_aside(metrics, SUBJECT_EVENTS, tracked.set_aside)
        for alert in tracked.alerts:
            metrics.alerts.labels(alert.rule, alert.severity).inc()
        if tracked.newest_us is not None:
            lag_us = max(0, time.time_ns() // 1_000 - tracked.newest_us)
            metrics.event_lag_seconds.labels(SUBJECT_EVENTS).observe(lag_us / SECOND_US)
        metrics.subjects.set(sum(len(store) for store in self.tasks.held()))
