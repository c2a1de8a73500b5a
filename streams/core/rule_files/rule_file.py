"""Reads a rule file: TOML text in, rules or a list of everything that is wrong with it out.

Owns the file's format (docs/concepts.md, "Writing a rule").
"""

import difflib
import hashlib
import re
from collections.abc import Mapping
from typing import Final, get_args

import msgspec

from streams.core.clock import parse_duration_us
from streams.core.countries import COUNTRIES
from streams.core.rule_files.figure_names import FIGURES, figure_named
from streams.core.rule_files.rule_problems import RuleProblem, RulesError, dotted, shown
from streams.core.rule_files.toml_document import Table, UnreadableTomlError, parse_toml
from streams.core.rule_files.toml_lines import KeyPath
from streams.core.rulebook.figures import Figure
from streams.core.rulebook.rules import (
    JUDGED_ON,
    SEVERITIES,
    Condition,
    Escalation,
    JudgedOn,
    Mode,
    Rule,
    RuleSet,
    Severity,
    set_digest,
)

__all__ = ["MAX_FILE_BYTES", "MAX_RULES", "RuleProblem", "RulesError", "parse_rules"]

MAX_FILE_BYTES: Final = 1_000_000
MAX_RULES: Final = 32  # two bits of each event's judgement a rule, in 64 bits: streams.core.tracking.judge
MAX_NAME: Final = 64  # characters: a rule's name is a metric label and part of a deduplication key
MAX_DESCRIPTION: Final = 500
MAX_BOUND: Final = 1e15  # below 2^53: every whole number up to here is exact in JSON

_MODES: Final[tuple[str, ...]] = get_args(Mode)
_RULE_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_RULE_KEYS: Final = ("description", "on", "severity", "mode", "quiet", "when", "escalate", "countries")
_BOUNDS: Final = ("at_least", "at_most")
_SHARE_UNIT: Final = "of 1"

_SUGGESTIONS_UP_TO: Final = 200  # problems: beyond, comparing names would take longer than the parse


def parse_rules(text: str, origin: str) -> RuleSet:
    """The rules of a TOML text, conditions cheapest first; `origin` is what people know the text by (a path).

    Raises `RulesError` with every problem of the text.
    """
    try:
        document, lines = parse_toml(text, max_bytes=MAX_FILE_BYTES, levels="rules need six levels at most")
    except UnreadableTomlError as error:
        raise RulesError(origin, [error.problem]) from None
    reading = _Reading(lines)
    rules = reading.rules(document)
    if reading.problems:
        raise RulesError(origin, reading.problems)
    return RuleSet(rules=rules, digest=set_digest(rules))


