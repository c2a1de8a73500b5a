"""`antiphon roster`: make a list of officials, check it, and put it in force."""

import asyncio
from collections import Counter
from typing import Final

import click
from rich.text import Text

from streams.cli.console import counted, row, stdout, table, write_json
from streams.cli.groups import CommandGroup
from streams.cli.inputs import read_roster
from streams.cli.options import json_option, settings_options
from streams.cli.roster_diff import diff
from streams.cli.roster_import import import_list
from streams.cli.roster_resolve import resolve
from streams.core.officials import CATEGORIES
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_problems import RosterError
from streams.kafka.roster_topic import RosterChange, publish_roster, published_roster, roster_change
from streams.printable import printable
from streams.settings import Settings

__all__ = ["roster"]

_LISTED: Final = 20  # problems, accounts or domains on a screen; --json has all


@click.group(cls=CommandGroup)
def roster() -> None:
    """Make a list of officials, check it, and put it in force for every worker."""


roster.add_command(import_list)
roster.add_command(resolve)
roster.add_command(diff)


@roster.command("check")
@click.argument("file")
@click.option("--all", "show_all", is_flag=True, help=f"Show every problem, not the first {_LISTED}.")
@json_option
@click.pass_context
def check(ctx: click.Context, file: str, show_all: bool, as_json: bool) -> None:
    """Say everything that is wrong with a roster FILE (CSV), line by line, or what it holds.

    Exit status 1 if something is wrong.

    \b
    Example: antiphon roster check roster.csv
    """
    try:
        found = read_roster(file)
    except RosterError as error:
        if as_json:
            write_json({"file": printable(file), "valid": False, "problems": error.problems, "omitted": error.omitted})
        else:
            _print_problems(file, error, len(error.problems) if show_all else _LISTED)
        ctx.exit(1)
    if as_json:
        write_json({"file": printable(file), "valid": True, **_summary(found)})
    else:
        _print_roster(file, found)


@roster.command("publish")
@click.argument("file")
@settings_options()
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@json_option
def publish(file: str, settings: Settings, dry_run: bool, as_json: bool) -> None:
    """Put a roster FILE (CSV) in force: workers take it over within a second, without a restart.

    It takes effect whole or not at all, and replaces the roster before it.

    \b
    Example: antiphon roster publish roster.csv --broker 127.0.0.1:9092
    """
    new = read_roster(file)
    if dry_run:
        change = roster_change(asyncio.run(published_roster(settings)).roster, new)
    else:
        change = asyncio.run(publish_roster(settings, new))
    if as_json:
        write_json(
            {
                "file": printable(file),
                "topic": settings.topic("officials"),
                "published": not dry_run,
                **_described(change),
            }
        )
    else:
        _print_change(change, settings.topic("officials"), dry_run)


def _summary(found: Roster) -> dict[str, object]:
    accounts = {entry.account_key: entry for entry in found.entries}
    return {
        "entries": len(found.entries),
        "accounts": len(accounts),
        "by_handle_alone": sum(entry.account_id is None for entry in accounts.values()),
        "countries": dict(sorted(Counter(entry.country for entry in found.entries).items())),
        "categories": {name: sum(entry.category == name for entry in found.entries) for name in CATEGORIES},
        "domains": found.domains,
        "digest": found.digest,
    }


def _print_roster(file: str, found: Roster) -> None:
    entries = found.entries
    accounts = {entry.account_key: entry for entry in entries}
    by_handle = sum(entry.account_id is None for entry in accounts.values())
    count: Counter[tuple[str, str]] = Counter((entry.country, entry.category) for entry in entries)
    countries = sorted({entry.country for entry in entries})
    headings = tuple(category.replace("_", " ") for category in CATEGORIES)
    made = table("State", *headings, "all", right=(*headings, "all"))
    for country in countries:
        of_country = [count[country, category] for category in CATEGORIES]
        row(made, country, *(number or None for number in of_country), sum(of_country))
    if len(countries) > 1:
        in_all = [sum(count[country, category] for country in countries) for category in CATEGORIES]
        row(made, "all", *(number or None for number in in_all), sum(in_all), style="bold")
    console = stdout()
    console.print(Text.assemble((printable(file), "bold"), " is a valid roster."))
    console.print()
    console.print(made)
    console.print()
    console.print(Text(f"{counted(len(accounts), 'account')}, {counted(len(entries), 'entry')}"))
    if by_handle:
        console.print(Text(f"{by_handle:,} by handle alone: a handle can pass to somebody else, an id cannot"))
    if found.domains:
        more = "" if len(found.domains) <= _LISTED else ", …"
        console.print(Text(f"{counted(len(found.domains), 'domain')}: {', '.join(found.domains[:_LISTED])}{more}"))
    console.print(Text(f"digest {found.digest}"))


def _print_problems(file: str, error: RosterError, limit: int) -> None:
    count = len(error.problems) + error.omitted
    console = stdout()
    console.print(Text.assemble((printable(file), "bold"), f" has {counted(count, 'problem')}:", style="red"))
    made = table("Line", "Column", "What is wrong", "What to do", right=("Line",))
    for problem in error.problems[:limit]:
        row(made, problem.line, problem.column, problem.what, problem.remedy)
    console.print(made)
    if count > limit:
        console.print(Text(f"… and {count - min(limit, len(error.problems)):,} more (--all, --json)"))


def _described(change: RosterChange) -> dict[str, object]:
    return {
        "previous_digest": change.before,
        "digest": change.after,
        "entries": change.entries,
        "unchanged": change.is_none,
        "added": change.added,
        "removed": change.removed,
        "changed": change.changed,
    }


def _print_change(change: RosterChange, topic: str, dry_run: bool) -> None:
    console = stdout()
    if change.is_none:
        console.print(Text(f"This roster is in force already ({change.entries:,} entries). Nothing was written."))
        return
    done = "would be in force" if dry_run else "is in force"
    console.print(Text(f"The roster {done} on {topic}: {change.entries:,} entries, digest {change.after[:16]}."))
    if change.before is None:
        console.print(Text("There was none before."))
        return
    for heading, mark, accounts in (
        ("added", "+", change.added),
        ("removed", "-", change.removed),
        ("changed", "~", change.changed),
    ):
        console.print(Text(f"  {len(accounts):,} {heading}"))
        for account in accounts[:_LISTED]:
            console.print(Text(f"    {mark} {printable(account)}"))
        if len(accounts) > _LISTED:
            console.print(Text(f"    … and {len(accounts) - _LISTED:,} more (--json)"))
