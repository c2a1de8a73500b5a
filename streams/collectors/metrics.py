"""Every metric series of a collector process, on a registry that is passed in. Labels come from closed sets only."""

from collections.abc import Callable
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams import __version__
from streams.collectors.source import SourceErrorKind
from streams.deadletters import Reason

__all__ = ["MOST_SKIPPED_NAMES", "OTHER", "PERIODS", "CollectorMetrics", "SourceMetrics"]

_TRANSACTION_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60)
MOST_SKIPPED_NAMES: Final = 100
"""How many names of skipped frames a source may have as series; what comes later is counted as `OTHER`."""
OTHER: Final = "other"
PERIODS: Final = ("day", "month")
"""Budgets are for a UTC day and a UTC month."""
GAP_ENDS: Final = ("open", "replay", "back_fill", "none")
_LABELS: Final = ["collector", "source"]


class CollectorMetrics:
    """The series of one collector process. Each help text says what a rise means."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.connected = Gauge(
            "antiphon_collector_connected",
            "1 while the source sends; a fall to 0 means that it is silent, refuses, or cannot be reached",
            _LABELS,
            registry=registry,
        )
        self.last_frame = Gauge(
            "antiphon_collector_last_frame_timestamp_seconds",
            "When the source last sent something; no rise means a silent source. Until the first: when the process "
            "began",
            _LABELS,
            registry=registry,
        )
        self.last_event = Gauge(
            "antiphon_collector_last_event_timestamp_seconds",
            "When Kafka last took an event of the source; no rise means that officials are quiet, or nothing comes "
            "through. 0 until the first",
            _LABELS,
            registry=registry,
        )
        self.lag_seconds = Gauge(
            "antiphon_collector_lag_seconds",
            "How far what Kafka has of the source is behind the clock; a rise means that the source is ahead, or down",
            _LABELS,
            registry=registry,
        )
        self.frames = Counter(
            "antiphon_collector_frames",
            "Frames received; no rise means a silent source",
            _LABELS,
            registry=registry,
        )
        self.events = Counter(
            "antiphon_collector_events",
            "Events that Kafka has, by kind; a rise means that officials are more active, or a back-fill",
            [*_LABELS, "kind"],
            registry=registry,
        )
        self.back_filled = Counter(
            "antiphon_collector_back_filled",
            "Events of the past among them, read from an official's history; a rise means new officials on the roster",
            _LABELS,
            registry=registry,
        )
        self.skipped = Counter(
            "antiphon_collector_skipped",
            "Frames that say nothing Antiphon counts, by name; a rise of one name alone means that the source changed",
            [*_LABELS, "name"],
            registry=registry,
        )
        self.dead_letters = Counter(
            "antiphon_collector_dead_letters",
            "Frames that could not be read, by reason; a rise means that the source changed its format",
            [*_LABELS, "reason"],
            registry=registry,
        )
        self.reconnects = Counter(
            "antiphon_collector_reconnects",
            "Connections that ended, by reason; a rise means a restless source, or `throttled`: that we ask too much, "
            "`key_refused`: that our credentials are not taken",
            [*_LABELS, "reason"],
            registry=registry,
        )
        self.gaps = Counter(
            "antiphon_collector_gaps",
            "Gap records by how the gap ended: `open` ones go on, `replay` and `back_fill` closed it, with `none` it "
            "is over and stays unseen; a rise of `none` means that events are missing for good",
            [*_LABELS, "closed_by"],
            registry=registry,
        )
        self.gap_since = Gauge(
            "antiphon_collector_gap_since_timestamp_seconds",
            "Since when nothing is seen of the source, 0 means that there is no open gap",
            _LABELS,
            registry=registry,
        )
        self.spent_usd = Gauge(
            "antiphon_collector_spent_usd",
            "What the source has cost by our own count, this UTC day and this UTC month; a rise means that officials "
            "are more active, or a back-fill. 0 means that nothing costs",
            [*_LABELS, "period"],
            registry=registry,
        )
        self.budget_usd = Gauge(
            "antiphon_collector_budget_usd",
            "What the source may cost in a UTC day and a UTC month; 0 means that there is no budget",
            [*_LABELS, "period"],
            registry=registry,
        )
        self.budget_spent = Gauge(
            "antiphon_collector_budget_spent",
            "1 while the source is not read since its budget is spent; a rise means that it is closed until the "
            "UTC day or month is over",
            _LABELS,
            registry=registry,
        )
        self.officials_left_out = Gauge(
            "antiphon_collector_officials_left_out",
            "Officials of the roster whom the source does not show, beyond a limit of the platform or without an id; a "
            "rise means that the roster has outgrown it",
            _LABELS,
            registry=registry,
        )
        self.queue_bytes = Gauge(
            "antiphon_collector_queue_bytes",
            "What was received and Kafka does not have yet; a rise up to queue_bytes means that Kafka is slow or away, "
            "and that the source is not read",
            _LABELS,
            registry=registry,
        )
        self.transaction_seconds = Histogram(
            "antiphon_collector_transaction_seconds",
            "How long Kafka takes for a transaction of events and cursor; a rise means a slow broker",
            _LABELS,
            buckets=_TRANSACTION_SECONDS,
            registry=registry,
        )
        self.outputs = Counter(
            "antiphon_collector_outputs",
            "Records written to each topic: acknowledged by the broker, and in a transaction, committed; a rise above "
            "that of events means repetitions",
            ["topic"],
            registry=registry,
        )
        self.ready = Gauge(
            "antiphon_collector_ready",
            "1 when every source is connected and Kafka takes what they send, as /readyz says; a fall to 0 means that "
            "something is lacking",
            registry=registry,
        )
        build = Gauge("antiphon_collector_build_info", "The version that runs", ["version"], registry=registry)
        build.labels(__version__).set(1)

    def of_source(self, collector: str, source: str) -> "SourceMetrics":
        """The series of one source: there from now on, at 0."""
        return SourceMetrics(self, collector, source)


class SourceMetrics:
    """The series of one source. `lag` gives the seconds when it is asked for."""

    def __init__(self, metrics: CollectorMetrics, collector: str, source: str) -> None:
        labels = (collector, source)
        self._labels = labels
        self._metrics = metrics
        self._names: set[str] = set()
        self.connected = metrics.connected.labels(*labels)
        self.last_frame = metrics.last_frame.labels(*labels)
        self.last_event = metrics.last_event.labels(*labels)
        self.frames = metrics.frames.labels(*labels)
        self.back_filled = metrics.back_filled.labels(*labels)
        self.gap_since = metrics.gap_since.labels(*labels)
        self.queue_bytes = metrics.queue_bytes.labels(*labels)
        self.budget_spent = metrics.budget_spent.labels(*labels)
        self.officials_left_out = metrics.officials_left_out.labels(*labels)
        for period in PERIODS:
            metrics.spent_usd.labels(*labels, period)
            metrics.budget_usd.labels(*labels, period)
        self.transaction_seconds = metrics.transaction_seconds.labels(*labels)
        for kind in get_args(SourceErrorKind):
            metrics.reconnects.labels(*labels, kind)
        for end in GAP_ENDS:
            metrics.gaps.labels(*labels, end)
        for reason in Reason:
            metrics.dead_letters.labels(*labels, str(reason))

    def follow_lag(self, seconds: Callable[[], float]) -> None:
        """From now on the lag is what `seconds` says when it is scraped."""
        self._metrics.lag_seconds.labels(*self._labels).set_function(seconds)

    def note_money(self, period: str, spent_usd: float, budget_usd: float) -> None:
        """So much is spent of so much in this period, one of `PERIODS`."""
        self._metrics.spent_usd.labels(*self._labels, period).set(spent_usd)
        self._metrics.budget_usd.labels(*self._labels, period).set(budget_usd)

    def count_events(self, kind: str, count: int) -> None:
        """So many events of a kind are in Kafka."""
        self._metrics.events.labels(*self._labels, kind).inc(count)

    def count_skipped(self, name: str, count: int) -> None:
        """So many frames were skipped under a name."""
        if name not in self._names:
            if len(self._names) >= MOST_SKIPPED_NAMES:
                name = OTHER
            self._names.add(name)
        self._metrics.skipped.labels(*self._labels, name).inc(count)

    def count_letters(self, reason: Reason, count: int) -> None:
        """So many frames could not be read."""
        self._metrics.dead_letters.labels(*self._labels, str(reason)).inc(count)

    def count_reconnect(self, kind: SourceErrorKind) -> None:
        """A connection ended."""
        self._metrics.reconnects.labels(*self._labels, kind).inc()

    def count_gaps(self, end: str, count: int) -> None:
        """So many gap records were published: `open` ones, or by how they ended."""
        self._metrics.gaps.labels(*self._labels, end).inc(count)