class _Reading:
    """One pass over a parsed file. A part with a problem is left out; the caller refuses the whole file then."""

    def __init__(self, lines: dict[KeyPath, int]) -> None:
        self.problems: list[RuleProblem] = []
        self._lines = lines
        self._on: JudgedOn = "subject"  # of the rule that is being read

    def rules(self, document: Table) -> tuple[Rule, ...]:
        self._refuse_unknown((), document, ("rules",))
        tables = self._table(("rules",), document.get("rules", {}))
        if not tables:
            if not self.problems:
                self._problem(("rules",), "there are no rules", "start one with [rules.NAME]")
            return ()
        if len(tables) > MAX_RULES:
            self._problem(("rules",), f"{len(tables):,} rules are too many", f"keep at most {MAX_RULES}")
            return ()
        found = (self._rule(("rules", name), name, value) for name, value in tables.items())
        return tuple(rule for rule in found if rule is not None)

    def _rule(self, path: KeyPath, name: str, value: object) -> Rule | None:
        before = len(self.problems)
        if len(name) > MAX_NAME or not _RULE_NAME.fullmatch(name):
            remedy = f"write small letters, digits and single hyphens, a letter first, at most {MAX_NAME} characters"
            self._problem(path, f"{shown(name)} is not a rule name", remedy)
        table = self._table(path, value)
        if table is None:
            return None
        self._refuse_unknown(path, table, _RULE_KEYS)
        self._on = self._judged_on((*path, "on"), table.get("on", "subject"))
        description = self._description(path, table)
        severity = self._severity((*path, "severity"), table.get("severity"))
        mode = self._mode((*path, "mode"), table.get("mode", "live"))
        quiet_us = self._quiet((*path, "quiet"), table.get("quiet"))
        when = self._when((*path, "when"), table.get("when"))
        countries = self._countries((*path, "countries"), table.get("countries", {}), when)
        escalations = self._escalations((*path, "escalate"), table.get("escalate", {}), severity)
        if len(self.problems) > before or severity is None:
            return None
        conditions = _cheap_first(when)
        return Rule(
            name=name,
            description=description,
            severity=severity,
            mode=mode,
            quiet_us=quiet_us,
            when=conditions,
            countries=countries,
            escalations=escalations,
            digest=_digest(self._on, name, severity, mode, quiet_us, conditions, countries, escalations),
            on=self._on,
        )

    def _judged_on(self, path: KeyPath, value: object) -> JudgedOn:
        if value == "aftermath":
            return "aftermath"
        if value != "subject":
            self._problem(path, self._wrong(value, "what a rule can be on"), self._one_of(value, JUDGED_ON))
        return "subject"

    def _description(self, path: KeyPath, table: Table) -> str:
        value = table.get("description")
        if isinstance(value, str) and value.strip() and len(value) <= MAX_DESCRIPTION and value.isprintable():
            return value.strip()
        remedy = f"write one sentence on one line, at most {MAX_DESCRIPTION} characters"
        self._problem((*path, "description"), self._wrong(value, "a sentence"), remedy)
        return ""

    def _severity(self, path: KeyPath, value: object) -> Severity | None:
        for severity in SEVERITIES:
            if value == severity:
                return severity
        self._problem(path, self._wrong(value, "a severity"), self._one_of(value, SEVERITIES))
        return None

    def _mode(self, path: KeyPath, value: object) -> Mode:
        if value == "live":
            return "live"
        if value != "shadow":
            self._problem(path, self._wrong(value, "a mode"), self._one_of(value, _MODES))
        return "shadow"

    def _quiet(self, path: KeyPath, value: object) -> int:
        try:
            return parse_duration_us(value if isinstance(value, str) else "")
        except ValueError:
            self._problem(path, self._wrong(value, "a duration"), 'write a duration such as "30m", "24h" or "7d"')
            return 0

    def _when(self, path: KeyPath, value: object) -> dict[str, tuple[Condition, ...]]:
        """The conditions of one table, by figure, in the order of the file."""
        table = {} if value is None else self._table(path, value)
        if table is None:
            return {}
        if not table:
            self._problem(path, "there are no conditions", "write at least one, e.g. age_days = { at_most = 90 }")
        return {name: self._conditions((*path, name), name, condition) for name, condition in table.items()}

    def _conditions(self, path: KeyPath, name: str, value: object) -> tuple[Condition, ...]:
        figures = FIGURES[self._on]
        figure = figures.get(name)
        if figure is None:
            self._problem_of_figure(path, name, figures)
            return ()
        if figure.type == "truth":
            if isinstance(value, bool):
                return (Condition(figure=name, equals=value),)
            self._problem(path, self._wrong(value, "a truth value"), f"write {name} = true or {name} = false")
            return ()
        if not isinstance(value, dict) or not value:
            remedy = f"write {name} = {{ at_least = … }}, {{ at_most = … }} or both"
            self._problem(path, self._wrong(value, "a bound on a number"), remedy)
            return ()
        self._refuse_unknown(path, value, _BOUNDS)
        highest = 1.0 if figure.unit == _SHARE_UNIT else MAX_BOUND
        at_least = self._bound((*path, "at_least"), value["at_least"], highest) if "at_least" in value else None
        at_most = self._bound((*path, "at_most"), value["at_most"], highest) if "at_most" in value else None
        conditions: list[Condition] = []
        if at_least is not None:
            conditions.append(Condition(figure=name, at_least=at_least))
        if at_most is not None:
            conditions.append(Condition(figure=name, at_most=at_most))
        if at_least is not None and at_most is not None and at_least > at_most:
            self._problem(path, "at_least is above at_most: no number meets both", "lower at_least or raise at_most")
        return tuple(conditions)

    def _problem_of_figure(self, path: KeyPath, name: str, figures: Mapping[str, Figure]) -> None:
        for on, others in FIGURES.items():
            if name in others:
                remedy = f'write on = "{on}" in the rule, or one of {", ".join(figures)}'
                self._problem(path, f"{name} is a figure of rules on {on}s, and this rule is on {self._on}s", remedy)
                return
        self._problem(path, f"{shown(name)} is not a figure", self._one_of(name, tuple(figures)))

    def _bound(self, path: KeyPath, value: object, highest: float) -> float | None:
        # A whole number of thousands of digits does not fit a float: it is compared before it is converted.
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= highest:
            return float(value) + 0.0  # -0.0 becomes 0.0: the two must have one digest
        wrong = isinstance(value, bool) or not isinstance(value, int | float)
        message = self._wrong(value, "a number") if wrong else f"{_number(value)} is out of range"
        self._problem(path, message, f"write a number from 0 to {highest:,.0f}")
        return None

    def _countries(
        self, path: KeyPath, value: object, when: dict[str, tuple[Condition, ...]]
    ) -> dict[str, tuple[Condition, ...]]:
        countries: dict[str, tuple[Condition, ...]] = {}
        for country, conditions in (self._table(path, value) or {}).items():
            if country not in COUNTRIES:
                remedy = "write an ISO 3166 code of two capital letters, such as CN or GB"
                self._problem((*path, country), f"{shown(country)} is not a State's code", remedy)
            countries[country] = _cheap_first(when | self._when((*path, country), conditions))
        return dict(sorted(countries.items()))

    def _escalations(self, path: KeyPath, value: object, base: Severity | None) -> tuple[Escalation, ...]:
        escalations: list[Escalation] = []
        for name, conditions in (self._table(path, value) or {}).items():
            here = (*path, name)
            severity = self._severity(here, name)
            if base and severity and SEVERITIES.index(severity) <= SEVERITIES.index(base):
                higher = SEVERITIES[SEVERITIES.index(base) + 1 :]
                remedy = f"escalate to {' or '.join(higher)}" if higher else "take it out: nothing is above critical"
                self._problem(here, f"{severity} is not above the rule's own severity, {base}", remedy)
            when = _cheap_first(self._when(here, conditions))
            if severity:
                escalations.append(Escalation(severity=severity, when=when))
        return tuple(sorted(escalations, key=lambda escalation: SEVERITIES.index(escalation.severity)))

    def _table(self, path: KeyPath, value: object) -> Table | None:
        if isinstance(value, dict):
            return value
        self._problem(path, self._wrong(value, "a table"), f"write it as [{dotted(path)}]")
        return None

    def _refuse_unknown(self, path: KeyPath, table: Table, known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                self._problem((*path, key), f"{shown(key)} is not a key here", self._one_of(key, known))

    def _problem(self, path: KeyPath, message: str, remedy: str) -> None:
        place = path
        while place and place not in self._lines:
            place = place[:-1]  # a key that is missing, or in a place the scan cannot see: its table's line
        line = self._lines.get(place)
        self.problems.append(RuleProblem(line=line, key=dotted(path), message=message, remedy=remedy))

    def _one_of(self, value: object, known: tuple[str, ...]) -> str:
        if isinstance(value, str) and len(self.problems) < _SUGGESTIONS_UP_TO:
            close = difflib.get_close_matches(value[:MAX_NAME], known, n=1, cutoff=0.5)
            if close:
                return f"did you mean {close[0]}?"
        return f"write one of {', '.join(known)}"

    def _wrong(self, value: object, wanted: str) -> str:
        match value:
            case None:
                return f"{wanted} is missing"
            case str():
                return f"{shown(value)} is not {wanted}"
            case bool():
                return f"{str(value).lower()} is not {wanted}"
            case int() | float():
                return f"{_number(value)} is not {wanted}"
            case dict():
                return f"a table is not {wanted}" if value else f"an empty table is not {wanted}"
            case list():
                return f"a list is not {wanted}"
            case _:
                return f"a date or time is not {wanted}"


def _cheap_first(when: dict[str, tuple[Condition, ...]]) -> tuple[Condition, ...]:
    conditions = (condition for conditions in when.values() for condition in conditions)
    return tuple(sorted(conditions, key=lambda condition: figure_named(condition.figure).cost))


def _digest(
    on: JudgedOn,
    name: str,
    severity: Severity,
    mode: Mode,
    quiet_us: int,
    when: tuple[Condition, ...],
    countries: dict[str, tuple[Condition, ...]],
    escalations: tuple[Escalation, ...],
) -> str:
    """A hash of everything that decides: the order of keys in the file and the description do not."""
    encoding: list[object] = [
        # A change of an encoding is a change of every digest: it gets a new number.
        "antiphon-rule-1" if on == "subject" else "antiphon-aftermath-rule-1",
        name,
        severity,
        mode,
        quiet_us,
        _canonical(when),
        [[country, _canonical(conditions)] for country, conditions in sorted(countries.items())],
        [[escalation.severity, _canonical(escalation.when)] for escalation in escalations],
    ]
    return _sha256(encoding)


def _canonical(conditions: tuple[Condition, ...]) -> list[list[object]]:
    # Bounds are floats and no figure has two of a kind, so the encoded rows order themselves.
    rows: list[list[object]] = [[c.figure, c.at_least, c.at_most, c.equals] for c in conditions]
    return sorted(rows, key=msgspec.json.encode)


def _sha256(encoding: list[object]) -> str:
    return hashlib.sha256(msgspec.json.encode(encoding)).hexdigest()


def _number(value: object) -> str:
    return "so large a number" if isinstance(value, int) and abs(value) > MAX_BOUND else str(value)
