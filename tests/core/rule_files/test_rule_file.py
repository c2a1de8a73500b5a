"""The rule file: what is read is what was written, and every mistake is named with its line and its remedy."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from streams.core.clock import parse_duration_us
from streams.core.countries import COUNTRIES
from streams.core.rule_files.figure_names import figure_named
from streams.core.rule_files.rule_file import MAX_FILE_BYTES, MAX_RULES, RulesError, parse_rules
from streams.core.rulebook.figures import Figure
from streams.core.rulebook.rules import JUDGED_ON, SEVERITIES, Condition, Rule, RuleSet
from streams.core.tracking.judge import Rulebook
from streams.core.tracking.subject_figures import SUBJECT_FIGURES
from streams.core.watching.aftermath_figures import AFTERMATH_FIGURES
from streams.rules_loading import bundled_rules

Table = dict[str, Any]

_FIGURES_OF: dict[str, Mapping[str, Figure]] = {"subject": SUBJECT_FIGURES, "aftermath": AFTERMATH_FIGURES}

_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4}){0,3}", fullmatch=True)
_COUNTRIES = st.sampled_from(sorted(COUNTRIES))
_DURATIONS = st.builds(lambda n, unit: f"{n}{unit}", st.integers(1, 999_999), st.sampled_from("smhd"))


@st.composite
def _bounds(draw: st.DrawFn, figure: str) -> bool | Table:
    if figure_named(figure).type == "truth":
        return draw(st.booleans())
    highest = 1 if figure_named(figure).unit == "of 1" else 10**15
    number = st.integers(0, highest) | st.floats(0, highest)
    low, high = sorted([draw(number), draw(number)])
    return draw(st.sampled_from([{"at_least": low}, {"at_most": high}, {"at_least": low, "at_most": high}]))


@st.composite
def _conditions(draw: st.DrawFn, on: str = "subject") -> Table:
    figures = draw(st.lists(st.sampled_from(sorted(_FIGURES_OF[on])), min_size=1, max_size=4, unique=True))
    return {figure: draw(_bounds(figure)) for figure in figures}


@st.composite
def _rule_tables(draw: st.DrawFn) -> Table:
    """A valid rule as nested tables."""
    on = draw(st.sampled_from(JUDGED_ON))
    severity = draw(st.sampled_from(SEVERITIES))
    table: Table = {
        "description": draw(st.text("abc é'\"\\#=[", min_size=1, max_size=20).filter(str.strip)),
        "severity": severity,
        "quiet": draw(_DURATIONS),
        "when": draw(_conditions(on)),
    }
    if on != "subject" or draw(st.booleans()):
        table["on"] = on
    if draw(st.booleans()):
        table["mode"] = draw(st.sampled_from(["live", "shadow"]))
    higher = SEVERITIES[SEVERITIES.index(severity) + 1 :]
    if draw(st.booleans()) and higher:
        chosen = draw(st.lists(st.sampled_from(higher), min_size=1, unique=True))
        table["escalate"] = {name: draw(_conditions(on)) for name in chosen}
    if draw(st.booleans()):
        table["countries"] = draw(st.dictionaries(_COUNTRIES, _conditions(on), max_size=2))
    return table


_FILES = st.dictionaries(_NAMES, _rule_tables(), min_size=1, max_size=3)


def _toml(rules: Table, *, inline: bool = False) -> str:
    """The rules as TOML, one key a line; `inline` puts each group of conditions on the line of its key."""
    lines: list[str] = []

    def value(item: object) -> str:
        if isinstance(item, dict):
            return "{ " + ", ".join(f"{key} = {value(child)}" for key, child in item.items()) + " }"
        return json.dumps(item, ensure_ascii=False)

    for name, rule in rules.items():
        lines.append(f"[rules.{name}]")
        groups = {key: child for key, child in rule.items() if isinstance(child, dict) and not inline}
        lines += [f"{key} = {value(child)}" for key, child in rule.items() if key not in groups]
        for key, child in groups.items():
            tables = (
                {key: child} if key == "when" else {f"{key}.{inner}": conditions for inner, conditions in child.items()}
            )
            for header, conditions in tables.items():
                lines.append(f"[rules.{name}.{header}]")
                lines += [f"{figure} = {value(bound)}" for figure, bound in conditions.items()]
    return "\n".join(lines) + "\n"


def _shuffled(table: Table, draw: st.DrawFn) -> Table:
    keys = draw(st.permutations(list(table)))
    return {key: _shuffled(table[key], draw) if isinstance(table[key], dict) else table[key] for key in keys}


def _facts(conditions: tuple[Condition, ...]) -> set[tuple[str, str, float | bool]]:
    """What conditions say, from the model."""
    return {
        (condition.figure, kind, bound)
        for condition in conditions
        for kind in ("at_least", "at_most", "equals")
        if (bound := getattr(condition, kind)) is not None
    }


def _written(conditions: Table) -> set[tuple[str, str, float | bool]]:
    """What conditions say, from the file."""
    facts: set[tuple[str, str, float | bool]] = set()
    for figure, bounds in conditions.items():
        facts |= (
            {(figure, kind, bound) for kind, bound in bounds.items()}
            if isinstance(bounds, dict)
            else {(figure, "equals", bounds)}
        )
    return facts


@given(_FILES, st.booleans())
def test_every_rule_says_what_its_file_says(rules: Table, inline: bool) -> None:
    """Names in file order, conditions of all three places, cheapest figures first."""
    read = parse_rules(_toml(rules, inline=inline), "rules.toml").rules
    assert [rule.name for rule in read] == list(rules)
    for rule, table in zip(read, rules.values(), strict=True):
        assert rule.description == table["description"].strip()
        assert rule.on == table.get("on", "subject")
        assert (rule.severity, rule.mode) == (table["severity"], table.get("mode", "live"))
        assert rule.quiet_us == parse_duration_us(table["quiet"])
        assert _facts(rule.when) == _written(table["when"])
        overrides = table.get("countries", {})
        assert {country: _facts(conditions) for country, conditions in rule.countries.items()} == {
            country: _written(table["when"] | conditions) for country, conditions in overrides.items()
        }
        assert {escalation.severity: _facts(escalation.when) for escalation in rule.escalations} == {
            severity: _written(conditions) for severity, conditions in table.get("escalate", {}).items()
        }
        ranks = [SEVERITIES.index(escalation.severity) for escalation in rule.escalations]
        assert ranks == sorted(ranks)
        for conditions in (rule.when, *rule.countries.values(), *(escalation.when for escalation in rule.escalations)):
            costs = [figure_named(condition.figure).cost for condition in conditions]
            assert costs == sorted(costs)
            assert all(
                sum(bound is not None for bound in (c.at_least, c.at_most, c.equals)) == 1 for c in conditions
            ), "one bound a condition"


@pytest.mark.slow
@given(_FILES)
def test_conditions_of_equal_cost_stay_in_the_order_of_the_file(rules: Table) -> None:
    for rule, table in zip(parse_rules(_toml(rules), "rules.toml").rules, rules.values(), strict=True):
        figures = list(dict.fromkeys(condition.figure for condition in rule.when))
        assert figures == sorted(table["when"], key=lambda figure: figure_named(figure).cost)
        event(
            "several of one cost"
            if len({figure_named(f).cost for f in figures}) < len(figures)
            else "no two of one cost"
        )


@pytest.mark.slow
@given(st.data(), _FILES)
def test_digests_do_not_depend_on_the_order_of_keys_or_on_descriptions(data: st.DataObject, rules: Table) -> None:
    draw: Any = data.draw
    other = _shuffled(rules, draw)
    for table in other.values():
        table["description"] = "Something else."
    first, second = parse_rules(_toml(rules), "a.toml"), parse_rules(_toml(other, inline=True), "b.toml")
    assert first.digest == second.digest
    assert {rule.name: rule.digest for rule in first.rules} == {rule.name: rule.digest for rule in second.rules}


@pytest.mark.slow
@settings(max_examples=200)
@given(_rule_tables(), _rule_tables())
def test_two_rules_have_one_digest_only_if_they_decide_alike(one: Table, other: Table) -> None:
    """Including rules that differ in nothing but one bound, mode, State or severity."""
    first, second = (parse_rules(_toml({"rule": table}), "rules.toml").rules[0] for table in (one, other))
    assert (first.digest == second.digest) == (_decides(first) == _decides(second))
    for changed in _one_change_each(one):
        third = parse_rules(_toml({"rule": changed}), "rules.toml")
        assert third.rules[0].digest != first.digest
        assert third.digest != parse_rules(_toml({"rule": one}), "rules.toml").digest


def _decides(rule: Rule) -> object:
    return (
        rule.on,
        rule.name,
        rule.severity,
        rule.mode,
        rule.quiet_us,
        _facts(rule.when),
        {country: _facts(conditions) for country, conditions in rule.countries.items()},
        {escalation.severity: _facts(escalation.when) for escalation in rule.escalations},
    )


def _one_change_each(table: Table) -> list[Table]:
    """The rule with one thing changed that decides, for each kind of thing."""
    used = set(table["when"])
    figures = _FIGURES_OF[table.get("on", "subject")]
    spare = next(figure for figure in figures if figure not in used and figures[figure].type == "number")
    country = next(code for code in ("CN", "IR", "RU") if code not in table.get("countries", {}))
    changes: list[Table] = [
        {"mode": "shadow" if table.get("mode", "live") == "live" else "live"},
        {"quiet": "1s" if table["quiet"] != "1s" else "2s"},
        {"when": table["when"] | {spare: {"at_least": 1}}},
        {"countries": table.get("countries", {}) | {country: {spare: {"at_least": 1}}}},
    ]
    if table["severity"] != "critical":
        extra = table.get("escalate", {}).get("critical", {}) | {spare: {"at_most": 0.123456}}
        changes.append({"escalate": table.get("escalate", {}) | {"critical": extra}})
    return [table | change for change in changes]


def test_a_rule_on_subjects_has_the_digest_it_had_before_there_were_others() -> None:
    """Alerts that were sent name it: of bundled rules, as they were released."""
    digests = {rule.name: rule.digest[:12] for rule in bundled_rules().rules if rule.on == "subject"}
    assert digests == {
        "new-account-burst": "e2c1209802ea",
        "new-account-sustained": "e7995a8005c7",
        "low-profile": "91d0a45ea2b6",
        "single-patron": "dc3755269404",
        "amplified-then-suspended": "a2567e4d6564",
    }


def test_rules_on_aftermaths_do_not_change_the_digest_of_those_on_subjects() -> None:
    """TRACK judges everything again when that changes."""
    plain = _plain_rule()
    other = plain | {"on": "aftermath", "when": {"deletions": {"at_least": 5}}}
    alone = parse_rules(_toml({"one": plain}), "a.toml")
    both = parse_rules(_toml({"one": plain, "two": other}), "b.toml")
    assert both.judged_on("subject") == alone
    assert [rule.name for rule in both.judged_on("aftermath").rules] == ["two"]
    assert both.digest != alone.digest
    assert Rulebook(both).digest == Rulebook(alone).digest
    assert Rulebook(both).names == {"one"}


@pytest.mark.parametrize(("on", "other"), [("subject", "aftermath"), ("aftermath", "subject")])
@pytest.mark.parametrize("place", ["when", "escalate.critical", "countries.CN"])
def test_a_figure_of_the_other_kind_is_an_error_with_its_line(on: str, other: str, place: str) -> None:
    right, wrong = (next(name for name, f in _FIGURES_OF[kind].items() if f.type == "number") for kind in (on, other))
    rule: Table = {"description": "d", "on": on, "severity": "info", "quiet": "1d", "when": {right: {"at_least": 1}}}
    inner = rule
    for part in place.split("."):
        inner = inner.setdefault(part, {})
    inner[wrong] = {"at_least": 1}
    text = _toml({"r": rule})
    with pytest.raises(RulesError) as caught:
        parse_rules(text, "rules.toml")
    [problem] = caught.value.problems
    assert problem.line == 1 + text.splitlines().index(f'{wrong} = {{ "at_least" = 1 }}'.replace('"', ""))
    assert problem.message == f"{wrong} is a figure of rules on {other}s, and this rule is on {on}s"
    assert problem.remedy.startswith(f'write on = "{other}"')


def test_a_rule_is_on_subjects_or_on_aftermaths() -> None:
    with pytest.raises(RulesError) as caught:
        parse_rules(_toml({"r": _plain_rule() | {"on": "aftermaths"}}), "rules.toml")
    [problem] = caught.value.problems
    assert problem.message == "'aftermaths' is not what a rule can be on"
    assert problem.remedy == "did you mean aftermath?"


def test_the_two_zeros_are_one_bound() -> None:
    """-0.0 equals 0.0 but is written differently: the digests must not differ."""
    zeros = [_plain_rule() | {"when": {"quotes": {"at_least": zero}}} for zero in (0, 0.0, -0.0)]
    assert len({parse_rules(_toml({"r": rule}), "rules.toml").digest for rule in zeros}) == 1


def test_a_state_replaces_what_the_rule_says_of_a_figure_and_keeps_the_rest() -> None:
    text = _toml(
        {
            "r": {
                "description": "x",
                "severity": "info",
                "quiet": "7d",
                "when": {"distinct_officials_7d": {"at_least": 3, "at_most": 9}, "age_days": {"at_most": 90}},
                "countries": {"CN": {"distinct_officials_7d": {"at_least": 5}, "followers": {"at_most": 100}}},
            }
        }
    )
    assert parse_rules(text, "rules.toml").rules[0].countries == {
        "CN": (
            Condition(figure="age_days", at_most=90.0),
            Condition(figure="followers", at_most=100.0),
            Condition(figure="distinct_officials_7d", at_least=5.0),
        )
    }


# Each mistake: what it does to a rule's tables, the key it is told under, and words the remedy must hold.
Mistake = tuple[Callable[[Table], object], str, str]
_MISTAKES: dict[str, Mistake] = {
    "unknown key": (lambda r: r.update(severty="info"), "severty", "did you mean severity?"),
    "unknown figure": (lambda r: r["when"].update(age_dayz={"at_most": 9}), "when.age_dayz", "did you mean age_days?"),
    "far-off figure": (lambda r: r["when"].update(xqx={"at_most": 9}), "when.xqx", "write one of suspended, age_days"),
    "unknown bound": (lambda r: r["when"].update(age_days={"at_mots": 9}), "when.age_days.at_mots", "at_most"),
    "empty bound": (lambda r: r["when"].update(age_days={}), "when.age_days", "at_least = …"),
    "bare number": (lambda r: r["when"].update(age_days=90), "when.age_days", "age_days = { at_least"),
    "text as a number": (
        lambda r: r["when"].update(age_days={"at_most": "9"}),
        "when.age_days.at_most",
        "a number from 0",
    ),
    "truth as a number": (
        lambda r: r["when"].update(age_days={"at_most": True}),
        "when.age_days.at_most",
        "a number from 0",
    ),
    "negative": (lambda r: r["when"].update(age_days={"at_most": -1}), "when.age_days.at_most", "a number from 0"),
    "not a number": (lambda r: r["when"].update(age_days={"at_most": float("nan")}), "when.age_days.at_most", "from 0"),
    "infinite": (lambda r: r["when"].update(age_days={"at_most": float("inf")}), "when.age_days.at_most", "from 0"),
    "enormous": (lambda r: r["when"].update(age_days={"at_most": 10**4000}), "when.age_days.at_most", "from 0"),
    "share above one": (
        lambda r: r["when"].update(top_official_share={"at_least": 1.1}),
        "when.top_official_share.at_least",
        "a number from 0 to 1",
    ),
    "crossed bounds": (
        lambda r: r["when"].update(age_days={"at_least": 9, "at_most": 8}),
        "when.age_days",
        "lower at_least",
    ),
    "number for a truth": (lambda r: r["when"].update(suspended=1), "when.suspended", "suspended = true"),
    "bound for a truth": (lambda r: r["when"].update(suspended={"at_least": 1}), "when.suspended", "suspended = true"),
    "no conditions": (lambda r: r.update(when={}), "when", "at least one"),
    "missing when": (lambda r: r.pop("when"), "when", "at least one"),
    "when is a list": (lambda r: r.update(when=[]), "when", "[rules.planted.when]"),
    "unknown severity": (lambda r: r.update(severity="warnin"), "severity", "did you mean warning?"),
    "missing severity": (lambda r: r.pop("severity"), "severity", "write one of info, warning, critical"),
    "unknown mode": (lambda r: r.update(mode="shadwo"), "mode", "did you mean shadow?"),
    "mode is a truth": (lambda r: r.update(mode=False), "mode", "write one of live, shadow"),
    "bad duration": (lambda r: r.update(quiet="7 days"), "quiet", '"7d"'),
    "duration without unit": (lambda r: r.update(quiet=7), "quiet", '"7d"'),
    "no duration": (lambda r: r.update(quiet="0d"), "quiet", '"7d"'),
    "missing quiet": (lambda r: r.pop("quiet"), "quiet", '"7d"'),
    "missing description": (lambda r: r.pop("description"), "description", "one sentence"),
    "blank description": (lambda r: r.update(description="  "), "description", "one sentence"),
    "terminal escape": (lambda r: r.update(description="a\x1b[2Jb"), "description", "one sentence"),
    "bad State": (lambda r: r.update(countries={"cn": {"age_days": {"at_most": 9}}}), "countries.cn", "such as CN"),
    "unassigned State": (lambda r: r.update(countries={"UK": {"age_days": {"at_most": 9}}}), "countries.UK", "or GB"),
    "three-letter State": (
        lambda r: r.update(countries={"CHN": {"age_days": {"at_most": 9}}}),
        "countries.CHN",
        "such as CN",
    ),
    "empty State": (lambda r: r.update(countries={"CN": {}}), "countries.CN", "at least one"),
    "State's figure": (
        lambda r: r.update(countries={"CN": {"age": {"at_most": 9}}}),
        "countries.CN.age",
        "did you mean age_days?",
    ),
    "escalation to its own": (
        lambda r: r.update(severity="warning", escalate={"warning": {"age_days": {"at_most": 9}}}),
        "escalate.warning",
        "escalate to critical",
    ),
    "escalation downwards": (
        lambda r: r.update(severity="critical", escalate={"info": {"age_days": {"at_most": 9}}}),
        "escalate.info",
        "nothing is above critical",
    ),
    "escalation to nowhere": (
        lambda r: r.update(severity="info", escalate={"urgent": {"age_days": {"at_most": 9}}}),
        "escalate.urgent",
        "write one of info, warning, critical",
    ),
    "empty escalation": (
        lambda r: r.update(severity="info", escalate={"critical": {}}),
        "escalate.critical",
        "at least one",
    ),
}


def _plain_rule() -> Table:
    return {"description": "x", "severity": "info", "quiet": "7d", "when": {"quotes": {"at_least": 3}}}


def _written_rule(rule: Table, name: str) -> str:
    return _toml({name: rule}).replace("NaN", "nan").replace("Infinity", "inf")


@pytest.mark.slow
@pytest.mark.parametrize("mistake", _MISTAKES)
@given(before=st.dictionaries(_NAMES.filter(lambda name: name != "planted"), _rule_tables(), max_size=2))
@settings(max_examples=10)
def test_a_mistake_is_the_only_problem_reported_on_its_line_with_its_remedy(mistake: str, before: Table) -> None:
    """Planted in an otherwise right file, behind other rules."""
    plant, key, remedy = _MISTAKES[mistake]
    rule = _plain_rule()
    plant(rule)
    ahead = _toml(before) if before else ""
    text = ahead + _written_rule(rule, "planted")
    with pytest.raises(RulesError) as caught:
        parse_rules(text, "rules.toml")
    [problem] = caught.value.problems
    assert problem.key == f"rules.planted.{key}"
    assert remedy in problem.remedy
    lines = text.splitlines()
    assert problem.line is not None
    assert problem.line > ahead.count("\n")
    # The last part of the key that is in the file at all stands on the line named.
    present = [part for part in ("planted", *key.split(".")) if part in text.replace(ahead, "", 1)]
    assert present[-1] in lines[problem.line - 1]
    assert f"line {problem.line}: {problem.key}: " in caught.value.message
    assert caught.value.exit_code == 2


@given(st.lists(st.sampled_from(sorted(_MISTAKES)), min_size=2, max_size=8))
def test_all_mistakes_of_a_file_are_reported_at_once(mistakes: list[str]) -> None:
    text = ""
    for index, mistake in enumerate(mistakes):
        rule = _plain_rule()
        _MISTAKES[mistake][0](rule)
        text += _written_rule(rule, f"r{index}")
    with pytest.raises(RulesError) as caught:
        parse_rules(text, "rules.toml")
    keys = [problem.key.removeprefix("rules.") for problem in caught.value.problems]
    assert sorted(keys) == sorted(f"r{index}.{_MISTAKES[mistake][1]}" for index, mistake in enumerate(mistakes))
    assert [problem.line for problem in caught.value.problems] == sorted(p.line or 0 for p in caught.value.problems)


@pytest.mark.parametrize(
    "name", ["Burst", "new_account", "-a", "a-", "a--b", "1-a", "a b", '"ü"', "a" * 65, '""', r'"\u001b[2J"']
)
def test_a_rule_has_a_kebab_case_name(name: str) -> None:
    table = name if name.startswith('"') else json.dumps(name)
    text = _toml({"right": _plain_rule()}) + _toml({"wrong": _plain_rule()}).replace("rules.wrong", f"rules.{table}")
    with pytest.raises(RulesError) as caught:
        parse_rules(text, "rules.toml")
    [problem] = caught.value.problems
    assert "is not a rule name" in problem.message
    assert problem.line == 7
    assert caught.value.message.replace("\n", "").isprintable()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", None, "there are no rules"),
        ("# nothing\n", None, "there are no rules"),
        ("\n[rules]\n", 2, "there are no rules"),
        ("a = 1\n", 1, "'a' is not a key here"),
        ("\nrule = 1\n[rules.a]\n", 2, "'rule' is not a key here"),
        ("\nrules = 1", 2, "1 is not a table"),
        ("rules.a = []", 1, "a list is not a table"),
        ("[[rules]]", 1, "a list is not a table"),
        ("rules.a = 2020-01-01", 1, "a date or time is not a table"),
        ("[rules.a]\nx = \n", 2, "this is not TOML"),
        ("[rules.a]\nx = 1\nx = 2\n\n", 3, "this is not TOML"),
        ("[rules.a]\n\nx = '''\n", 3, "this is not TOML"),
        ("\n\n\x00", 3, "this is not TOML"),
        ("[rules.a]\nx = " + "9" * 5_000, None, "a number is too long"),
        ("\nx = " + "[" * 100_000, None, "nested too deeply"),
        ("\n[" + ".".join("a" * 20) + "]", 2, "nested too deeply"),
        ("#" * (MAX_FILE_BYTES + 1), None, "larger than 1,000,000 bytes"),
        ("#" + "é" * (MAX_FILE_BYTES // 2), None, "larger than 1,000,000 bytes"),
    ],
    ids=range(18),
)
def test_what_is_no_rule_file_is_reported_as_one_problem(text: str, line: int | None, words: str) -> None:
    with pytest.raises(RulesError) as caught:
        parse_rules(text, "rules.toml")
    problem = caught.value.problems[0]
    assert words in problem.message
    assert problem.line == line


def test_as_many_rules_as_allowed_are_read_and_one_more_is_refused() -> None:
    rules = {f"r{index}": _plain_rule() for index in range(MAX_RULES + 1)}
    with pytest.raises(RulesError, match=f"{MAX_RULES + 1} rules are too many"):
        parse_rules(_toml(rules), "rules.toml")
    rules.popitem()
    assert len(parse_rules(_toml(rules), "rules.toml").rules) == MAX_RULES


@pytest.mark.slow
@pytest.mark.parametrize(
    "head",
    ["", "[rules.a.when]\n", "[rules.a.countries]\n", "[rules.a.escalate]\n", "[rules]\n"],
    ids=lambda head: head.strip(),
)
def test_a_megabyte_of_wrong_keys_is_reported_in_seconds(head: str) -> None:
    """Suggestions are compared for the first problems only; the message shows 50 of them and counts the rest."""
    lines = (f"k{index:x} = 1\n" for index in range(70_000))
    started = time.process_time()
    with pytest.raises(RulesError) as caught:
        parse_rules(head + "".join(lines), "rules.toml")
    assert time.process_time() - started < 20
    assert len(caught.value.message) < 50_000


def test_only_the_first_problems_come_with_a_suggestion() -> None:
    """Comparing names takes longer than all the rest: a file of nothing but typing errors must not take minutes."""
    text = "[rules.a.when]\n" + "".join(f"quotes{index} = 1\n" for index in range(1_000))
    with pytest.raises(RulesError) as caught:
        parse_rules(text, "rules.toml")
    suggested = [problem for problem in caught.value.problems if problem.remedy == "did you mean quotes?"]
    assert 100 < len(suggested) <= 200
    assert len(caught.value.problems) >= 1_000


@pytest.mark.slow
@settings(max_examples=150)
@given(st.text(max_size=200) | st.text("[]rules.a=\n{}\"'\\#1,-_wheninfo", max_size=60) | _FILES.map(_toml), st.data())
def test_no_text_raises_anything_but_a_rules_error(text: str, data: st.DataObject) -> None:
    """Neither arbitrary text nor a right file with a piece cut out or put in; messages never drive a terminal."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    text = text[:start] + data.draw(st.text(max_size=3)) + text[end:]
    read: RuleSet | RulesError
    try:
        read = parse_rules(text, "odd \x1b[2J\u202e.toml")
    except RulesError as error:
        read = error
    event(type(read).__name__)
    if isinstance(read, RulesError):
        assert read.problems
        assert read.message.replace("\n", "").isprintable()


@given(_FILES)
def test_a_rule_set_survives_the_wire(rules: Table) -> None:
    """Rules are plain data: encoded and decoded they are equal, so their digests say the same everywhere."""
    read = parse_rules(_toml(rules), "rules.toml")
    assume(read.rules)
    assert msgspec.json.decode(msgspec.json.encode(read), type=RuleSet) == read
