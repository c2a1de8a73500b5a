"""How two rule files differ, rule by rule."""

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct
from msgspec.structs import replace

from streams.core.rulebook.rules import Rule, RuleSet

__all__ = ["RULE_CHANGE_KINDS", "RuleChange", "RuleChangeKind", "changed_rules", "rule_changes"]

RuleChangeKind: TypeAlias = Literal[
    "removed", "added", "on", "conditions", "countries", "escalations", "severity", "quiet", "mode", "description"
]
RULE_CHANGE_KINDS: Final[tuple[str, ...]] = get_args(RuleChangeKind)


class RuleChange(Struct, frozen=True, kw_only=True):
    """What differs of one rule; `None` where a file does not have it."""

    name: str
    kinds: tuple[RuleChangeKind, ...]
    before: Rule | None
    after: Rule | None

    @property
    def decides(self) -> bool:
        """Whether anything but the description differs."""
        return self.kinds != ("description",)


def rule_changes(old: RuleSet, new: RuleSet) -> tuple[RuleChange, ...]:
    """Every rule that differs: those that are gone first, then new ones, then the others, by name."""
    before, after = ({rule.name: rule for rule in rules.rules} for rules in (old, new))
    changes = [
        RuleChange(name=name, kinds=kinds, before=before.get(name), after=after.get(name))
        for name in before.keys() | after.keys()
        if (kinds := _kinds(before.get(name), after.get(name)))
    ]
    return tuple(sorted(changes, key=lambda each: (RULE_CHANGE_KINDS.index(each.kinds[0]), each.name)))


def changed_rules(rules: RuleSet, changes: Iterable[RuleChange]) -> RuleSet:
    """The rules of a file that differ from another's."""
    names = {change.name for change in changes if change.decides}
    return replace(rules, rules=tuple(rule for rule in rules.rules if rule.name in names))


def _kinds(old: Rule | None, new: Rule | None) -> tuple[RuleChangeKind, ...]:
    if old is None or new is None:
        return ("added",) if old is None else ("removed",)
    if old.digest == new.digest:  # the order in a file decides nothing
        return () if old.description == new.description else ("description",)
    differ: dict[RuleChangeKind, bool] = {
        "on": old.on != new.on,
        "conditions": old.when != new.when,
        "countries": old.countries != new.countries,
        "escalations": old.escalations != new.escalations,
        "severity": old.severity != new.severity,
        "quiet": old.quiet_us != new.quiet_us,
        "mode": old.mode != new.mode,
        "description": old.description != new.description,
    }
    return tuple(kind for kind, does in differ.items() if does)
