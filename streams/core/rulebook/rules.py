"""The model of a rule: named conditions on named figures. `streams.core.rule_files` reads them."""

import hashlib
from collections.abc import Iterable
from typing import Final, Literal, TypeAlias, get_args

import msgspec
from msgspec import Struct

__all__ = [
    "JUDGED_ON",
    "SEVERITIES",
    "Condition",
    "Escalation",
    "JudgedOn",
    "Mode",
    "Rule",
    "RuleSet",
    "Severity",
    "set_digest",
]

Severity: TypeAlias = Literal["info", "warning", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)  # in rising order
Mode: TypeAlias = Literal["live", "shadow"]
JudgedOn: TypeAlias = Literal["subject", "aftermath"]
JUDGED_ON: Final[tuple[JudgedOn, ...]] = get_args(JudgedOn)


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

    `countries` holds, per State code, the whole list of conditions that replaces `when` while that State leads the
    amplifications. `digest` is a hash of everything that decides (not of the description). A rule on an `aftermath`
    looks at figures of a watch: `countries` go by the State of the watch, and `quiet_us` counts from the last moment of
    it at which the rule held.
    """

    name: str
    description: str
    severity: Severity
    mode: Mode
    quiet_us: int
    when: tuple[Condition, ...]
    countries: dict[str, tuple[Condition, ...]]
    escalations: tuple[Escalation, ...]
    digest: str
    on: JudgedOn = "subject"


class RuleSet(Struct, frozen=True, kw_only=True):
    """All rules of one file, in file order; `digest` changes when any rule's does."""

    rules: tuple[Rule, ...]
    digest: str

    def judged_on(self, on: JudgedOn) -> "RuleSet":
        """The rules on one thing alone; their digest does not change with the other rules of the file."""
        rules = tuple(rule for rule in self.rules if rule.on == on)
        return self if len(rules) == len(self.rules) else RuleSet(rules=rules, digest=set_digest(rules))


def set_digest(rules: Iterable[Rule]) -> str:
    """A hash of the rules' digests, whatever their order."""
    encoding = ["antiphon-rule-set-1", sorted(rule.digest for rule in rules)]
    return hashlib.sha256(msgspec.json.encode(encoding)).hexdigest()
