"""The rules by which alerts fired, as far as their files are kept."""

from collections.abc import Iterable
from functools import lru_cache

from streams.console.store.reading import Store
from streams.core.rule_files.rule_file import parse_rules
from streams.core.rule_files.rule_problems import RulesError
from streams.core.rulebook.rules import RuleSet

__all__ = ["parsed_rules", "rule_meanings"]


@lru_cache(maxsize=64)
def parsed_rules(text: str) -> RuleSet | None:
    """The rules of a file; `None` where this version does not read it: alerts have their figures all the same."""
    try:
        return parse_rules(text, "the rules of the evidence")
    except RulesError:
        return None


def rule_meanings(store: Store, digests: Iterable[str]) -> dict[str, str]:
    """What each rule says that it looks for, by its digest; without those of which nothing is kept."""
    found: dict[str, str] = {}
    for digest in digests:
        file = None if digest in found else store.rule_file_of(digest)
        rules = None if file is None or file.text is None else parsed_rules(file.text)
        found |= {} if rules is None else {rule.digest: rule.description for rule in rules.rules}
    return found
