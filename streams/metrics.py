"""Every metric series, on a registry that is passed in. Labels come from closed sets only, never a handle or an id."""

from collections.abc import Iterable
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams import __version__
from streams.core.countries import COUNTRIES
from streams.core.rulebook.rules import Rule
from streams.core.screening.handle_use import HANDLE_FINDINGS
from streams.core.screening.screen import ScreenOutcome
from streams.core.tracking.track import TrackOutcome
from streams.core.watching.aftermath_records import AftermathStatus
from streams.core.watching.watch_step import WatchOutcome
from streams.deadletters import Reason
from streams.topic_names import COUNTRY_EVENTS, SUBJECT_EVENTS, TRACKED_ACCOUNTS
from streams.topics import TOPICS

__all__ = ["NOTIFY_ALERTS", "NOTIFY_OUTCOMES", "Metrics", "digest_number"]

_BATCH_RECORDS: Final = (1, 10, 50, 100, 500, 1_000, 2_000, 4_000, 8_000)
_NOTIFY_DELAY_SECONDS: Final = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 3_600)
NOTIFY_OUTCOMES: Final = ("sent", "rejected", "failed")
NOTIFY_ALERTS: Final = ("firing", "summarised", "back_fill")
_CANARY_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_NO_COUNTRY: Final = "other"
"""Stands for what a roster calls a State and ISO 3166 does not know."""
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
        self.watched = Counter(
            "antiphon_watched",
            "State events by what WATCH made of them; a rise of `unknown_post` means deletions of what was never seen, "
            "of `unknown_author` quotes of posts that are gone, which count for no account; of `contradicted` copies "
            "of a post that name another account",
            ["outcome"],
            registry=registry,
        )
        self.shortened = Counter(
            "antiphon_shortened_events",
            "Internal events with an id or a name of more than 256 bytes, of which the beginning is kept, of ids with a"
            " hash; a rise means a source with odd ids",
            ["topic"],
            registry=registry,
        )
        self.aftermaths = Counter(
            "antiphon_aftermath_updates",
            "New and changed aftermaths by status; a rise means suspensions of amplified accounts, or a clean-up",
            ["status"],
            registry=registry,
        )
        self.ledger_entries = Gauge(
            "antiphon_ledger_entries",
            "Officials' posts that this worker's ledgers hold; a rise means busier officials, or nothing is forgotten",
            registry=registry,
        )
        self.ledger_bytes = Gauge(
            "antiphon_ledger_bytes",
            "Size of this worker's ledger files; a rise up to that of the disk stops the worker",
            registry=registry,
        )
        self.ledger_forgotten = Counter(
            "antiphon_ledger_forgotten",
            "Records discarded for their age; no rise for weeks means that the ledgers grow without end",
            registry=registry,
        )
        self.tracked_accounts = Gauge(
            "antiphon_tracked_accounts",
            "Accounts that SCREEN lets through besides the roster's; a rise means more amplified accounts",
            registry=registry,
        )
        self.dead_letters = Counter(
            "antiphon_dead_letters",
            "Refused inputs by reason; a rise means that a collector is broken, or an attack",
            ["reason"],
            registry=registry,
        )
        self.set_aside = Counter(
            "antiphon_internal_records_set_aside",
            "Records of internal topics and of the roster's that no agent of ours wrote, now dead letters; any rise "
            "means that somebody else writes there, or that a worker's version does not fit",
            ["topic"],
            registry=registry,
        )
        self.screening_stopped = Gauge(
            "antiphon_screening_stopped",
            "1 when the dead-letter limit has stopped SCREEN in this worker, since too many raw records were refused; "
            "0 means that it screens. It goes on from where it stopped when the worker is started again",
            registry=registry,
        )
        self.outputs = Counter(
            "antiphon_outputs",
            "Records written to each topic: acknowledged by the broker, and in a transaction, committed",
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
        self.expected_workers = Gauge(
            "antiphon_expected_workers",
            "How many workers there should be, as this worker was told; 0 means that nobody said",
            registry=registry,
        )
        self.rules_digest = Gauge(
            "antiphon_rules_digest_number",
            "The first 52 bits of the digest of the rules in force, 0 means that none are; where workers have several "
            "numbers they judge differently",
            registry=registry,
        )
        self.roster_digest = Gauge(
            "antiphon_roster_digest_number",
            "The first 52 bits of the digest of the roster in force; 0 means that no roster was read yet",
            registry=registry,
        )
        self.roster_entries = Gauge(
            "antiphon_roster_entries",
            "Entries of the roster in force; 0 means that no roster was published",
            registry=registry,
        )
        self.roster_handles_in_doubt = Gauge(
            "antiphon_roster_handles_in_doubt",
            "Handles of roster entries without an id under which several accounts were seen (`several_ids`), or one "
            "account in several terms since this worker began (`one_id_in_several_terms`); a rise means that somebody "
            "else may count as an official",
            ["finding"],
            registry=registry,
        )
        self.notifications = Counter(
            "antiphon_notifications",
            "Alerts that an Alertmanager took, each time they were sent; `rejected` ones, which it or NOTIFY refused, "
            "and `failed` attempts. A rise of `failed` or `rejected` means that people are not told",
            ["outcome"],
            registry=registry,
        )
        self.notify_errors = Counter(
            "antiphon_notify_errors",
            "Errors that ended NOTIFY, which begins again after a pause; the other agents go on. A rise means that "
            "nobody is told of alerts; the log says why",
            registry=registry,
        )
        self.notify_alerts = Gauge(
            "antiphon_notify_alerts",
            "Alerts that fire, the same in every worker: `firing` are sent one by one, one alert stands for those that "
            "are `summarised`, `back_fill` are not sent; a rise means that more is amplified, or nothing expires",
            ["outcome"],
            registry=registry,
        )
        self.notify_last_success = Gauge(
            "antiphon_notify_last_success_timestamp_seconds",
            "When an Alertmanager last took what it was sent, also nothing; no rise means that none can be reached. "
            "0 until the first time",
            registry=registry,
        )
        self.notify_delay_seconds = Histogram(
            "antiphon_notify_delay_seconds",
            "From the publication of an alert until an Alertmanager took it; a rise means that people are told late",
            buckets=_NOTIFY_DELAY_SECONDS,
            registry=registry,
        )
        self.fenced = Counter(
            "antiphon_fenced",
            "Transactions refused because another worker had taken the partition over; a rise means unstable workers",
            registry=registry,
        )
        self.logs_cut = Counter(
            "antiphon_logs_cut",
            "Times a log was found cut back or recreated below what had been dealt with, and was read again; a rise "
            "means that the broker lost records",
            ["topic"],
            registry=registry,
        )
        self.amplifications = Counter(
            "antiphon_amplifications",
            "Amplifications by State and category of the official; a rise means that these officials amplify more",
            ["country", "category"],
            registry=registry,
        )
        self.new_subjects = Counter(
            "antiphon_new_subjects",
            "Accounts amplified for the first time; a rise means that officials turn to new accounts, or a back-fill",
            registry=registry,
        )
        self.ready = Gauge(
            "antiphon_ready",
            "1 when the worker has all it needs to work, as /readyz says; a fall to 0 means that it waits for it",
            registry=registry,
        )
        self.lag_records = Gauge(
            "antiphon_lag_records",
            "Records of this worker's partitions that wait, also behind open transactions; a rise means that more "
            "comes in than is dealt with, or can be read",
            ["topic"],
            registry=registry,
        )
        self.open_transaction_seconds = Gauge(
            "antiphon_open_transaction_seconds",
            "For how long the last stable offset of some partition has stood still below the end of its log; a rise "
            "means that somebody left a transaction open, behind which nothing can be read",
            ["topic"],
            registry=registry,
        )
        self.watermark = Gauge(
            "antiphon_watermark_timestamp_seconds",
            "How far event time has come over all raw partitions, as WATCH's slowest partition here knows it; no rise "
            "means that a raw partition lags or is not read, and that no aftermath closes",
            registry=registry,
        )
        self.still_seconds = Gauge(
            "antiphon_still_seconds",
            "For how long the worker has had work in some partition and done none; a rise up to stuck_after_seconds "
            "ends it",
            registry=registry,
        )
        self.last_record = Gauge(
            "antiphon_last_record_timestamp_seconds",
            "When the last record of each topic was taken, canaries of raw topics aside; no rise means a silent source",
            ["topic"],
            registry=registry,
        )
        self.recovering = Gauge(
            "antiphon_recovering_partitions",
            "Partitions whose state is being read; no fall for minutes means many subjects or a slow broker",
            ["topic"],
            registry=registry,
        )
        self.canary_last_seen = Gauge(
            "antiphon_canary_last_seen_timestamp_seconds",
            "When the newest canary that came through was sent, of the partition where that is longest ago; no rise "
            "means that the pipeline is blind. Until the first: when the worker began. 0 where canaries are off",
            registry=registry,
        )
        self.canary_seconds = Histogram(
            "antiphon_canary_seconds",
            "From the raw topic until TRACK has dealt with it, for canaries; a rise means that alerts come late",
            buckets=_CANARY_SECONDS,
            registry=registry,
        )
        build = Gauge("antiphon_build_info", "The version that runs", ["version"], registry=registry)
        build.labels(__version__).set(1)
        for finding in HANDLE_FINDINGS:
            self.roster_handles_in_doubt.labels(finding).set(0)
        _preset(self.screened, ScreenOutcome)
        _preset(self.tracked, TrackOutcome)
        _preset(self.watched, WatchOutcome)
        _preset(self.shortened, (SUBJECT_EVENTS, COUNTRY_EVENTS))
        _preset(self.aftermaths, get_args(AftermathStatus))
        _preset(self.notifications, NOTIFY_OUTCOMES)
        for outcome in NOTIFY_ALERTS:
            self.notify_alerts.labels(outcome).set(0)
        _preset(self.dead_letters, Reason)
        _preset(self.set_aside, (SUBJECT_EVENTS, COUNTRY_EVENTS, TRACKED_ACCOUNTS, "officials"))
        _preset(self.logs_cut, [topic.name for topic in TOPICS])
        _preset(self.outputs, [topic.name for topic in TOPICS if topic.role in ("internal", "enriched")])

    def amplified_by(self, country: str, category: str) -> Counter:
        """The counter of amplifications by officials of that State and category.

        A roster topic may be written by anybody: what is no State is counted as `_NO_COUNTRY`.
        """
        return self.amplifications.labels(country if country in COUNTRIES else _NO_COUNTRY, category)

    def expect_amplifications(self, officials: Iterable[tuple[str, str]]) -> None:
        """There may be amplifications by officials of these States and categories: their counters are there from now
        on, at 0 until one comes. Without that the first would not show: `increase()` knows no rise from nothing.
        """
        for country, category in officials:
            self.amplified_by(country, category)

    def expect_alerts(self, rules: Iterable[Rule]) -> None:
        """There may be alerts of these rules: the same for each severity that a rule can reach."""
        for rule in rules:
            for severity in {rule.severity, *(each.severity for each in rule.escalations)}:
                self.alerts.labels(rule.name, severity)


def digest_number(digest: str) -> int:
    """What of a hexadecimal digest a sample can hold exactly: 52 bits. A label would be a new series each time."""
    return int(digest[:13], 16)


def _preset(counter: Counter, labels: Iterable[str]) -> None:
    """A series that is there from the start reads 0, not nothing: a rule on it can tell quiet from blind."""
    for label in labels:
        counter.labels(str(label))
