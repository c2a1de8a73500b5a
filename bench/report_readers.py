"""The figure of the readers in words and a table."""

from typing import Final

from bench.figures.readers import ReaderRow, ReadersFigure

__all__ = ["readers_parts"]

_ABOUT: Final = (
    "Lines of real files in memory, through the product's own loop, into canonical events: one process, its processor "
    "time, the best of several rounds. A page of X's API v2 is one line with many posts. Rows of the table (15 "
    "columns) are cut from its text as well."
)


def readers_parts(figure: ReadersFigure) -> list[str]:
    """What was measured, and a row for each file."""
    head = "| format | file | bytes a line | lines a second | events a second | target |\n|---|---|---:|---:|---:|---|"
    return [_ABOUT, "\n".join([head, *map(_row, figure.rows)])]


def _row(row: ReaderRow) -> str:
    figures = {"events": row.events_per_cpu_second, "lines": row.lines_per_cpu_second}
    target = "" if row.target is None else f"at least {row.target:,.0f} {row.counted}: "
    verdict = "" if row.target is None else "met" if figures[row.counted] >= row.target else "**missed**"
    cells = (row.format, row.file, f"{row.line_bytes:,.0f}", f"{figures['lines']:,.0f}", f"{figures['events']:,.0f}")
    return f"| {' | '.join(cells)} | {target}{verdict} |"
