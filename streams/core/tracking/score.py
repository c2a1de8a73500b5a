"""The state-engagement score: a sum of named, weighted, visible contributions. docs/score.md explains each.

Knows the figures it is given and nothing of how they were counted. Says how much States' officials engage with an
account, for sorting a list by; never what the account is.
"""

from typing import Final, Literal

from msgspec import Struct

from streams.core.dossier_parts import Contribution, Score

__all__ = ["TERMS", "Engagement", "WeightedTerm", "score_of"]

_LEAST_FOR_A_SHARE: Final = 10
"""Amplifications from which on a share says something: of one amplification, its official has all."""


class Engagement(Struct, frozen=True, kw_only=True):
    """What the score looks at; a figure is `None` where it is unknown. The shares are counts, of all `amplifications`.

    `linking_posts` and `matching_posts` are unknown for a subject whose own posts nobody asked for.
    """

    amplifications: int
    distinct_officials: int
    distinct_countries: int
    by_leaders: int
    by_top_official: int
    age_at_first_amplification_days: float | None
    weeks: int
    follows: int
    linking_posts: int | None
    matching_posts: int | None


class WeightedTerm(Struct, frozen=True):
    """One contribution: `weight` points once the value reaches `full`, and in proportion below it.

    With `falls`, `weight` points at 0, none from `full` on.
    """

    name: str
    weight: float
    full: float
    direction: Literal["rises", "falls"] = "rises"

    def contribution(self, value: float | None) -> Contribution:
        """The points that a value contributes, to the hundredth; an unknown one contributes none."""
        if value is None:
            return Contribution(name=self.name, value=None, weight=self.weight, points=0.0)
        part = min(1.0, value / self.full)
        points = self.weight * (part if self.direction == "rises" else 1.0 - part)
        return Contribution(name=self.name, value=value, weight=self.weight, points=round(points, 2))


# The weights add up to 100. Full marks are set by the published case (19 officials, 37 of 84 amplifications by one,
# within a month of creation, over 28 weeks), halved where half of it would be as telling; the weights are choices.
TERMS: Final = (
    WeightedTerm("distinct_officials", 25.0, 10.0),
    WeightedTerm("leader_share", 10.0, 1.0),
    WeightedTerm("top_official_share", 10.0, 1.0),
    WeightedTerm("age_at_first_amplification_days", 15.0, 365.0, "falls"),
    WeightedTerm("weeks_amplified", 15.0, 26.0),
    WeightedTerm("follows", 5.0, 3.0),
    WeightedTerm("linking_posts", 10.0, 10.0),
    WeightedTerm("matching_posts", 5.0, 3.0),
    WeightedTerm("distinct_countries", 5.0, 3.0),
)


def score_of(engagement: Engagement) -> Score:
    """The score and every contribution to it, in the order of `TERMS`."""
    total = engagement.amplifications
    shares_known = total >= _LEAST_FOR_A_SHARE
    age = engagement.age_at_first_amplification_days
    values: tuple[float | None, ...] = (
        float(engagement.distinct_officials),
        round(engagement.by_leaders / total, 4) if shares_known else None,
        round(engagement.by_top_official / total, 4) if shares_known else None,
        None if age is None else round(age, 2),
        float(engagement.weeks),
        float(engagement.follows),
        None if engagement.linking_posts is None else float(engagement.linking_posts),
        None if engagement.matching_posts is None else float(engagement.matching_posts),
        float(engagement.distinct_countries),
    )
    contributions = tuple(term.contribution(value) for term, value in zip(TERMS, values, strict=True))
    return Score(total=round(sum(each.points for each in contributions), 2), contributions=contributions)
