"""`antiphon roster diff`: what another roster would have changed, before it is in force."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import click
from rich.console import Console
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
from streams.cli.comparison_document import changes_document, compared_document
from streams.cli.comparison_report import print_changes, print_outcomes, print_paged, print_scores, responsible_words
from streams.cli.inputs import LiveStages
from streams.cli.options import settings_options
from streams.cli.roster_sources import NamedRoster, named_roster
from streams.cli.terminal import counted, stdout, write_json
from streams.core.corrections.entry_changes import CHANGE_KINDS, EntryChange, entry_changes
from streams.core.rosters.roster import Roster
from streams.jobs.broker_events import BrokerEvents, published_alerts, read_broker_events
from streams.jobs.comparison import RosterComparison, compare_rosters
from streams.jobs.events_at_hand import EventsAtHand
from streams.rules_loading import load_rules
from streams.settings import Settings

__all__ = ["diff", "entries_summary"]

_KIND_NOUNS = {
    "removed": "removed",
    "added": "added",
    "country": "of another State",
    "category": "of another category",
    "term": "with another term",
    "id_for_handle": "by id instead of handle",
    "handle_for_id": "by handle instead of id",
    "domains": "with other domains",
    "renamed": "only named or sourced otherwise",
}


@click.command()
@comparison_options(
    settings_options("rules_file"),
    click.option(
        "--evidence",
        is_flag=True,
        help="Past events: what the broker keeps of them. Implied by --broker without --events.",
    ),
)
@click.pass_context
def diff(
    ctx: click.Context,
    old: str,
    new: str,
    event_files: tuple[str, ...],
    format_names: tuple[str, ...],
    settings: Settings,
    evidence: bool,
    show_all: bool,
    as_json: bool,
) -> None:
    """Say how the rosters OLD and NEW differ and, over past events, what NEW would have changed: which alerts would not
    have fired, would also have fired, would have fired earlier or with other figures, and because of which entries.

    OLD and NEW are files (CSV), `published` for the roster that is in force on the broker, or a digest that `antiphon
    roster history` lists. Nothing is written. Exit status: 0 nothing that is counted can change, 1 something differs, 2
    wrong usage or files. With an index of the evidence (`antiphon evidence index`), only what the changed entries
    touched is read.

    \b
    Examples:
      antiphon roster diff old.csv new.csv
      antiphon roster diff old.csv new.csv --events statuses.jsonl.xz --events suspensions.csv
      antiphon roster diff published new.csv --broker 127.0.0.1:9092
    """
    if evidence and event_files:
        raise click.UsageError("--evidence and --events exclude each other: one of the two is the past")
    from_broker = evidence or (ctx.params["broker"] is not None and not event_files)
    sides = named_roster(old, settings), named_roster(new, settings)
    rules = load_rules(Path(settings.rules_file) if settings.rules_file else None)
    rosters = sides[0].roster, sides[1].roster
    with (
        LiveStages(quiet=as_json) as stages,
        ExitStack() as open_events,
        events_at_hand(event_files, format_names, stages) as at_hand,
    ):
        broker = None
        if from_broker:
            at_hand = open_events.enter_context(EventsAtHand())
            stages.stage("reading evidence")
            broker = asyncio.run(_read_broker(settings, at_hand, *rosters))
        if at_hand is None:
            found = RosterComparison(changes=entry_changes(*rosters))
        else:
            found = compare_rosters(
                at_hand,
                *rosters,
                rules,
                now_us=at_hand.now_us,
                stage=stages.stage,
                kept_since_us=None if broker is None else broker.raw_since_us,
                published=() if broker is None else broker.published,
            )
    changes_anything = any(not change.only_renames for change in found.changes)
    if as_json:
        write_json(_document(sides, found, at_hand, broker) | {"changes_anything": changes_anything})
    else:
        _print(stdout(), sides, found, at_hand, broker, None if show_all else FIRST_SHOWN)
    ctx.exit(EXIT_DIFFERS if changes_anything else 0)


async def _read_broker(settings: Settings, at_hand: EventsAtHand, old: Roster, new: Roster) -> BrokerEvents:
    """Evidence, published alerts, and what the raw topics have of accounts that come or are on for longer."""
    found = await read_broker_events(settings, at_hand, old, new)
    found.published = await published_alerts(settings)
    return found


def entries_summary(changes: tuple[EntryChange, ...]) -> str:
    """`3 accounts differ: 1 removed, 2 of another State`: by the kind that weighs most."""
    counts = [(kind, sum(change.kinds[0] == kind for change in changes)) for kind in CHANGE_KINDS]
    listed = ", ".join(f"{count:,} {_KIND_NOUNS[kind]}" for kind, count in counts if count)
    differ = "differs" if len(changes) == 1 else "differ"
    return f"{counted(len(changes), 'account')} {differ}: {listed}" if changes else "no account differs"


def _print(
    console: Console,
    sides: tuple[NamedRoster, NamedRoster],
    found: RosterComparison,
    at_hand: EventsAtHand | None,
    broker: BrokerEvents | None,
    limit: int | None,
) -> None:
    old, new = sides
    console.print(Text.assemble((f"{old.name} → {new.name}", "bold"), f": {entries_summary(found.changes)}."))
    print_changes(console, found.changes, limit)
    if all(change.only_renames for change in found.changes):
        console.print(Text("Nothing that is counted changes."))
        return
    print_looked_at(console, at_hand, broker)
    if at_hand is None:
        return
    because = responsible_words(found.changes, found.responsible)
    about = "Past alerts about accounts that the changed entries touched"
    print_outcomes(console, about, found.compared.alerts, because, limit)
    if found.compared.aftermaths:
        print_outcomes(console, "Aftermaths", found.compared.aftermaths, because, limit)
    print_scores(console, found.compared, limit)
    print_paged(console, found.compared)
    print_cost(console, found.cost)


def _document(
    sides: tuple[NamedRoster, NamedRoster],
    found: RosterComparison,
    at_hand: EventsAtHand | None,
    broker: BrokerEvents | None,
) -> dict[str, object]:
    described = [
        {"name": each.name, "digest": each.roster.digest, "entries": len(each.roster.entries)} for each in sides
    ]
    document: dict[str, object] = {
        "old": described[0],
        "new": described[1],
        "changes": changes_document(found.changes),
        "looked_at": looked_at_document(at_hand, broker),
    }
    if at_hand is None:
        return document
    return document | compared_document(found.compared, found.changes, found.responsible) | {"cost": found.cost}
