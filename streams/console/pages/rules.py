"""Rules: every file of them that is kept, and one file with each rule in words, how often it held, and its lead."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from statistics import median
from typing import Final

from msgspec import Struct

from streams.console.pages.chance import CHANCE, Chance
from streams.console.pages.kept_rules import parsed_rules
from streams.console.pages.page import NotFound, PageAnswer, PageRequest, Rows
from streams.console.store.filters import AlertFilter, PageOf
from streams.console.store.reading import Store
from streams.console.store.results import RuleFile
from streams.core.lead_time import lead_time
from streams.core.rule_files.rule_words import condition_words, duration_words
from streams.core.rulebook.rules import Condition, Rule, RuleSet
from streams.core.subject_event import subject_key
from streams.printable import quoted

__all__ = ["HeldRule", "RuleFileLine", "RuleFilePage", "RulesPage", "rule_file_page", "rules_page"]

_SHOWN: Final = 80
_MOST_LEADS: Final = 200
"""Alerts of a rule whose lead is looked for: the newest."""


class ConditionWords(Struct, frozen=True, kw_only=True):
    """A condition of a rule, in words and as the file has it."""

    words: str
    """Such as `age of the account: at most 90 days`."""
    figure: str
    """The name of the figure."""
    at_least: float | None
    """The least value that meets it."""
    at_most: float | None
    """The greatest value that meets it."""
    equals: bool | None
    """The truth value that meets it."""


class OtherConditions(Struct, frozen=True, kw_only=True):
    """Conditions of a State, in place of the rule's own; or of a higher severity, besides them."""

    name: str
    """The State's code, or the severity."""
    conditions: tuple[ConditionWords, ...]
    """All of them."""


class HeldRule(Struct, frozen=True, kw_only=True):
    """A rule in words, and what the alerts in the store say of it."""

    name: str
    """Its name."""
    digest: str
    """Its digest: of everything that decides."""
    description: str
    """What the file says of it."""
    on: str
    """What it is judged on: a subject, or an aftermath."""
    severity: str
    """How urgent its alerts are."""
    mode: str
    """Live, or shadow: on trial, and sent to nobody."""
    quiet: str
    """How long without anything new until an alert of it expires."""
    conditions: tuple[ConditionWords, ...]
    """It holds while every one of them is met."""
    countries: tuple[OtherConditions, ...]
    """What is asked in place of them while a State leads."""
    escalations: tuple[OtherConditions, ...]
    """What is asked besides for a higher severity."""
    held: int
    """Alerts of this version of the rule that stand, in this store."""
    leads: int
    """Of how many of the alerts that were looked at it is known how long before a suspension they fired."""
    lead_days: float | None
    """The median of these leads, at least, in days; null where none is known."""
    lead_days_at_most: float | None
    """The same, at most."""
    looked_at: int
    """How many alerts of the rule, of whatever version, were looked at for the lead: the newest, at most 200."""
    chance: Chance | None
    """How often it held by chance, as measured; null where nobody measured it, or of another version of the rule."""


class RuleFileLine(Struct, frozen=True, kw_only=True):
    """A rule file that is kept."""

    digest: str
    """The digest of all its rules."""
    written_at: datetime | None
    """When a worker wrote it last; null where nobody knows."""
    rules: tuple[str, ...]
    """The names of its rules, as far as it can be read here."""
    alerts: int
    """Alerts by these versions of its rules that stand."""
    problem: str
    """Why its text cannot be read here; empty where it can."""


class RulesPage(Struct, frozen=True, kw_only=True):
    """Every rule file that is kept, the newest first, and the rules of alerts of which no file is kept."""

    rows: tuple[RuleFileLine, ...]
    """The files."""
    newest: tuple[HeldRule, ...]
    """The rules of the newest file."""
    without_file: dict[str, int]
    """Alerts of rules of which no file is kept, by the digest of the rule."""
    rules: dict[str, int]
    """Alerts that stand, by the name of the rule, whatever its version."""


class RuleFilePage(Struct, frozen=True, kw_only=True):
    """One rule file."""

    line: RuleFileLine
    """What is known of it."""
    rules: tuple[HeldRule, ...]
    """Its rules in words, in the order of the file."""
    asked: str | None
    """The name of the rule whose digest the address has; null where it has that of the file."""
    text: str | None
    """The file as it was read; null where it is withheld."""
    sha256: str
    """SHA-256 of the text, in hex."""


