"""Results in words and tables: RESULTS.md, and a table for the terminal. Figures come from `standings`."""

from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from bench.machine import Machine
from bench.race import Race
from bench.results import MemoryRun, RaceRun, Results
from bench.standings import Ratio, Span, limit_of, ratios, standings
from bench.world import OFFICIAL_SHARE, PARTITIONS, ROSTER_SIZE

__all__ = ["markdown", "print_memory", "print_race"]

_MB: Final = 1_000_000
_COLUMNS: Final = (
    "contestant",
    "events/s",
    "min … max",
    "events per CPU second",
    "CPU s per million",
    "core used",
    "peak RSS",
)
_ON_A_TERMINAL: Final = (0, 1, 4, 5, 6)  # as fits into 80 columns
_PREFACE: Final = (
    "Written by `make bench` and `python -m bench memory`; how they measure, and what did not help, is in "
    "[README](README.md). Figures are of one machine and one hour: the ratios are what holds elsewhere."
)
_DEFINITION_OF_USE: Final = (
    "- “core used” is the share of the time in which the process really ran. Where it is well below 100 %, the process "
    "waited, or other programs took its core; the ratio by CPU time is then the better one."
)
_ABOUT_MEMORY: Final = (
    "The states were made by the real core, of one to three amplifications each, and written to one partition of the "
    "changelog; a fresh process then opened that shard as a worker does."
)


def print_race(console: Console, run: RaceRun) -> None:
    """The standings, the ratios, and whatever a contestant got wrong."""
    table = Table(box=box.SIMPLE_HEAD, title=f"{run.race.events:,} events, {run.race.rounds} rounds, one core each")
    for number in _ON_A_TERMINAL:
        table.add_column(_COLUMNS[number], justify="left" if number == 0 else "right", no_wrap=number == 0)
    for row in _rows(run):
        table.add_row(*(row[number] for number in _ON_A_TERMINAL))
    console.print(table)
    for ratio in ratios(run.race):
        console.print(_ratio_line(ratio), style=None if ratio.is_met else "bold red")
    for complaint in _complaints(run):
        console.print(f"wrong: {complaint}", style="bold red")


def print_memory(console: Console, run: MemoryRun) -> None:
    """What a subject costs."""
    for name, value in _memory_rows(run):
        console.print(f"{name}: {value}")


def markdown(results: Results) -> str:
    """RESULTS.md."""
    parts = ["# Results", _PREFACE]
    if results.race is not None:
        parts += _race_parts(results.race)
    if results.memory is not None:
        parts += _memory_parts(results.memory)
    return "\n\n".join(parts) + "\n"


def _race_parts(run: RaceRun) -> list[str]:
    race = run.race
    met = [
        "| Antiphon against | ratio, wall clock | min … max | ratio, CPU time | target |",
        "|---|---:|---:|---:|---|",
    ]
    for ratio in ratios(race):
        target = "none" if ratio.target is None else f"≥ {ratio.target:g} × {'met' if ratio.is_met else '**missed**'}"
        met.append(
            f"| {ratio.against} | {ratio.wall.median:.2f} × | {ratio.wall.least:.2f} … {ratio.wall.most:.2f} "
            f"| {ratio.cpu.median:.2f} × | {target} |"
        )
    rows = ["| " + " | ".join(_COLUMNS) + " |", "|---" + "|---:" * (len(_COLUMNS) - 1) + "|"]
    rows += ["| " + " | ".join(row) + " |" for row in _rows(run)]
    complaints = _complaints(run)
    verdict = (
        "Every contestant did its job: what it wrote equals a plain count over the generated events."
        if not complaints
        else "**Wrong results:** " + "; ".join(complaints)
    )
    return [
        "## The race: one job, one broker, one core each",
        f"{run.date}. {_machine_line(run.machine)}",
        _data_line(race),
        "\n".join(rows),
        "\n".join(f"- **{name}**: {description}" for name, description in race.descriptions.items()),
        "\n".join(met),
        verdict,
        "### Reading",
        _reading(run),
    ]


