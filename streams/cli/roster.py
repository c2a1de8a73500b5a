"""`antiphon roster`: make a list of officials, check it, and put it in force."""

from collections import Counter
from typing import Final

import click
from rich.text import Text

from streams.cli.groups import CommandGroup
from streams.cli.inputs import read_roster
from streams.cli.options import json_option
from streams.cli.roster_diff import diff
from streams.cli.roster_history import history
from streams.cli.roster_import import import_list
from streams.cli.roster_keep import keep
from streams.cli.roster_publish import publish, restore
from streams.cli.roster_resolve import resolve
from streams.cli.terminal import counted, row, stdout, table, write_json
from streams.core.officials import CATEGORIES
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_problems import RosterError
from streams.printable import printable

__all__ = ["roster"]

_LISTED: Final = 20  # problems or domains on a screen; --json has all


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


roster.add_command(publish)
roster.add_command(history)
roster.add_command(restore)
roster.add_command(keep)