def rules_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/rules`."""
    request.only()
    files = store.rule_files()
    held = store.alerts_by_rule()
    kept = {digest for each in files for digest in each.rules}
    rows = tuple(_line(each, held) for each in files)
    parsed = _parsed(files[0]) if files else None
    model = RulesPage(
        rows=rows,
        newest=() if parsed is None else tuple(_held_rules(store, parsed, held)),
        without_file={digest: count for digest, count in sorted(held.items()) if digest not in kept},
        rules=store.facets(AlertFilter()).rules,
    )
    return PageAnswer(title="Rules", template="rules.html", model=model, rows=Rows(record=HeldRule, rows=model.newest))


def rule_file_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/rules/DIGEST`, of a file or of one rule."""
    request.only()
    digest = request.path["digest"]
    found = store.rule_file(digest) or store.rule_file_of(digest)
    if found is None:
        raise NotFound(
            f"No rule file {quoted(digest, _SHOWN)} is kept.",
            remedy=(
                "A digest has 64 hex digits. Each worker writes its rules to the evidence when it starts; a folder of "
                "a backtest has none."
            ),
        )
    held = store.alerts_by_rule()
    parsed = _parsed(found)
    rules = () if parsed is None else tuple(_held_rules(store, parsed, held))
    asked = next((rule.name for rule in rules if rule.digest == digest), None)
    model = RuleFilePage(line=_line(found, held), rules=rules, asked=asked, text=found.text, sha256=found.sha256)
    title = f"{asked} · rule" if asked else f"Rules {found.digest[:12]}"
    return PageAnswer(title=title, template="rule_file.html", model=model, rows=Rows(record=HeldRule, rows=rules))


def _parsed(found: RuleFile) -> RuleSet | None:
    return None if found.text is None else parsed_rules(found.text)


def _line(found: RuleFile, held: dict[str, int]) -> RuleFileLine:
    parsed = _parsed(found)
    problem = ""
    if found.text is None:
        problem = f"it is withheld: {found.withheld}" if found.withheld else "it is no longer kept"
    elif parsed is None:
        problem = "this version of Antiphon does not read it"
    return RuleFileLine(
        digest=found.digest,
        written_at=found.written_at,
        rules=() if parsed is None else tuple(rule.name for rule in parsed.rules),
        alerts=sum(held.get(digest, 0) for digest in found.rules),
        problem=problem,
    )


def _held_rules(store: Store, rules: RuleSet, held: dict[str, int]) -> Iterator[HeldRule]:
    for rule in rules.rules:
        looked_at, leads = _leads(store, rule) if held.get(rule.digest) else (0, ())
        yield HeldRule(
            name=rule.name,
            digest=rule.digest,
            description=rule.description,
            on=rule.on,
            severity=rule.severity,
            mode=rule.mode,
            quiet=duration_words(rule.quiet_us),
            conditions=_conditions(rule.when),
            countries=tuple(
                OtherConditions(name=country, conditions=_conditions(conditions))
                for country, conditions in sorted(rule.countries.items())
            ),
            escalations=tuple(
                OtherConditions(name=each.severity, conditions=_conditions(each.when)) for each in rule.escalations
            ),
            held=held.get(rule.digest, 0),
            leads=len(leads),
            lead_days=round(median(least for least, _ in leads), 2) if leads else None,
            lead_days_at_most=round(median(most for _, most in leads), 2) if leads else None,
            looked_at=looked_at,
            chance=CHANCE.get(rule.name),
        )


def _leads(store: Store, rule: Rule) -> tuple[int, Sequence[tuple[float, float]]]:
    """How many of the newest alerts of a rule were looked at, and the leads that are known."""
    found = store.alerts(AlertFilter(rules=(rule.name,)), PageOf(size=_MOST_LEADS)).rows
    leads: list[tuple[float, float]] = []
    for row in found:
        dossier = store.dossier(subject_key(row.platform, row.subject.id))
        lead = None if dossier is None else lead_time(row.fired_at, dossier.suspensions)
        if lead is not None:
            leads.append(lead)
    return len(found), leads


def _conditions(conditions: Iterable[Condition]) -> tuple[ConditionWords, ...]:
    return tuple(
        ConditionWords(
            words=condition_words(each), figure=each.figure, at_least=each.at_least, at_most=each.at_most,
            equals=each.equals,
        )
        for each in conditions
    )  # fmt: skip
