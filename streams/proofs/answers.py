"""The answers of `antiphon proof verify`, one for each question."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

__all__ = ["PLACES", "Answer", "Check", "Verdict", "failed"]

PLACES: Final = 20
"""Of an answer, at most. Nobody reads more."""


class Answer(StrEnum):
    """`stated` and `none` are neither good nor bad: something that nothing here depends on, or that is not there."""

    OK = "ok"
    FAILED = "failed"
    PARTIAL = "partial"
    NOT_CHECKABLE = "not checkable"
    STATED = "as stated"
    NONE = "none"


# The worst first: what a whole proof comes to is the worst of its answers, and `ok` where none of these was given.
_WORST: Final = (Answer.FAILED, Answer.NOT_CHECKABLE, Answer.PARTIAL)


class Check(Struct, frozen=True, kw_only=True):
    """One question and its answer. `places` say where exactly something is not as it should be, at most `PLACES`."""

    question: str
    answer: Answer
    detail: str = ""
    places: tuple[str, ...] = ()


def failed(question: str, *wrong: str) -> Check:
    """An answer that is no. `wrong` is what all is, at least one, of which the first speaks for the others."""
    return Check(question=question, answer=Answer.FAILED, detail=wrong[0], places=wrong[:PLACES])


class Verdict(Struct, frozen=True, kw_only=True):
    """All answers about one proof, whose id is the SHA-256 of its manifest."""

    id: str
    about: str
    checks: tuple[Check, ...]

    @property
    def answer(self) -> Answer:
        """The worst answer."""
        given = {check.answer for check in self.checks}
        return next((worst for worst in _WORST if worst in given), Answer.OK)
