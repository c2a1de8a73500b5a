"""A rule on one figure, where a test needs no more."""

from streams.core.rulebook.rules import Condition, Escalation, Rule, RuleSet

__all__ = ["one_rule"]


def one_rule(
    name: str, figure: str, at_least: float, *, quiet_us: int, escalations: tuple[Escalation, ...] = ()
) -> RuleSet:
    """A live rule of severity warning that holds when a figure is at least so much."""
    rule = Rule(
        name=name,
        description=name,
        severity="warning",
        mode="live",
        quiet_us=quiet_us,
        when=(Condition(figure=figure, at_least=at_least),),
        countries={},
        escalations=escalations,
        digest=name,
    )
    return RuleSet(rules=(rule,), digest=name)
