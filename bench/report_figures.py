"""Further figures in words and tables: their sections of RESULTS.md, one a figure."""

from collections.abc import Sequence
from typing import Any, Final

from bench.figures.corrections import LEAST_RATE, Corrections
from bench.figures.corrections import MOST_SECONDS as MOST_CORRECTION_SECONDS
from bench.figures.evidence import LEAST_RATIO as LEAST_KEPT_RATIO
from bench.figures.evidence import EvidenceCost
from bench.figures.growth import Growth, TopicGrowth
from bench.figures.hot_subject import HotSubject
from bench.figures.latency import Latency
from bench.figures.ledger import MOST_BYTES as MOST_LEDGER_BYTES
from bench.figures.ledger import LedgerFigure
from bench.figures.record import FigureRun, Figures
from bench.figures.recovery import MOST_BYTES, MOST_SECONDS, Recovery
from bench.figures.scaling import LEAST_RATIO, Scaling, median_ratio, median_trial
from bench.figures.screen import ScreenFigure
from bench.report_alarms import alarms_parts
from bench.report_console import console_parts
from bench.report_live import live_parts
from bench.report_readers import readers_parts
from bench.report_soak import soak_parts
from bench.report_suspended import suspended_parts

__all__ = ["figure_sections"]

_MB: Final = 1e6
_STATED_RATE: Final = 100.0  # raw events a second, for which the year is projected
_SHOWN_MONTHS: Final = (1, 6, 12)
_PLANS: Final = {
    "one": "one worker, a core for itself",
    "one-half": "one worker, half of a core",
    "two-halves": "two workers, half of a core each",
    "two": "two workers, a core each, the broker on both",
}
_ABOUT_LATENCY: Final = (
    "From the sending of the retweet that makes `new-account-burst` fire until a consumer of `alerts` has the alert. "
    "Each sample is a subject of its own, at a moment of chance; each had exactly one alert. The worker has default "
    "settings and one core; broker, traffic and onlooker share the other."
)
_ABOUT_SCALING: Final = (
    "They are in the log before a trial begins; shown are the trials of the middle speed. All workers are in the group "
    "and have their partitions before the roster is published, without which none begins. In the first three plans the "
    "broker has a core that no worker runs on; half of a core is what a ballast that never rests, or the other worker, "
    "leaves."
)
_ABOUT_RECOVERY: Final = (
    "`antiphon worker` with default settings, from the start of its process, on states spread over {} partitions of "
    "the changelog, each written once. A subject store opens when the first event of its partition comes: "
    "one waits in each. "
    "Ready is when every state is held and each of those events is in a dossier, on top of what was there before."
)
_ABOUT_HOT_SUBJECT: Final = (
    "One subject, amplified by {} officials in turns, a million times in a year; all rules of the bundle. Processor "
    "time of TRACK's own functions, from the bytes of a batch to the bytes of what it writes."
)
_ABOUT_SCREEN: Final = (
    "Processor time an event of {} distinct accounts whom neither the roster ({} officials) nor anybody else knows, "
    "through SCREEN's own function, by how many accounts it is told of besides. Beside it the bare look-up that there "
    "was with the roster alone: the same decoding, one dict by id, one by handle."
)
_ABOUT_COMPACTION: Final = (
    "The last column is the year's end at a hundred events a second. A topic that keeps the last record of each key "
    "holds between this, compacted to the last byte, and this with all that was written since the last compaction."
)


def figure_sections(figures: Figures) -> list[str]:
    """The parts of all sections, to be joined by empty lines; nothing for what was not measured."""
    parts: list[str] = []
    if figures.latency is not None:
        parts += ["## Latency from produce to alert", _head(figures.latency), *_latency(figures.latency.figure)]
    if figures.scaling is not None:
        parts += ["## Two workers against one", _head(figures.scaling), *_scaling(figures.scaling.figure)]
    if figures.recovery is not None:
        parts += ["## Recovery of a worker", _head(figures.recovery), *_recovery(figures.recovery.figure)]
    if figures.hot_subject is not None:
        parts += ["## A hot subject", _head(figures.hot_subject), *_hot_subject(figures.hot_subject.figure)]
    if figures.growth is not None:
        parts += ["## Growth over a year", _head(figures.growth), *_growth(figures.growth.figure)]
    if figures.screen is not None:
        parts += ["## An event of nobody", _head(figures.screen), *_screen(figures.screen.figure)]
    if figures.evidence is not None:
        parts += ["## Evidence in SCREEN", _head(figures.evidence), *_evidence(figures.evidence.figure)]
    if figures.corrections is not None:
        parts += ["## A correction of the roster", _head(figures.corrections)]
        parts += [_corrections(figures.corrections.figure)]
    if figures.ledger is not None:
        parts += ["## WATCH's ledger", _head(figures.ledger), *_ledger(figures.ledger.figure)]
    if figures.suspended is not None:
        parts += ["## Everything else, with many suspended accounts", _head(figures.suspended)]
        parts += suspended_parts(figures.suspended.figure)
    if figures.soak is not None:
        parts += ["## A soak", _head(figures.soak), *soak_parts(figures.soak.figure)]
    if figures.live is not None:
        parts += ["## Jetstream, live", _head(figures.live), *live_parts(figures.live.figure)]
    if figures.console is not None:
        parts += ["## The console", _head(figures.console), *console_parts(figures.console.figure)]
    if figures.readers is not None:
        parts += ["## Readers of files", _head(figures.readers), *readers_parts(figures.readers.figure)]
    if figures.alarms is not None:
        parts += ["## False alarms", f"{figures.alarms.date}.", *alarms_parts(figures.alarms.figure)]
    return parts


