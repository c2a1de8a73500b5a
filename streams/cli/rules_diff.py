"""`antiphon rules diff`: what another rule file would have changed, before a worker reads it."""

from pathlib import Path

import click
from rich.text import Text

from streams.cli.compared_events import (
    EXIT_DIFFERS,
    FIRST_SHOWN,
    comparison_options,
    events_at_hand,
    looked_at_document,
    print_cost,
    print_looked_at,
)
from streams.cli.comparison_document import compared_document, rule_changes_document
from streams.cli.comparison_report import print_outcomes, print_paged, print_rule_changes
from streams.cli.inputs import LiveStages, read_roster
from streams.cli.terminal import counted, stdout, write_json
from streams.core.corrections.rule_changes import rule_changes
from streams.core.rulebook.rules import RuleSet
from streams.jobs.comparison import RuleComparison, compare_rules
from streams.printable import printable
from streams.rules_loading import load_rules

__all__ = ["diff"]

_BUNDLED = "bundled"
_HINT = f"`{_BUNDLED}` stands for the rules that come with Antiphon."


@click.command()
@comparison_options(
    click.option("--roster", "roster_file", metavar="R", help="Who is an official (CSV); needed with --events.")
)
@click.pass_context
def diff(
    ctx: click.Context,
    old: str,
    new: str,
    event_files: tuple[str, ...],
    format_names: tuple[str, ...],
    roster_file: str | None,
    show_all: bool,
    as_json: bool,
) -> None:
    """Say how the rule files OLD and NEW (TOML) differ and, over past events, what NEW would have changed: which alerts
    would not have fired, would also have fired, earlier or with another severity.

    `bundled` stands for the rules that come with Antiphon. Rules that do not differ are not judged: their alerts stand.
    Exit status: 0 no rule decides otherwise, 1 some rule differs, 2 wrong usage or files.

    \b
    Examples:
      antiphon rules diff bundled my-rules.toml
      antiphon rules diff bundled my-rules.toml --events archive/ --roster roster.csv
    """
    if event_files and roster_file is None:
        raise click.UsageError("--events needs --roster R: who is an official decides what is counted")
    sides = _rules(old), _rules(new)
    roster = None if roster_file is None else read_roster(roster_file)
    with LiveStages(quiet=as_json) as stages, events_at_hand(event_files, format_names, stages) as at_hand:
        if at_hand is None or roster is None:
            found = RuleComparison(changes=rule_changes(*sides))
        else:
            found = compare_rules(at_hand, roster, *sides, now_us=at_hand.now_us, stage=stages.stage)
    decides = any(change.decides for change in found.changes)
    if as_json:
        named = [{"name": printable(name), "digest": each.digest} for name, each in zip((old, new), sides, strict=True)]
        document = {
            "old": named[0],
            "new": named[1],
            "changes": rule_changes_document(found.changes),
            "looked_at": looked_at_document(at_hand),
            "changes_anything": decides,
        }
        if at_hand is not None:
            document |= compared_document(found.compared) | {"cost": found.cost}
        write_json(document)
        ctx.exit(EXIT_DIFFERS if decides else 0)
    console, limit = stdout(), None if show_all else FIRST_SHOWN
    same = len(sides[0].rules) - sum(change.before is not None for change in found.changes)
    differ = f"{counted(len(found.changes), 'rule')} {'differs' if len(found.changes) == 1 else 'differ'}"
    console.print(Text.assemble((f"{printable(old)} → {printable(new)}", "bold"), f": {differ}, {same:,} do not."))
    print_rule_changes(console, found.changes)
    if not decides:
        console.print(Text("No rule decides otherwise."))
        ctx.exit(0)
    print_looked_at(console, at_hand)
    if at_hand is not None:
        about = "Past alerts of the rules that differ"
        print_outcomes(console, about, found.compared.alerts, lambda outcome: outcome.rule, limit)
        print_paged(console, found.compared)
        print_cost(console, found.cost)
    ctx.exit(EXIT_DIFFERS)


def _rules(source: str) -> RuleSet:
    return load_rules(None if source == _BUNDLED else Path(source), _HINT)
