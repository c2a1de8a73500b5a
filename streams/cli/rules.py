"""`antiphon rules`: whether a rule file is right, and what its rules say in words."""

from pathlib import Path

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from streams.cli.groups import CommandGroup
from streams.cli.options import json_option
from streams.cli.rules_diff import diff
from streams.cli.terminal import counted, row, stdout, table, write_json
from streams.core.rule_files.rule_problems import RulesError
from streams.core.rule_files.rule_words import condition_words, duration_words
from streams.core.rulebook.rules import Condition, Rule, RuleSet
from streams.printable import printable
from streams.rules_loading import load_rules

__all__ = ["rules"]

_STYLES = {"critical": "bold red", "warning": "yellow", "info": "cyan"}


@click.group(cls=CommandGroup)
def rules() -> None:
    """Check a rule file, and say in words what its rules mean."""


rules.add_command(diff)


@rules.command("check")
@click.argument("file", required=False)
@json_option
@click.pass_context
def check(ctx: click.Context, file: str | None, as_json: bool) -> None:
    """Say everything that is wrong with a rule FILE (TOML), or what its rules mean. Without FILE: the bundled rules.

    Exit status 1 if something is wrong.

    \b
    Examples:
      antiphon rules check
      antiphon rules check my-rules.toml
    """
    origin = "the bundled rules" if file is None else printable(file)
    try:
        found = load_rules(None if file is None else Path(file))
    except RulesError as error:
        if as_json:
            write_json({"file": origin, "valid": False, "problems": error.problems})
        else:
            _print_problems(origin, error)
        ctx.exit(1)
    if as_json:
        write_json(
            {"file": origin, "valid": True, "digest": found.digest, "rules": [_described(r) for r in found.rules]}
        )
    else:
        _print_rules(origin, found)


def _print_problems(origin: str, error: RulesError) -> None:
    console = stdout()
    console.print(Text.assemble((origin, "bold"), f" has {counted(len(error.problems), 'problem')}:", style="red"))
    made = table("Line", "Key", "What is wrong", "What to do", right=("Line",))
    for problem in error.problems:
        row(made, problem.line, problem.key, problem.message, problem.remedy)
    console.print(made)


def _print_rules(origin: str, found: RuleSet) -> None:
    made = table("Rule", "On", "Severity", "Expires after", "Mode", "Digest")
    for rule in found.rules:
        severities = [rule.severity, *(escalation.severity for escalation in rule.escalations)]
        shades = Text(" → ").join(Text(severity, style=_STYLES[severity]) for severity in severities)
        row(made, rule.name, rule.on, shades, duration_words(rule.quiet_us), rule.mode, rule.digest[:12])
    console = stdout()
    console.print(Text.assemble((origin, "bold"), f": {counted(len(found.rules), 'rule')}, digest {found.digest[:12]}"))
    console.print()
    console.print(made)
    for rule in found.rules:
        console.print()
        console.print(Text.assemble((rule.name, "bold"), f"  {printable(rule.description)}"))
        _print_conditions(console, f"{rule.severity} while", rule.when)
        for escalation in rule.escalations:
            _print_conditions(console, f"{escalation.severity} while also", escalation.when)
        for country, conditions in rule.countries.items():
            where = (
                f"while {country} leads the amplifications" if rule.on == "subject" else f"for officials of {country}"
            )
            _print_conditions(console, f"instead, {where}", conditions)
    console.print()
    console.print(
        Text(
            "An alert expires that long after the last amplification, one on an aftermath after the last moment at "
            "which its rule held. An unknown figure meets no condition."
        )
    )


def _print_conditions(console: Console, heading: str, conditions: tuple[Condition, ...]) -> None:
    console.print(Padding(Text(heading, style="italic"), (0, 0, 0, 2), expand=False))
    for condition in conditions:
        console.print(Padding(Text(condition_words(condition)), (0, 0, 0, 4), expand=False))


def _described(rule: Rule) -> dict[str, object]:
    return {
        "name": rule.name,
        "on": rule.on,
        "description": rule.description,
        "severity": rule.severity,
        "mode": rule.mode,
        "quiet_seconds": rule.quiet_us / 1_000_000,
        "when": _both(rule.when),
        "escalations": [{"severity": e.severity, "when": _both(e.when)} for e in rule.escalations],
        "countries": {country: _both(conditions) for country, conditions in rule.countries.items()},
        "digest": rule.digest,
    }


def _both(conditions: tuple[Condition, ...]) -> list[dict[str, object]]:
    return [
        {
            "figure": condition.figure,
            **{
                bound: value
                for bound in ("at_least", "at_most", "equals")
                if (value := getattr(condition, bound)) is not None
            },
            "words": condition_words(condition),
        }
        for condition in conditions
    ]