def _ledger(figure: LedgerFigure) -> list[str]:
    verdict = "met" if figure.peak_bytes < MOST_LEDGER_BYTES else "**missed**"
    rows = [
        (asked.name, f"{asked.median_us:,.0f} µs", f"{asked.most_us / 1e3:,.1f} ms", f"{asked.answers:,.1f}")
        for asked in figure.questions
    ]
    size = (
        f"{figure.entries:,} entries of 90 days in the file of a partition, ten fingerprints and two references each: "
        f"{_mb(figure.disk_bytes)} on disk ({figure.disk_bytes / figure.entries:,.0f} bytes an entry); the process has "
        f"{_mb(figure.resident_bytes)} of memory, {_mb(figure.peak_bytes)} at most (target under "
        f"{_mb(MOST_LEDGER_BYTES)}: {verdict}). Into the full ledger go {figure.entries_per_second:,.0f} entries a "
        f"second, {figure.cpu_us:,.0f} µs of processor time each."
    )
    back = (
        f"A partition of {figure.recovered_entries:,} entries is open again in {figure.reopened_seconds:.1f} s with "
        f"its file, and in {figure.rebuilt_seconds:.1f} s without, from the changelog."
    )
    return [size, _table(("question", "median", "slowest", "answers"), rows), back]


def _screen(figure: ScreenFigure) -> list[str]:
    rows = [
        (
            f"{row.kind} by nobody",
            f"{row.tracked:,}",
            f"{row.cpu_ns:,.0f} ns",
            f"{row.peer_cpu_ns:,.0f} ns",
            f"{row.peer_cpu_ns / row.cpu_ns:.2f}",
        )
        for row in figure.rows
    ]
    about = _ABOUT_SCREEN.format(f"{figure.events:,}", f"{figure.officials:,}")
    return [about, _table(("event", "tracked accounts", "SCREEN", "the roster alone", "ratio"), rows)]


def _evidence(figure: EvidenceCost) -> list[str]:
    verdict = "met" if figure.ratio >= LEAST_KEPT_RATIO else "**missed**"
    text = (
        f"{figure.events:,} events of the race, of which {figure.passed:,} pass, through SCREEN's own function and "
        f"into record batches: {figure.cpu_ns:,.0f} ns of processor time an event, of which {figure.evidence_ns:,.0f} "
        f"keep what passes. Fetching is outside. SCREEN is {figure.ratio:.3f} times as fast as without evidence "
        f"(target at least {LEAST_KEPT_RATIO:g}: {verdict})."
    )
    return [text]


def _corrections(figure: Corrections) -> str:
    in_time = "met" if figure.seconds < MOST_CORRECTION_SECONDS else "**missed**"
    unhindered = "met" if figure.ratio >= LEAST_RATE else "**missed**"
    return (
        f"A worker holds {figure.subjects:,} subjects, whose {figure.evidence:,} amplifications are in `evidence`. "
        f"{figure.changed} officials leave the roster, who had touched {figure.touched:,} of them: all are recounted "
        f"in {figure.seconds:.0f} s (target {MOST_CORRECTION_SECONDS:.0f} s: {in_time}), from {figure.events:,} "
        f"events, in {_mb(figure.peak_bytes)} of memory. Meanwhile the worker takes {figure.rate:,.0f} raw events a "
        f"second, and {figure.quiet_rate:,.0f} before and after: {figure.ratio:.2f} times as many (target at least "
        f"{LEAST_RATE:g}: {unhindered}). Of processor time that is {figure.cpu_seconds:.1f} s of the command and "
        f"{figure.worker_cpu_seconds:.1f} s of the worker. The index of the evidence, "
        f"{_mb(figure.index_bytes)}, was made in {figure.index_seconds:.0f} s, once."
    )


