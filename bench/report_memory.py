"""What a tracked subject costs, in words and tables: its section of RESULTS.md, and lines for the terminal."""

from typing import Final

from rich.console import Console

from bench.results import MemoryRun

__all__ = ["memory_section", "print_memory"]

_MB: Final = 1_000_000
_ABOUT_MEMORY: Final = (
    "The states were made by the real core, of one to three amplifications each, and written to one partition of the "
    "changelog; a fresh process then opened that subject store as a worker does."
)


def print_memory(console: Console, run: MemoryRun) -> None:
    """What a subject costs."""
    for name, value in _rows(run):
        console.print(f"{name}: {value}")


def memory_section(run: MemoryRun) -> list[str]:
    """The parts of the section, to be joined by empty lines."""
    rows = ["| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in _rows(run))]
    return [
        "## Memory per tracked subject",
        f"{run.date}. {run.machine}",
        "\n".join(rows),
        _ABOUT_MEMORY,
    ]


def _rows(run: MemoryRun) -> list[tuple[str, str]]:
    written, recovered = run.memory.written, run.memory.recovered
    return [
        ("subjects in one subject store", f"{recovered.subjects:,}"),
        ("amplifications behind them", f"{written.amplifications:,}"),
        ("resident memory per subject", f"{run.memory.rss_bytes_per_subject:,.0f} bytes"),
        ("changelog per subject (key and value)", f"{run.memory.changelog_bytes_per_subject:,.0f} bytes"),
        ("resident memory before", f"{recovered.before_bytes / _MB:,.0f} MB"),
        ("resident memory after", f"{recovered.after_bytes / _MB:,.0f} MB"),
        ("peak while recovering", f"{recovered.peak_bytes / _MB:,.0f} MB"),
        ("recovery", f"{recovered.seconds:.1f} s, {recovered.subjects / recovered.seconds:,.0f} subjects/s"),
    ]
