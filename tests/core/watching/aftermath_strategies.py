"""What the properties of WATCH draw of rules: rules on aftermaths that fire often."""

import msgspec
from hypothesis import strategies as st

from streams.core.clock import DAY_US
from streams.core.rulebook.rules import SEVERITIES, Condition, Escalation, Rule, RuleSet, set_digest
from streams.core.watching.aftermath_figures import AFTERMATH_FIGURES

__all__ = ["aftermath_rules"]


def _conditions() -> st.SearchStrategy[Condition]:
    """Bounds on figures of an aftermath, low enough to be met, or refuted, by a few events."""
    choices: list[Condition] = []
    for name, figure in AFTERMATH_FIGURES.items():
        if figure.type == "truth":
            choices += [Condition(figure=name, equals=truth) for truth in (True, False)]
        elif figure.unit == "of 1":
            choices += [Condition(figure=name, at_least=0.5), Condition(figure=name, at_most=0.5)]
        else:
            choices += [Condition(figure=name, at_least=bound) for bound in (1.0, 2.0)]
            choices.append(Condition(figure=name, at_most=1.0))
    return st.sampled_from(choices)


@st.composite
def aftermath_rules(draw: st.DrawFn) -> RuleSet:
    """Up to four rules on aftermaths that fire often, and perhaps one on subjects, which WATCH leaves alone."""
    rules = []
    for index in range(draw(st.integers(1, 4))):
        severity = draw(st.sampled_from(SEVERITIES[:2]))
        conditions = draw(st.lists(_conditions(), min_size=1, max_size=2))
        escalated = draw(st.booleans())
        higher = draw(_conditions() | st.sampled_from(conditions))  # half of them at once
        rules.append(
            Rule(
                name=f"rule-{index}",
                description="A rule.",
                severity=severity,
                mode="live",
                quiet_us=draw(st.sampled_from((DAY_US, 14 * DAY_US))),
                when=tuple(conditions),
                countries={"FR": (draw(_conditions()),)} if draw(st.integers(0, 3)) == 3 else {},
                escalations=(Escalation(severity="critical", when=(higher,)),) if escalated else (),
                digest=f"digest-{index}",
                on="aftermath",
            )
        )
    if draw(st.integers(0, 5)) == 5:
        when = (Condition(figure="amplifications", at_least=1.0),)
        rules.append(
            msgspec.structs.replace(rules[0], name="other", when=when, on="subject", countries={}, escalations=())
        )
    return RuleSet(rules=tuple(rules), digest=set_digest(rules))