def _head(run: FigureRun[Any]) -> str:
    words = f"{run.date}. {run.machine}"
    if run.load is not None and run.load > run.machine.cores / 2:
        words += (
            f" **Not quiet:** {run.load:.0f} other processes wanted a core before it began; clock times are too long."
        )
    return words


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|---" + "|---:" * (len(columns) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _latency(latency: Latency) -> list[str]:
    columns = ("traffic, events/s", "reached", "taken by the worker", "p50", "p90", "p99", "max", "samples")
    rows = [
        (
            f"{at.rate:,}",
            f"{at.reached_rate:,.0f}",
            f"{at.handled_rate:,.0f}",
            *(_ms(value) for value in (at.p50, at.p90, at.p99, at.most)),
            f"{at.samples}",
        )
        for at in latency.at
    ]
    stages = [
        (
            f"{at.rate:,}",
            *(_ms(value) for value in (at.until_screened, at.until_tracked, at.until_read)),
            *(f"{share:.0%}" for share in (at.worker_share, at.broker_share, at.background_share)),
        )
        for at in latency.at
    ]
    shares = ("worker", "broker", "traffic")
    return [
        _ABOUT_LATENCY,
        _table(columns, rows),
        "Where the time goes (medians), and how much of a core each process used:",
        _table(("traffic, events/s", "until SCREEN wrote", "until TRACK wrote", "until read", *shares), stages),
    ]


def _scaling(scaling: Scaling) -> list[str]:
    rows = []
    for plan, words in _PLANS.items():
        trial = median_trial(scaling.trials, plan)
        if trial is not None:
            shares = " + ".join(f"{seconds / trial.seconds:.0%}" for seconds in trial.worker_cpu_seconds)
            rows.append(
                (
                    words,
                    f"{trial.events_per_second:,.0f}",
                    shares,
                    f"{trial.broker_cpu_seconds / trial.seconds:.0%}",
                    f"{trial.worker_cpu_us:.2f} µs",
                    f"{trial.broker_cpu_us:.2f} µs",
                )
            )
    columns = ("plan", "events/s", "core used by workers", "by the broker", "workers, an event", "broker, an event")
    about = f"{scaling.events:,} events of the race on {scaling.partitions} raw partitions. {_ABOUT_SCALING}"
    return [about, _table(columns, rows), "\n".join(_scaling_findings(scaling))]


def _scaling_findings(scaling: Scaling) -> list[str]:
    lines = []
    apart = median_ratio(scaling.trials, "two-halves", "one-half")
    together = median_ratio(scaling.trials, "two", "one")
    one, two = median_trial(scaling.trials, "one"), median_trial(scaling.trials, "two")
    if apart is not None:
        verdict = "met" if apart >= LEAST_RATIO else "**missed**"
        lines.append(
            "- Measured, the broker apart, as much processor for each of two workers as for the one: "
            f"**{apart:.2f} ×** (median of the rounds; target {LEAST_RATIO:g} ×: {verdict})."
        )
    if one is not None and two is not None and together is not None:
        allowed = 2 * one.worker_cpu_us / (one.worker_cpu_us + one.broker_cpu_us)
        cost = two.worker_cpu_us / one.worker_cpu_us
        lines.append(
            f"- Measured, on all of this machine: {together:.2f} ×. Two cores allow {allowed:.2f} × what one "
            "worker does with a core of its own, since the broker must have its share of them."
        )
        lines.append(
            f"- Derived: an event costs two workers {cost:.2f} times the processor time that it costs one. With a core "
            f"for each and others for the broker, two would do {2 / cost:.2f} times as much."
        )
    return lines


def _recovery(recovery: Recovery) -> list[str]:
    columns = ("subjects", "changelog", "partitions assigned", "ready", "processor time", "memory", "peak")
    rows = [
        (
            f"{of.written.subjects:,}",
            _mb(of.written.value_bytes + of.written.key_bytes),
            f"{of.started_seconds:.1f} s",
            f"{of.ready_seconds:.1f} s",
            f"{of.cpu_seconds:.1f} s",
            _mb(of.resident_bytes),
            _mb(of.peak_bytes),
        )
        for of in recovery.of
    ]
    largest = max(recovery.of, key=lambda of: of.written.subjects)
    is_met = largest.ready_seconds < MOST_SECONDS and largest.peak_bytes < MOST_BYTES
    verdict = "met" if is_met else "**missed**"
    return [
        _ABOUT_RECOVERY.format(recovery.partitions),
        _table(columns, rows),
        f"Target with 1,000,000: under {MOST_SECONDS:.0f} s and under {MOST_BYTES / 1e9:g} GB: {verdict}.",
    ]


