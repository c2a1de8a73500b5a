"""Corrections: what became of alerts and accounts when a roster was put right; the newest first."""

from typing import Final

from msgspec import Struct

from streams.console.pages.page import PageAnswer, PageRequest, Rows
from streams.console.store.filters import PageOf
from streams.console.store.paging import every_row
from streams.console.store.reading import Store
from streams.core.corrections.correction import Correction, FigureChange

__all__ = ["OUTCOME_WORDS", "CorrectionLine", "CorrectionsPage", "correction_line", "corrections_page"]

_ROWS: Final = 50

OUTCOME_WORDS: Final = {
    "begun": "begun",
    "finished": "finished",
    "recounted": "recounted",
    "taken_as_counted": "recounted, in part taken as it was counted",
    "cannot_be_known": "cannot be known",
    "given_up": "given up",
    "would_not_have_fired": "would not have fired",
    "would_have_fired_anew": "would have fired, and had not",
    "severity": "another severity",
    "another_state_leads": "another State leads",
    "fires_earlier": "fires earlier",
    "fires_later": "fires later",
    "figures_change": "figures change",
}
"""What each outcome says to people."""


class CorrectionLine(Struct, frozen=True, kw_only=True):
    """One record of a correction."""

    correction: Correction
    """As the topic has it."""
    words: str
    """The outcome in words."""
    key: str | None
    """The account, as `platform:id`; null where it is of the roster as a whole."""
    moved: tuple[FigureChange, ...]
    """The figures that differ."""


class CorrectionsPage(Struct, frozen=True, kw_only=True):
    """Corrections, the newest first."""

    rows: tuple[CorrectionLine, ...]
    """A page of them."""
    next: str | None
    """The cursor of the next page."""
    previous: str | None
    """The cursor of the page before."""


def corrections_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/corrections?after=&before=`."""
    request.only("after", "before")
    page = PageOf(size=_ROWS, after=request.text("after") or "", before=request.text("before") or "")
    found = store.corrections(page)
    model = CorrectionsPage(
        rows=tuple(correction_line(each) for each in found.rows), next=found.next, previous=found.previous
    )
    rows = Rows(record=Correction, rows=every_row(store.corrections))
    return PageAnswer(title="Corrections", template="corrections.html", model=model, rows=rows)


def correction_line(correction: Correction) -> CorrectionLine:
    """A record with its outcome in words, and what of the figures differs."""
    has_key = correction.platform is not None and correction.subject_id is not None
    return CorrectionLine(
        correction=correction,
        words=OUTCOME_WORDS[correction.outcome],
        key=f"{correction.platform}:{correction.subject_id}" if has_key else None,
        moved=tuple(each for each in correction.figures if each.before != each.after),
    )
