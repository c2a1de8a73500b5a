"""The model of a rule: named conditions on named figures. How a rule file is read is `streams.core.rule_file`."""

from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

__all__ = ["SEVERITIES", "Condition", "Escalation", "Mode", "Rule", "RuleSet", "Severity"]

Severity: TypeAlias = Literal["info", "warning", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)  # in rising order
Mode: TypeAlias = Literal["live", "shadow"]


class Condition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One bound on one figure: `at_least` and `at_most` are inclusive, `equals` is for truth values.

    Exactly one of the three is set. On an unknown figure a condition is neither met nor refuted.
    """

    figure: str
    at_least: float | None = None
    at_most: float | None = None
    equals: bool | None = None


class Escalation(Struct, frozen=True, kw_only=True):
    """A higher severity, and what must hold (besides the rule itself) for it."""

    severity: Severity
    when: tuple[Condition, ...]


class Rule(Struct, frozen=True, kw_only=True):
    """Fires while every condition of `when` is met. `quiet_us` after the last amplification the alert expires.

    `states` holds, per State code, the whole list of conditions that replaces `when` while that State leads the
    amplifications. `digest` is a hash of everything that decides (not of the description).
    """

    name: str
    description: str
    severity: Severity
    mode: Mode
    quiet_us: int
    when: tuple[Condition, ...]
    states: dict[str, tuple[Condition, ...]]
    escalations: tuple[Escalation, ...]
    digest: str


class RuleSet(Struct, frozen=True, kw_only=True):
    """All rules of one file, in file order; `digest` changes when any rule's does."""

    rules: tuple[Rule, ...]
    digest: str
