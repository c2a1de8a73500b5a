"""The figures that rules may look at, by what a rule is judged on, and by name."""

from collections.abc import Mapping
from typing import Final

from streams.core.rulebook.figures import Figure
from streams.core.rulebook.rules import JudgedOn
from streams.core.tracking.subject_figures import SUBJECT_FIGURES
from streams.core.watching.aftermath_figures import AFTERMATH_FIGURES

__all__ = ["FIGURES", "figure_named"]

FIGURES: Final[Mapping[JudgedOn, Mapping[str, Figure]]] = {"subject": SUBJECT_FIGURES, "aftermath": AFTERMATH_FIGURES}


def figure_named(name: str) -> Figure:
    """The figure of that name, of a subject or of an aftermath. Raises `KeyError` where there is none."""
    return SUBJECT_FIGURES[name] if name in SUBJECT_FIGURES else AFTERMATH_FIGURES[name]
