"""`antiphon roster publish` and `roster restore`: put a roster in force, once somebody has seen what that changes."""

import asyncio
import sys
from collections.abc import Callable
from typing import Any, Final

import click
from rich.console import Console
from rich.text import Text

from streams.cli.comparison_report import print_changes
from streams.cli.inputs import read_roster
from streams.cli.options import json_option, settings_options
from streams.cli.roster_correction import (
    begin,
    corrected_document,
    exit_status,
    print_corrected,
    recount,
)
from streams.cli.roster_diff import entries_summary
from streams.cli.roster_sources import kept_roster
from streams.cli.terminal import counted, progress, stderr, stdout, write_json
from streams.core.bounds import bounded_text
from streams.core.corrections.entry_changes import EntryChange, entry_changes
from streams.core.evidence_records import REASON_BYTES
from streams.core.rosters.roster import Roster
from streams.errors import InputError
from streams.kafka.roster_topic import RosterChange, publish_roster, published_roster, roster_change
from streams.printable import printable
from streams.settings import Settings
from streams.topic_names import OFFICIALS

__all__ = ["publish", "restore"]

_LISTED: Final = 20  # accounts on a screen; --json has all
_NAMED: Final = 5  # accounts in an error
_FEW_REMOVED: Final = 5
"""Accounts that may leave a roster at a time, however small it is."""
_EXIT_NOT_AGREED: Final = 1

_yes_option: Final = click.option("--yes", is_flag=True, help="Put it in force without being asked.")
_dry_run_option: Final = click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
_reason_option: Final = click.option(
    "--reason", metavar="TEXT", default="", help="Why, for `antiphon roster history`; needed with --correction."
)
_correction_option: Final = click.option(
    "--correction",
    is_flag=True,
    help="It puts right what was wrong before: what the changed accounts touched is recounted from evidence.",
)


def _publishing(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of both commands."""
    for option in (json_option, _yes_option, _correction_option, _reason_option, _dry_run_option, settings_options()):
        command = option(command)
    return command


@click.command()
@click.argument("file")
@_publishing
def publish(file: str, settings: Settings, **options: Any) -> None:
    """Put a roster FILE (CSV) in force: workers take it over within a second, without a restart.

    It takes effect whole or not at all, and replaces the roster before it. On a terminal it shows what differs and
    asks. Elsewhere it takes effect at once, unless it would take more than a fifth of the accounts off the roster
    (ANTIPHON_ROSTER_REMOVED_SHARE), and five at least: that needs --yes.

    With --correction every account that the changed officials touched is recounted from evidence, and the topic
    `corrections` says what became of each alert; workers must run. Ended on the way, the same command goes on. Exit
    status 1 if some account could not be recounted.

    \b
    Examples:
      antiphon roster publish roster.csv --broker 127.0.0.1:9092
      antiphon roster publish roster.csv --yes --correction --reason "@example left office in May"
    """
    _publish(printable(file), read_roster(file), settings, **options)


@click.command()
@click.argument("digest")
@_publishing
def restore(digest: str, settings: Settings, **options: Any) -> None:
    """Put a roster in force again that was published before, by its DIGEST or the beginning of it (8 characters).

    `antiphon roster history` lists them. It asks, and refuses, as `roster publish` does.

    \b
    Example: antiphon roster restore 94d27c4e7ebd --reason "published by mistake"
    """
    with progress("reading evidence") as done:
        found = kept_roster(digest, settings, done)
    _publish(found.name, found.roster, settings, **options)


def _publish(
    name: str,
    new: Roster,
    settings: Settings,
    *,
    dry_run: bool,
    reason: str,
    correction: bool,
    yes: bool,
    as_json: bool,
) -> None:
    if correction and not reason.strip():
        raise click.UsageError('--correction needs --reason TEXT: "@example left office in May"')
    said = bounded_text(reason.strip(), REASON_BYTES)
    before = asyncio.run(published_roster(settings)).roster
    change = roster_change(before, new)
    corrected = None
    if not dry_run:
        if before is not None and not yes and not change.is_none:
            _agree(name, before, new, settings, as_json=as_json)
        begun = begin(settings, before, new, said) if correction else None
        change = asyncio.run(publish_roster(settings, new, said, correction=correction, shown=change))
        if begun is not None:
            corrected = recount(settings, begun, new, quiet=as_json)
    topic = settings.topic(OFFICIALS)
    if as_json:
        document = {"file": name, "topic": topic, "published": not dry_run, **_described(change)}
        recounted = None if corrected is None else corrected_document(corrected)
        write_json(document | {"reason": said, "correction": correction, "recounted": recounted})
    else:
        _print_change(stdout(), change, topic, dry_run=dry_run)
        if corrected is not None:
            print_corrected(stdout(), corrected)
    if corrected is not None:
        click.get_current_context().exit(exit_status(corrected))


def _agree(name: str, before: Roster, new: Roster, settings: Settings, *, as_json: bool) -> None:
    """Ask whoever is there. Raises `InputError` where nobody is and much would be lost."""
    changes = entry_changes(before, new)
    if sys.stdin.isatty() and sys.stderr.isatty():
        console = stderr() if as_json else stdout()
        console.print(Text(f"Against the roster in force, {entries_summary(changes)}."))
        print_changes(console, changes)
        console.print(
            Text("`antiphon roster diff published FILE --events …` says what that would have changed.", style="dim")
        )
        if not click.confirm(f"Put {name} in force?", err=True):
            stderr().print(Text("Nothing was written."))
            click.get_current_context().exit(_EXIT_NOT_AGREED)
        return
    removed = [change for change in changes if change.kinds == ("removed",)]
    accounts = len({entry.account_key for entry in before.entries})
    if len(removed) >= _FEW_REMOVED and len(removed) > settings.roster_removed_share * accounts:
        raise InputError(
            f"{name} would take {len(removed):,} of {counted(accounts, 'account')} off the roster in force: "
            f"{_some(removed)}",
            remedy=f"look at `antiphon roster diff published {name}`; if that is meant, publish it with --yes",
        )


def _some(changes: list[EntryChange]) -> str:
    names = ", ".join(printable(change.shown) for change in changes[:_NAMED])
    return names if len(changes) <= _NAMED else f"{names} and {len(changes) - _NAMED:,} more"


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


def _print_change(console: Console, change: RosterChange, topic: str, *, dry_run: bool) -> None:
    if change.is_none:
        console.print(Text(f"This roster is in force already ({change.entries:,} entries). Nothing changes."))
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
