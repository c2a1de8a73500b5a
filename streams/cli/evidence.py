"""`antiphon evidence`: delete what has served its time, and what nobody may keep."""

import asyncio
import re
from collections.abc import Callable
from typing import Final

import click
import msgspec
from rich.text import Text

from streams.cli.groups import CommandGroup
from streams.cli.options import json_option, settings_options
from streams.cli.terminal import counted, progress, stdout, write_json
from streams.jobs.evidence_index import evidence_index, index_path
from streams.jobs.evidence_upkeep import Expiry, expire_evidence, find_to_withhold
from streams.jobs.evidence_upkeep import withhold as withhold_entries
from streams.printable import printable
from streams.settings import Settings
from streams.topic_names import EVIDENCE

__all__ = ["evidence"]

_ACCOUNT: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}:.+", re.ASCII | re.DOTALL)
_MOST_REASON: Final = 500
_ELSEWHERE: Final = (
    "Raw topics, dead letters and WATCH's ledger have it until their own retention ends; counts and alerts stay."
)


@click.group(cls=CommandGroup)
def evidence() -> None:
    """Delete from the topic evidence what has served its time, and what nobody may keep."""


@evidence.command("expire")
@settings_options()
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@json_option
def expire(settings: Settings, dry_run: bool, as_json: bool) -> None:
    """Delete what is older than evidence_days, unless a living alert rests on it. Run it every day.

    Raw events of the platforms in ANTIPHON_EVIDENCE_PLATFORM_DAYS are deleted after the days that it names.

    An alert lives until evidence_days after it expired, and everything about its subject is kept as long. Rosters and
    rules are always kept. Posts that their platform has deleted are withheld, of the platforms of
    ANTIPHON_EVIDENCE_WITHHOLD_DELETED (twitter). What is withheld and came again is withheld again. May be broken off
    and run again.

    \b
    Examples:
      antiphon evidence expire --dry-run
      ANTIPHON_EVIDENCE_DAYS=90 antiphon evidence expire
    """
    with progress("reading evidence twice") as advance:
        found = asyncio.run(expire_evidence(settings, dry_run=dry_run, progress=advance))
    if as_json:
        write_json({"topic": settings.topic(EVIDENCE), "deleted": not dry_run, **msgspec.structs.asdict(found)})
    else:
        _print_expiry(found, settings, dry_run)


def _print_expiry(found: Expiry, settings: Settings, dry_run: bool) -> None:
    console = stdout()
    deleted = "would be deleted" if dry_run else "deleted"
    console.print(
        Text(
            f"{counted(found.expired, 'record')} of {found.expired_bytes:,} bytes {deleted} from "
            f"{settings.topic(EVIDENCE)}: older than {counted(settings.evidence_days, 'day')}"
            f"{_by_platform(settings)}."
        )
    )
    console.print(
        Text(
            f"{counted(found.kept_for_alerts, 'older record')} kept for {counted(found.living_alerts, 'living alert')}."
        )
    )
    if found.deleted_posts:
        withheld = "would be withheld" if dry_run else "withheld"
        console.print(Text(f"{counted(found.deleted_posts, 'record')} of posts that are deleted {withheld}."))
    if found.withheld_again:
        console.print(Text(f"{counted(found.withheld_again, 'record')} that had come again withheld."))


def _by_platform(settings: Settings) -> str:
    days = settings.days_by_platform.items()
    return "".join(f", {name} after {counted(number, 'day')}" for name, number in sorted(days))


@evidence.command("index")
@settings_options()
@json_option
def index(settings: Settings, as_json: bool) -> None:
    """Bring this machine's index of the topic evidence up to date: what corrections look things up in.

    They do it themselves; the first time that takes as long as reading everything. Run every day after `expire`, there
    is little left to read, and what was deleted is gone from the file as well. The file is a cache in data_dir: delete
    it at any time.

    \b
    Example: antiphon evidence index
    """
    with progress("reading evidence") as advance:
        records, events, size = asyncio.run(_brought_up_to_date(settings, advance))
    path = index_path(settings)
    if as_json:
        write_json({"file": str(path), "records_read": records, "events": events, "bytes": size})
    else:
        stdout().print(
            Text(f"{counted(records, 'record')} read; {path} has {counted(events, 'event')} in {size:,} bytes.")
        )


async def _brought_up_to_date(settings: Settings, advance: Callable[[int], None]) -> tuple[int, int, int]:
    async with evidence_index(settings) as found:
        return await found.catch_up(advance), len(found.store), index_path(settings).stat().st_size


@evidence.command("withhold")
@settings_options()
@click.option("--event", "event_id", metavar="ID", help="The raw event with this id: all copies of it.")
@click.option("--account", metavar="PLATFORM:ID", help="All raw events that name this account.")
@click.option("--reason", required=True, metavar="TEXT", help="Why. Every later proof and page says it.")
@click.option("--dry-run", is_flag=True, help="Say what would be withheld, and delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def withhold(
    settings: Settings,
    event_id: str | None,
    account: str | None,
    reason: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete the bytes of raw events, for good, and keep their hashes: whoever reads them later is told why.

    Exit status 1 if there are none.

    \b
    Examples:
      antiphon evidence withhold --event 1285140000000000002 --reason "deleted by its author"
      antiphon evidence withhold --account twitter:1280000000000000001 --reason "erasure request of 28 November"
    """
    if (event_id is None) == (account is None):
        raise click.UsageError("name either --event ID or --account PLATFORM:ID")
    if account is not None and not _ACCOUNT.fullmatch(account):
        raise click.BadParameter(f"{printable(account)} is not PLATFORM:ID, as in twitter:1280000000000000001")
    if not reason.strip() or len(reason) > _MOST_REASON:
        raise click.BadParameter(f"the reason is one of 1 to {_MOST_REASON} characters")
    with progress("reading evidence") as advance:
        found = asyncio.run(find_to_withhold(settings, event_id=event_id, account=account, progress=advance))
    what = counted(len(found.entries), "raw event")
    topic = settings.topic(EVIDENCE)
    if found.entries and not dry_run:
        if not yes:
            click.confirm(f"This deletes the bytes of {what} on {topic} at {settings.broker}. Go on?", abort=True)
        asyncio.run(withhold_entries(settings, found.entries, reason))
    if as_json:
        write_json(
            {
                "topic": topic,
                "withheld": not dry_run,
                "reason": reason,
                "already": found.already,
                "events": [{"key": str(entry.key), "sha256": entry.sha256} for entry in found.entries],
            }
        )
    elif not found.entries:
        stdout().print(Text(f"There is nothing to withhold on {topic} ({found.already} withheld before)."))
    else:
        stdout().print(Text(f"{what} {'would be ' * dry_run}withheld on {topic}. {_ELSEWHERE}"))
    if not found.entries:
        click.get_current_context().exit(1)
