"""The figure of the console in words and a table."""

from typing import Final

from bench.figures.beside_console import LEAST_SPEED, BesideConsole, BesideTrial
from bench.figures.console import (
    MOST_BYTES,
    MOST_PAGE_MS,
    MOST_REBUILD_SECONDS,
    MOST_START_SECONDS,
    ConsoleFigure,
    PageTimes,
)

__all__ = ["beside_parts", "console_parts"]

_MB: Final = 1e6
_ABOUT: Final = (
    "`antiphon console` over a broker, from the start of the program, on the cores of the machine that the broker "
    "leaves. Pages are asked for by HTTP, 20 a second, one kind after the other, as HTML."
)


def console_parts(figure: ConsoleFigure) -> list[str]:
    """What was measured, against the targets."""
    head = "| page | answers | p50 | p95 | most |\n|---|---:|---:|---:|---:|"
    rows = [_row(page) for page in (figure.building, *figure.pages)]
    rate = figure.records / figure.rebuild_seconds
    built = (
        f"A store of {figure.subjects:,} subjects and {figure.alerts:,} alerts ({figure.store_bytes / _MB:,.0f} MB) "
        f"was built in {figure.rebuild_seconds:,.1f} s, {rate:,.0f} records a second and "
        f"{figure.feed_cpu_seconds:,.1f} s of processor time "
        f"(target under {MOST_REBUILD_SECONDS:.0f} s: {_verdict(figure.rebuild_seconds < MOST_REBUILD_SECONDS)}). "
        f"Started again, the program answered its first page after {figure.start_seconds:.2f} s (target under "
        f"{MOST_START_SECONDS:.0f} s: {_verdict(figure.start_seconds < MOST_START_SECONDS)})."
    )
    memory = max(figure.serving_peak_bytes, figure.feed_peak_bytes)
    memories = (
        f"The process that serves had {figure.serving_peak_bytes / _MB:,.0f} MB at most, the one that feeds "
        f"{figure.feed_peak_bytes / _MB:,.0f} MB (target under {MOST_BYTES / _MB:,.0f} MB each: "
        f"{_verdict(memory < MOST_BYTES)}). The slowest page has a p95 of {figure.all_pages:,.1f} ms (target under "
        f"{MOST_PAGE_MS:.0f} ms: {_verdict(figure.all_pages < MOST_PAGE_MS)})."
    )
    return [
        _ABOUT,
        built,
        "\n".join([head, *rows]),
        memories,
        *(beside_parts(figure.beside) if figure.beside is not None and figure.beside.can_compare else []),
    ]


def beside_parts(beside: BesideConsole) -> list[str]:
    """The pipeline with and without a console, against the target."""
    about = (
        f"The pipeline beside a console that builds its store of all this over and over, and without: one worker with "
        f"all agents on one core works off {beside.events:,} events, then another has {beside.rate:,} events/s and "
        f"alerts that are waited for. The process that feeds gives way to others (nice 10)."
    )
    head = "| round | console | events/s | events per processor second | alert p50 | alert p90 | share of a core |\n"
    head += "|---:|---|---:|---:|---:|---:|---:|"
    words = (
        f"With the console the pipeline does {_share(beside.ratio('events_per_second'))} of the events a second, "
        f"{_share(beside.ratio('events_per_cpu_second'))} of those a processor second, and its alerts take "
        f"{_share(beside.ratio('p50'))} of the time (middle of the rounds). Rounds without a console differ among "
        f"themselves by {_share(beside.noise('events_per_second'))} and {_share(beside.noise('p50'))}. Target: slower "
        f"by no more than that noise, or {1 - LEAST_SPEED:.0%}: {_verdict(beside.is_met)}."
    )
    return [about, "\n".join([head, *map(_trial, beside.trials)]), words]


def _trial(trial: BesideTrial) -> str:
    return (
        f"| {trial.number} | {'building' if trial.with_console else 'none'} | {trial.events_per_second:,.0f} | "
        f"{trial.events_per_cpu_second:,.0f} | {trial.p50 * 1_000:,.0f} ms | {trial.p90 * 1_000:,.0f} ms | "
        f"{f'{trial.console_share:.2f}' if trial.with_console else ''} |"
    )


def _share(value: float | None) -> str:
    return "an unknown share" if value is None else f"{value:.1%}"


def _verdict(met: bool | None) -> str:  # a word for it
    return "cannot be said" if met is None else "met" if met else "**missed**"


def _row(page: PageTimes) -> str:
    return f"| {page.name} | {page.answers:,} | {page.p50_ms:.1f} ms | {page.p95_ms:.1f} ms | {page.most_ms:.1f} ms |"