def _hot_subject(hot: HotSubject) -> list[str]:
    columns = ("amplifications", f"CPU, one of {hot.batch}", "CPU, one alone", "state", "dossier", "written for one")
    rows = [
        (
            f"{mark.amplifications:,}",
            f"{mark.cpu_us_in_batch:,.0f} µs",
            f"{mark.cpu_us_alone:,.0f} µs",
            _kb(mark.state_bytes),
            _kb(mark.dossier_bytes),
            _kb(mark.written_bytes_alone),
        )
        for mark in hot.marks
    ]
    worker = hot.worker
    through_worker = (
        f"Through `antiphon worker` with {worker.amplifications:,} of them waiting: "
        f"{worker.events / worker.seconds:,.0f} a second, {worker.cpu_seconds / worker.events * 1e6:,.0f} µs of "
        f"processor time for one with everything from fetch to transaction, peak memory {_mb(worker.peak_rss_bytes)}."
    )
    return [_ABOUT_HOT_SUBJECT.format(hot.officials), _table(columns, rows), through_worker]


def _growth(growth: Growth) -> list[str]:
    world = growth.assumptions
    factor = _STATED_RATE / world.raw_rate
    after_months = (f"kept after month {month}" for month in _SHOWN_MONTHS)
    columns = ("topic", "kept for", "written", *after_months, "records kept", f"at {_STATED_RATE:g} events/s")
    rows = [
        (
            topic.topic,
            f"{topic.retention_days} days" if topic.retention_days is not None else "ever, by key",
            _mb(sum(topic.written)),
            *(_mb(topic.kept[month - 1]) for month in _SHOWN_MONTHS),
            f"{topic.records[-1]:,}" if topic.retention_days is None else "",
            f"{topic.kept[-1] * factor / 1e9:,.1f} GB",
        )
        for topic in growth.topics
    ]
    states = [
        (
            f"{month}",
            f"{after.subjects:,}",
            _mb(after.bytes),
            f"{after.idle_subjects:,}",
            _mb(after.idle_bytes),
            _kb(after.largest_bytes),
        )
        for month, after in enumerate(growth.states, 1)
        if month in _SHOWN_MONTHS
    ]
    last = growth.states[-1]
    about = (
        f"A year of {world.raw_rate:g} raw events a second through TRACK's own functions, one event a transaction; "
        f"sizes as in Kafka's log, with batch headers and commit markers. {world.official_share:.2%} of the events are "
        f"by officials (of these {world.new_subject_share:.0%} towards an account they never engaged with before), "
        f"{world.profile_share:.2%} are profiles and {world.suspension_share:.2%} suspensions "
        f"({world.tracked_share:.0%} of both concern accounts that officials engaged with). "
        f"{growth.subject_events:,} subject events took {growth.cpu_seconds:,.0f} s of processor time."
    )
    idle = (
        "Idle: no official ever engaged with it; a profile or a suspension alone made the state. They are "
        f"{last.idle_subjects / last.subjects:.0%} of all after a year, with {last.idle_bytes / last.bytes:.0%} of the "
        f"bytes. At {_STATED_RATE:g} events a second a year makes {last.subjects * factor:,.0f} subjects, "
        f"{last.idle_subjects * factor:,.0f} of them idle."
    )
    return [
        about,
        _table(columns, rows),
        _ABOUT_COMPACTION,
        _table(("month", "subjects", "states", "of these idle", "states of idle ones", "largest state"), states),
        idle,
        "\n".join(_growth_findings(growth.topics)),
    ]


def _growth_findings(topics: Sequence[TopicGrowth]) -> list[str]:
    lines = []
    for topic in topics:
        if topic.retention_days is None:
            half_year = topic.kept[-1] / max(1, topic.kept[len(topic.kept) // 2 - 1])
            rewritten = sum(topic.written) / topic.kept[-1]
            lines.append(
                f"- `{topic.topic}` grows with its keys: {half_year:.2f} times as large after twelve months as after "
                f"six. {rewritten:.0f} times as much was written as is kept."
            )
    bounded = ", ".join(f"`{topic.topic}`" for topic in topics if topic.retention_days is not None)
    return [*lines, f"- Bounded by retention: {bounded}."]


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.0f} ms"


def _mb(count: float) -> str:
    return f"{count / _MB:,.0f} MB"


def _kb(count: float) -> str:
    return f"{count / 1e3:,.1f} kB"
