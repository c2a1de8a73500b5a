"""Every metric series, on a registry that is passed in. Labels come from closed sets only, never a handle or an id."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams import __version__
from streams.core.screen import Pass
from streams.core.track import Outcome
from streams.deadletters import Reason
from streams.topics import TOPICS

__all__ = ["Metrics"]

_BATCH_RECORDS: Final = (1, 10, 50, 100, 500, 1_000, 2_000, 4_000, 8_000)
_LAG_SECONDS: Final = (1, 10, 60, 600, 3_600, 21_600, 86_400, 604_800)


class Metrics:
    """The series of one worker. Each help text says what a rise means."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.records = Counter(
            "antiphon_records",
            "Records taken from each topic; no rise while collectors run means that the worker is stuck",
            ["topic"],
            registry=registry,
        )
        self.screened = Counter(
            "antiphon_screened",
            "Raw events by what SCREEN made of them; a rise of `passed` means that officials are more active",
            ["outcome"],
            registry=registry,
        )
        self.tracked = Counter(
            "antiphon_tracked",
            "Subject events by what TRACK made of them; a rise of `too_old` means that figures miss late events",
            ["outcome"],
            registry=registry,
        )
        self.dead_letters = Counter(
            "antiphon_dead_letters",
            "Refused inputs by reason; a rise means that a collector is broken, or an attack",
            ["reason"],
            registry=registry,
        )
        self.outputs = Counter(
            "antiphon_outputs",
            "Records written to each topic and acknowledged by the broker",
            ["topic"],
            registry=registry,
        )
        self.alerts = Counter(
            "antiphon_alert_updates",
            "New and changed alerts by rule and severity; a rise means that more is being amplified",
            ["rule", "severity"],
            registry=registry,
        )
        self.batch_records = Histogram(
            "antiphon_batch_records",
            "Records in a fetched batch; a rise means that the worker is catching up",
            ["topic"],
            buckets=_BATCH_RECORDS,
            registry=registry,
        )
        self.event_lag_seconds = Histogram(
            "antiphon_event_lag_seconds",
            "Age of the newest event of a batch when it is handled; a rise means late sources or a worker behind",
            ["topic"],
            buckets=_LAG_SECONDS,
            registry=registry,
        )
        self.recovery_seconds = Gauge(
            "antiphon_recovery_seconds",
            "How long the last read of a changelog partition took; a rise means more subjects or a slower broker",
            registry=registry,
        )
        self.subjects = Gauge(
            "antiphon_subjects",
            "Subjects whose state this worker holds",
            registry=registry,
        )
        self.roster_entries = Gauge(
            "antiphon_roster_entries",
            "Entries of the roster in force; 0 means that no roster was published",
            registry=registry,
        )
        self.fenced = Counter(
            "antiphon_fenced",
            "Transactions refused because another worker had taken the partition over; a rise means unstable workers",
            registry=registry,
        )
        build = Gauge("antiphon_build_info", "The version that runs", ["version"], registry=registry)
        build.labels(__version__).set(1)
        _preset(self.screened, Pass)
        _preset(self.tracked, Outcome)
        _preset(self.dead_letters, Reason)
        _preset(self.outputs, [topic.name for topic in TOPICS if topic.role in ("internal", "enriched")])


def _preset(counter: Counter, labels: Iterable[str]) -> None:
    """A series that is there from the start reads 0, not nothing: a rule on it can tell quiet from blind."""
    for label in labels:
        counter.labels(str(label))
