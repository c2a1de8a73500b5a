"""The state-engagement score term by term: in words, and as a waterfall. docs/score.md explains each."""

from typing import Final

from msgspec import Struct

from streams.console.charts.waterfall import Step, waterfall
from streams.core.dossier_parts import Contribution, Score

__all__ = ["ScoreTerm", "score_figure", "score_terms"]

_TERMS: Final = {
    "distinct_officials": "officials that amplified it",
    "leader_share": "share of leaders' accounts",
    "top_official_share": "share of the top official",
    "age_at_first_amplification_days": "age at the first, in days",
    "weeks_amplified": "weeks with an amplification",
    "follows": "officials that follow it",
    "linking_posts": "own posts linking to officials",
    "matching_posts": "own posts sharing official text",
    "distinct_countries": "States of these officials",
}
_WHY_UNKNOWN: Final = {
    "leader_share": "a share says nothing below ten amplifications",
    "top_official_share": "a share says nothing below ten amplifications",
    "age_at_first_amplification_days": "nobody knows when the account was created",
    "linking_posts": "its own posts are read from the third amplification on",
    "matching_posts": "its own posts are read from the third amplification on",
}
_OF: Final = 100.0
_NOTES: Final = (
    "A sum to sort a list by, never a verdict: it says nothing of who runs an account. An unknown term gives nothing.",
)


class ScoreTerm(Struct, frozen=True, kw_only=True):
    """One term of the score."""

    name: str
    """Its name in the record."""
    words: str
    """What it looks at."""
    value: float | None
    """What that came to; null where it is unknown."""
    value_words: str
    """The same as people say it."""
    points: float | None
    """The points that it gives; null where the value is unknown."""
    weight: float
    """The most points that it can give."""


def score_terms(score: Score) -> tuple[ScoreTerm, ...]:
    """Every term, in the order of the record; unknown is unknown, and not zero."""
    return tuple(
        ScoreTerm(
            name=term.name,
            words=_TERMS.get(term.name, term.name.replace("_", " ")),
            value=term.value,
            value_words=_value_words(term),
            points=None if term.value is None else term.points,
            weight=term.weight,
        )
        for term in score.contributions
    )


def score_figure(score: Score, who: str, source: str) -> str:
    """The waterfall. `who` is the account as people know it, `source` what the picture says of where it is from."""
    steps = [
        Step(
            name=term.words,
            found=_short(term),
            points=term.points,
            most=term.weight,
        )
        for term in score_terms(score)
    ]
    return waterfall(
        "score", steps, total=score.total, of=_OF, title=f"State-engagement score of {who}, term by term",
        unit="points", notes=[*_NOTES, source],
    )  # fmt: skip


def _value_words(term: Contribution) -> str:
    if term.value is None:
        why = _WHY_UNKNOWN.get(term.name)
        return f"unknown: {why}" if why else "unknown"
    return f"{term.value:.1%}" if term.name.endswith("_share") else _number(term.value)


def _short(term: ScoreTerm) -> str:
    return f"{term.value:.0%}" if term.name.endswith("_share") and term.value is not None else _number(term.value)


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.10g}"