def _data_line(race: Race) -> str:
    return (
        f"{race.events:,} canonical events ({race.mean_event_bytes:.0f} bytes each on average, seed {race.seed}), four "
        f"of five of them retweets, on two topics of {PARTITIONS} partitions; {OFFICIAL_SHARE:.1%} by one of "
        f"{ROSTER_SIZE:,} officials, which makes {race.amplifications:,} amplifications of {race.amplified_subjects:,} "
        f"subjects. {race.rounds} rounds, contestants in turns."
    )


def _reading(run: RaceRun) -> str:
    by_name = {standing.contestant: standing for standing in standings(run.race)}
    lines = []
    for ratio in ratios(run.race):
        ours, theirs = by_name["antiphon"], by_name[ratio.against]
        what = "the fastest that only reads and decodes" if ratio.against == limit_of(run.race) else "the same job"
        lines.append(
            f"- Against {ratio.against} ({what}): {ours.cpu_seconds_per_million:.1f} s of processor time for a million "
            f"events, where it takes {theirs.cpu_seconds_per_million:.1f} s."
        )
    return "\n".join([*lines, _DEFINITION_OF_USE])


def _memory_parts(run: MemoryRun) -> list[str]:
    rows = ["| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in _memory_rows(run))]
    return [
        "## Memory per tracked subject",
        f"{run.date}. {_machine_line(run.machine)}",
        "\n".join(rows),
        _ABOUT_MEMORY,
    ]


def _memory_rows(run: MemoryRun) -> list[tuple[str, str]]:
    written, recovered = run.memory.written, run.memory.recovered
    return [
        ("subjects in one shard", f"{recovered.subjects:,}"),
        ("amplifications behind them", f"{written.amplifications:,}"),
        ("resident memory per subject", f"{run.memory.rss_bytes_per_subject:,.0f} bytes"),
        ("changelog per subject (key and value)", f"{run.memory.changelog_bytes_per_subject:,.0f} bytes"),
        ("resident memory before", f"{recovered.before_bytes / _MB:,.0f} MB"),
        ("resident memory after", f"{recovered.after_bytes / _MB:,.0f} MB"),
        ("peak while recovering", f"{recovered.peak_bytes / _MB:,.0f} MB"),
        ("recovery", f"{recovered.seconds:.1f} s, {recovered.subjects / recovered.seconds:,.0f} subjects/s"),
    ]


def _rows(run: RaceRun) -> list[tuple[str, ...]]:
    return [
        (
            standing.contestant,
            f"{standing.events_per_second.median:,.0f}",
            _thousands(standing.events_per_second),
            f"{standing.events_per_cpu_second.median:,.0f}",
            f"{standing.cpu_seconds_per_million:.2f}",
            f"{standing.core_share:.0%}",
            f"{standing.peak_rss_bytes / _MB:,.0f} MB",
        )
        for standing in standings(run.race)
    ]


def _ratio_line(ratio: Ratio) -> str:
    target = "" if ratio.target is None else f", target {ratio.target:g}: {'met' if ratio.is_met else 'missed'}"
    return (
        f"antiphon / {ratio.against}: {ratio.wall.median:.2f} ({ratio.wall.least:.2f} … {ratio.wall.most:.2f}), "
        f"by CPU time {ratio.cpu.median:.2f}{target}"
    )


def _thousands(span: Span) -> str:
    return f"{span.least / 1_000:,.0f}k … {span.most / 1_000:,.0f}k"


def _complaints(run: RaceRun) -> list[str]:
    return [f"{s.contestant}, {complaint}" for s in standings(run.race) for complaint in s.complaints]


def _machine_line(machine: Machine) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return (
        f"{machine.processor}, {machine.cores} cores, {machine.memory_bytes / 1_000 / _MB:.0f} GB, "
        f"Linux {machine.kernel}; broker: {machine.broker}; {versions}."
    )
