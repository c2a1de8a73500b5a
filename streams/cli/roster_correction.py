"""What `roster publish --correction` does besides publishing: recounting what the changed accounts touched."""

import asyncio
from collections import Counter
from typing import Final

from msgspec import Struct
from rich.console import Console
from rich.text import Text

from streams.cli.inputs import LiveStages
from streams.cli.roster_sources import kept_roster
from streams.cli.stopping import stopped_in_order
from streams.cli.terminal import counted, progress, row, table
from streams.core.corrections.correction import Correction
from streams.core.rosters.roster import Roster
from streams.errors import InputError
from streams.jobs.correction import Corrected, begin_correction, carry_out_correction
from streams.kafka.corrections_topic import unfinished_correction
from streams.printable import printable
from streams.settings import Settings

__all__ = ["BegunCorrection", "begin", "corrected_document", "exit_status", "print_corrected", "recount"]

_LISTED: Final = 20
_EXIT_NOT_ALL: Final = 1
_WORDS: Final = {
    "recounted": "accounts were recounted",
    "taken_as_counted": "accounts were recounted as far as the evidence goes; the rest is taken as counted",
    "cannot_be_known": "accounts stand as they were: what the new roster makes of them cannot be known",
    "given_up": "accounts stand as they were: they could not be recounted this time",
    "would_not_have_fired": "alerts would not have fired, and are taken back",
    "would_have_fired_anew": "alerts fire again",
    "severity": "alerts have another severity",
    "another_state_leads": "alerts with another State that leads",
    "fires_earlier": "alerts fire earlier",
    "fires_later": "alerts fire later",
    "figures_change": "alerts have other figures",
}

_AFTERMATH_WORDS: Final = {
    "would_not_have_fired": "aftermaths would not have begun, and are void",
    "would_have_fired_anew": "aftermaths are new",
    "fires_earlier": "aftermaths begin earlier",
    "fires_later": "aftermaths begin later",
    "figures_change": "aftermaths have other figures",
    "cannot_be_known": "aftermaths stand as they were told: what the new roster makes of them cannot be known",
}


class BegunCorrection(Struct, frozen=True):
    """A correction that is noted on the topic, and the roster that was wrong."""

    correction: Correction
    old: Roster


def begin(settings: Settings, before: Roster | None, new: Roster, reason: str) -> BegunCorrection | None:
    """Note a correction, or find the one that did not come to its end; `None` where there is nothing to put right.

    Raises `InputError` where another one did not come to its end, and `BrokerError`.
    """
    begun = asyncio.run(unfinished_correction(settings))
    if begun is not None and begun.new_digest == new.digest:
        if before is not None and before.digest == begun.old_digest:
            return BegunCorrection(begun, before)
        with progress("reading evidence") as done:
            return BegunCorrection(begun, kept_roster(begun.old_digest, settings, done).roster)
    if begun is not None and before is not None and begun.new_digest == before.digest:
        raise InputError(
            f"the correction that put the roster {begun.new_digest[:16]} in force did not come to its end",
            remedy=f'end it first: `antiphon roster restore {begun.new_digest[:16]} --correction --reason "…"`',
        )
    if before is None or before == new:
        return None
    return BegunCorrection(asyncio.run(begin_correction(settings, before, new, reason)), before)


def recount(settings: Settings, begun: BegunCorrection, new: Roster, *, quiet: bool) -> Corrected:
    """Carry it out, and show how far it has come. Raises `BrokerError` and `StalledError`."""
    with stopped_in_order(), LiveStages(quiet=quiet) as stages:
        return asyncio.run(carry_out_correction(settings, begun.correction, begun.old, new, stages.stage))


def exit_status(corrected: Corrected) -> int:
    """0 where everything was recounted."""
    return _EXIT_NOT_ALL if corrected.missing or corrected.unknown else 0


def corrected_document(corrected: Corrected) -> dict[str, object]:
    """For `--json`."""
    return {
        "correction": corrected.correction.correction,
        "finished": not corrected.missing,
        "subjects": corrected.subjects,
        "outcomes": dict(sorted(corrected.outcomes.items())),
        "alerts": corrected.alerts,
        "not_recounted": corrected.unknown,
        "missing": corrected.missing,
        "events": corrected.events,
        "events_counted": corrected.events_counted,
        "withheld": corrected.withheld,
        "countries": corrected.countries,
        "aftermaths": corrected.aftermaths,
        "seconds": round(corrected.seconds, 3),
    }


def print_corrected(console: Console, corrected: Corrected) -> None:
    """For people."""
    console.print()
    for outcome, words in _WORDS.items():
        if count := corrected.outcomes[outcome]:
            console.print(Text(f"  {count:,} {words}"))
    if not corrected.subjects:
        console.print(Text("The changed accounts touched nobody: nothing had to be recounted."))
    if corrected.alerts:
        made = table("Account", "Rule", "Alert", "What becomes of it")
        for each in corrected.alerts[:_LISTED]:
            row(made, printable(f"{each.platform}:{each.subject_id}"), each.rule, each.alert_id, each.outcome)
        console.print(made)
        if len(corrected.alerts) > _LISTED:
            console.print(Text(f"… and {len(corrected.alerts) - _LISTED:,} more (--json)"))
    for each in corrected.unknown[:_LISTED]:
        about = each.country if each.about == "country" else f"{each.platform}:{each.subject_id}"
        console.print(Text(f"  {printable(about or '')}: {each.why}"))
    if corrected.withheld:
        console.print(Text(f"{counted(corrected.withheld, 'event')} of the evidence are withheld and were left out."))
    if corrected.missing:
        console.print(
            Text(
                f"{counted(corrected.missing, 'account')} did not answer. Repeat the command: it goes on.", style="red"
            )
        )
    _print_aftermaths(console, corrected)


def _print_aftermaths(console: Console, corrected: Corrected) -> None:
    if not corrected.countries:
        return
    states = "State" if len(corrected.countries) == 1 else "States"
    console.print(Text(f"The aftermaths of {', '.join(corrected.countries)} ({states}) were recounted."))
    counts = Counter[str](each.outcome for each in corrected.aftermaths)
    for outcome, words in _AFTERMATH_WORDS.items():
        if count := counts[outcome]:
            console.print(Text(f"  {count:,} {words}"))
    if corrected.aftermaths:
        made = table("Account", "State", "Aftermath", "What becomes of it")
        for each in corrected.aftermaths[:_LISTED]:
            row(made, printable(f"{each.platform}:{each.subject_id}"), each.country, each.aftermath_id, each.outcome)
        console.print(made)
        if len(corrected.aftermaths) > _LISTED:
            console.print(Text(f"… and {len(corrected.aftermaths) - _LISTED:,} more (--json)"))
