"""What `roster diff` and `rules diff` have in common: which events are looked at, since when, and what it cost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import click
from rich.console import Console
from rich.text import Text

from streams.cli.inputs import LiveStages
from streams.cli.options import format_option, json_option
from streams.cli.report_input import print_files
from streams.cli.terminal import counted, stderr
from streams.core.clock import from_us
from streams.formats.registry import readers_named
from streams.jobs.broker_events import BrokerEvents
from streams.jobs.comparison import Cost
from streams.jobs.events_at_hand import EventsAtHand
from streams.jobs.input_faults import InputFault, faults_of

__all__ = [
    "EXIT_DIFFERS",
    "EXIT_TROUBLE",
    "FIRST_SHOWN",
    "comparison_options",
    "events_at_hand",
    "looked_at_document",
    "print_cost",
    "print_looked_at",
]

EXIT_DIFFERS: Final = 1
EXIT_TROUBLE: Final = 2
"""As of diff(1)."""

FIRST_SHOWN: Final = 20
"""Lines of a list that are shown without `--all`."""


def comparison_options(*options: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives a command `OLD`, `NEW`, `--events`, `--format`, the `options` of its own, `--all` and `--json`."""
    events = click.option(
        "--events",
        "event_files",
        multiple=True,
        metavar="FILE",
        help="Past events: a file, a folder or an archive in a format that `antiphon formats` lists; more than once. "
        "Without it only the entries are compared.",
    )
    show_all = click.option(
        "--all", "show_all", is_flag=True, help=f"Show everything, not the first {FIRST_SHOWN} of each list."
    )
    arguments = click.argument("old"), click.argument("new")

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed((*arguments, events, format_option, *options, show_all, json_option)):
            command = option(command)
        return command

    return decorate


@contextmanager
def events_at_hand(
    event_files: tuple[str, ...], format_names: tuple[str, ...], stages: LiveStages
) -> Iterator[EventsAtHand | None]:
    """The events of the files, `None` where there are no files. Ends the command where a file could not be used."""
    if not event_files:
        yield None
        return
    with EventsAtHand() as at_hand:
        stages.stage("reading events")
        at_hand.read_files(event_files, readers_named(*format_names), stages.ingesting)
        faults = faults_of(at_hand.files, at_hand.letters.kept)
        if faults:
            _end_with(faults)
        yield at_hand


def _end_with(faults: list[InputFault]) -> None:
    """A comparison over half of the events would say that the rest stands."""
    console = stderr()
    for fault in faults:
        console.print(Text(f"antiphon: error: {fault.what}."), soft_wrap=True)
        console.print(Text(f"  {fault.remedy[:1].upper()}{fault.remedy[1:]}."), soft_wrap=True)
    click.get_current_context().exit(EXIT_TROUBLE)


def looked_at_document(at_hand: EventsAtHand | None, broker: BrokerEvents | None = None) -> dict[str, object] | None:
    """Which events could be looked at, and since when."""
    if at_hand is None:
        return None
    document: dict[str, object] = {
        "events": at_hand.known,
        "since": _at(at_hand.oldest_us),
        "until": _at(at_hand.newest_us),
        "additions_since": _at(at_hand.oldest_us if broker is None else broker.raw_since_us),
        "refused": {str(reason): count for reason, count in sorted(at_hand.refused.items())},
    }
    if broker is None:
        return document
    return document | {"evidence": broker.evidence, "withheld": broker.withheld, "raw": broker.raw}


def print_looked_at(console: Console, at_hand: EventsAtHand | None, broker: BrokerEvents | None = None) -> None:
    """The same for people."""
    console.print()
    if at_hand is None:
        console.print(Text("No events were looked at: name them with --events to see what would have changed."))
        return
    print_files(console, at_hand.files)
    if at_hand.oldest_us is None or at_hand.newest_us is None:
        console.print(Text("There are no events: nothing is known of the past."))
        return
    since, until = from_us(at_hand.oldest_us), from_us(at_hand.newest_us)
    refused = sum(at_hand.refused.values())
    count = f"{counted(at_hand.known, 'event')} from {since:%Y-%m-%d} to {until:%Y-%m-%d}"
    if broker is None:
        said = (
            f"{count}{f'; {refused:,} refused' if refused else ''}. Removals, changes and additions: all of them. What "
            f"came before {since:%Y-%m-%d}, or is not in the files, cannot be known."
        )
    else:
        raw = _at(broker.raw_since_us)
        added = "all that the raw topics ever had" if raw is None else f"from {raw:%Y-%m-%d}, the oldest raw event, on"
        withheld = f"; {broker.withheld:,} withheld" if broker.withheld else ""
        said = (
            f"{count}, kept as evidence{withheld}. Removals and changes: all of them. Additions: {added}. What was not "
            "kept cannot be known."
        )
    console.print(Text("Looked at: ", style="bold") + Text(said))


def _at(at_us: int | None) -> datetime | None:
    return None if at_us is None else from_us(at_us)


def print_cost(console: Console, cost: Cost) -> None:
    """What it took."""
    console.print()
    runs = f", {counted(cost.runs, 'run')} to find the entries responsible" if cost.runs else ""
    states = f", posts of {', '.join(cost.countries)} watched" if cost.countries else ""
    console.print(
        Text(
            f"Counted again: {counted(cost.subjects, 'subject')} from {cost.events_counted:,} of "
            f"{counted(cost.events, 'event')}{states}{runs}, in {cost.seconds:.1f} s.",
            style="dim",
        )
    )
