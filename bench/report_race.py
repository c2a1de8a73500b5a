"""A race in words and tables: its section of RESULTS.md, a table for the terminal. Figures come from `standings`."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from bench.race import Race
from bench.real_world import RealWorld
from bench.results import RaceRun
from bench.standings import Ratio, Span, ratios, standings
from bench.world import PARTITIONS, World

__all__ = ["picture_of", "print_race", "race_section"]

_MB: Final = 1_000_000
_COLUMNS: Final = (
    "implementation",
    "events/s",
    "min … max",
    "events per CPU second",
    "CPU s per million",
    "core used",
    "peak RSS",
)
_ON_A_TERMINAL: Final = (0, 1, 4, 5, 6)  # as fits into 80 columns
_RATIO_COLUMNS: Final = ("Antiphon against", "which does", "ratio, wall clock", "ratio, CPU time", "target")
_HEADINGS: Final = {
    World.name: "The race: one job, one broker, one core each",
    RealWorld.name: "The same race over real events",
}
_CLOCKS: Final = {"wall": "wall clock", "cpu": "CPU time"}
_HOW_TO_READ: Final = (
    "A ratio is Antiphon's events per second by the other's, within a round; shown are the median of the rounds, the "
    "least and the most. Everybody has one core to itself, so the wall clock decides about a target, except where the "
    "target is “per core”: that is CPU time. “Core used” is the share of the time in which the process really ran. "
    "Where it is well below 100 %, the process waited, or other programs took its core; the ratio by CPU time is then "
    "the better one."
)


def print_race(console: Console, run: RaceRun) -> None:
    """The standings, the ratios, and whatever an implementation got wrong."""
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


def race_section(run: RaceRun) -> list[str]:
    """The parts of the section, to be joined by empty lines."""
    race = run.race
    complaints = _complaints(run)
    verdict = (
        "Every implementation did its job: what it wrote equals a plain count over the events."
        if not complaints
        else "**Wrong results:** " + "; ".join(complaints)
    )
    return [
        f"## {_HEADINGS[race.world]}",
        f"{run.date}. {run.machine}",
        _data_line(race),
        _table(_COLUMNS, _rows(run), "lrrrrrr"),
        f"![Events for each second of processor time, and peak memory, by implementation]({picture_of(race.world)})",
        "\n".join(f"- **{name}**: {description}" for name, description in race.descriptions.items()),
        _table(_RATIO_COLUMNS, [_ratio_row(run, ratio) for ratio in ratios(race)], "llrrl"),
        verdict,
        _HOW_TO_READ,
    ]


def picture_of(world: str) -> str:
    """The file name of a race's plot, which lies beside RESULTS.md."""
    return "race.svg" if world == World.name else f"race-{world}.svg"


def _data_line(race: Race) -> str:
    return (
        f"{race.events:,} {race.about}. They have {race.mean_event_bytes:.0f} bytes each on average (seed {race.seed}) "
        f"and stand on two topics of {PARTITIONS} partitions; {race.amplifications:,} of them amplify "
        f"{race.amplified_subjects:,} subjects. {race.rounds} rounds, implementations in turns."
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], alignment: str) -> str:
    """`alignment` has a letter for each column: l or r."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "|".join({"l": "---", "r": "---:"}[a] for a in alignment) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _ratio_row(run: RaceRun, ratio: Ratio) -> tuple[str, ...]:
    target = "none"
    if ratio.target is not None:
        met = "met" if ratio.is_met else "**missed**"
        target = f"≥ {ratio.target.times:g} × by {_CLOCKS[ratio.target.by]}: {met}"
    job = "the job" if run.race.jobs[ratio.against] else "decoding only"
    return (ratio.against, job, _times(ratio.wall), _times(ratio.cpu), target)


def _times(span: Span) -> str:
    return f"{span.median:.2f} × ({span.least:.2f} … {span.most:.2f})"


def _rows(run: RaceRun) -> list[tuple[str, ...]]:
    return [
        (
            standing.implementation,
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
    target = ""
    if ratio.target is not None:
        met = "met" if ratio.is_met else "missed"
        target = f", target {ratio.target.times:g} by {_CLOCKS[ratio.target.by]}: {met}"
    return f"antiphon / {ratio.against}: {_times(ratio.wall)}, by CPU time {_times(ratio.cpu)}{target}"


def _thousands(span: Span) -> str:
    return f"{span.least / 1_000:,.0f}k … {span.most / 1_000:,.0f}k"


def _complaints(run: RaceRun) -> list[str]:
    return [f"{s.implementation}, {complaint}" for s in standings(run.race) for complaint in s.complaints]
