"""RESULTS.md: the sections of what was measured, in one order. Each has a file of its own, `report_*.py`."""

from typing import Final

from bench.report_figures import figure_sections
from bench.report_memory import memory_section
from bench.report_race import race_section
from bench.results import Results

__all__ = ["markdown"]

_PREFACE: Final = (
    "Written by `make bench`, `python -m bench memory` and `python -m bench figures`; how they measure, and what did "
    "not help, is in [README](README.md). Figures are of one machine and one hour: the ratios are what holds elsewhere."
)


def markdown(results: Results) -> str:
    """RESULTS.md; a section of its own for everything that was measured."""
    parts = ["# Results", _PREFACE]
    if results.race is not None:
        parts += race_section(results.race)
    if results.real_race is not None:
        parts += race_section(results.real_race)
    if results.memory is not None:
        parts += memory_section(results.memory)
    if results.figures is not None:
        parts += figure_sections(results.figures)
    return "\n\n".join(parts) + "\n"
