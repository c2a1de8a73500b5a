"""The score is the sum of what it shows, and docs/score.md says what it is made of."""

import re
from pathlib import Path
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from streams.core.tracking.score import TERMS, Engagement, score_of

_PAGE: Final = Path(__file__).parents[3] / "docs" / "score.md"
_counts: Final = st.integers(0, 10**6)


@st.composite
def _engagements(draw: st.DrawFn) -> Engagement:
    amplifications = draw(st.integers(0, 5_000))
    return Engagement(
        amplifications=amplifications,
        distinct_officials=draw(_counts),
        distinct_countries=draw(_counts),
        by_leaders=draw(st.integers(0, amplifications)),
        by_top_official=draw(st.integers(0, amplifications)),
        age_at_first_amplification_days=draw(st.none() | st.floats(0, 20_000)),
        weeks=draw(_counts),
        follows=draw(_counts),
        linking_posts=draw(st.none() | _counts),
        matching_posts=draw(st.none() | _counts),
    )


@given(_engagements())
def test_a_score_is_the_sum_of_its_contributions_none_above_its_weight(engagement: Engagement) -> None:
    score = score_of(engagement)
    assert [each.name for each in score.contributions] == [term.name for term in TERMS]
    assert score.total == round(sum(each.points for each in score.contributions), 2) <= 100
    for each in score.contributions:
        assert 0 <= each.points <= each.weight
        assert each.value is not None or each.points == 0
    known = {each.name: each.value is not None for each in score.contributions}
    assert known["leader_share"] is known["top_official_share"] is (engagement.amplifications >= 10)
    assert known["linking_posts"] is (engagement.linking_posts is not None)
    assert known["age_at_first_amplification_days"] is (engagement.age_at_first_amplification_days is not None)


@given(_engagements(), st.sampled_from(("distinct_officials", "weeks", "follows", "distinct_countries")))
def test_more_engagement_never_lowers_a_score_and_an_older_account_never_raises_it(
    engagement: Engagement, figure: str
) -> None:
    fields = {name: getattr(engagement, name) for name in engagement.__struct_fields__}
    assert score_of(Engagement(**fields | {figure: fields[figure] + 1})).total >= score_of(engagement).total
    if engagement.age_at_first_amplification_days is not None:
        older = fields | {"age_at_first_amplification_days": engagement.age_at_first_amplification_days + 30}
        assert score_of(Engagement(**older)).total <= score_of(engagement).total


def test_the_page_about_the_score_has_every_term_with_its_weight_and_its_full_value() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\d+) \| (?:none from )?(\d+) \|", _PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [(name, float(weight), float(full)) for name, weight, full in rows] == [
        (term.name, term.weight, term.full) for term in TERMS
    ]
    assert sum(term.weight for term in TERMS) == 100
