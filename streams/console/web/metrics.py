"""The series of a console, on a registry that is passed in. Labels come from closed sets only."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams import __version__

__all__ = ["ConsoleMetrics"]

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class ConsoleMetrics:
    """Each help text says what a rise means."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.requests = Counter(
            "antiphon_console_requests",
            "Answers by page and status; a rise of 503 means that questions take too long or there is no store yet",
            ["page", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "antiphon_console_answer_seconds",
            "From the request to the answer of a page; a rise means that the machine or the store is slow",
            ["page"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.refused = Counter(
            "antiphon_console_refused",
            "Requests that got no answer, by the reason; a rise of `token` or `host` means that somebody tries",
            ["reason"],
            registry=registry,
        )
        self.exports = Counter(
            "antiphon_console_exports",
            "Files of rows and proofs that were taken, by form; the log says by whom",
            ["form"],
            registry=registry,
        )
        self.live_clients = Gauge(
            "antiphon_console_live_clients", "Pages that wait for the live notice: open tabs", registry=registry
        )
        self.lag = Gauge(
            "antiphon_console_lag_records",
            "Records that Kafka has and the store does not; a rise means that the feed is slow or has stopped",
            registry=registry,
        )
        self.read_age = Gauge(
            "antiphon_console_read_age_seconds",
            "Since the store was last seen to have all that Kafka has; beyond two minutes the feed is behind or gone",
            registry=registry,
        )
        Gauge("antiphon_console_version", "The version, as a label", ["version"], registry=registry).labels(
            __version__
        ).set(1)
