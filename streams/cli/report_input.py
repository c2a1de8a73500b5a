"""What a person must know of the input before believing a figure: what could not be used, and what the roster lacks."""

from collections.abc import Sequence

import click
from rich.text import Text

from streams.cli.console import counted, stderr
from streams.core.screening.roster_use import RosterFinding
from streams.core.tracking.one_post import Contradiction
from streams.jobs.input_faults import InputFault
from streams.printable import printable

__all__ = ["EXIT_INPUT_FAULT", "end_with_faults", "warnings_document"]

EXIT_INPUT_FAULT = 1

_MOST_CONTRADICTIONS = 1_000


def end_with_faults(
    faults: list[InputFault],
    findings: list[RosterFinding],
    unknown_quotes: int = 0,
    no_author: int = 0,
    contradictions: Sequence[Contradiction] = (),
) -> None:
    """Say the warnings and faults on standard error, behind the report; any fault ends the command with status 1."""
    console = stderr()
    for finding in findings:
        console.print(Text(f"antiphon: warning: {finding.what}."), soft_wrap=True)
    if unknown_quotes:
        console.print(
            Text(
                f"antiphon: warning: {counted(unknown_quotes, 'quote')} by officials of posts that are gone: nothing "
                "says by an id whose they are, so they count for no account."
            ),
            soft_wrap=True,
        )
    if contradictions:
        console.print(Text(f"antiphon: warning: {_contradicted(contradictions)}."), soft_wrap=True)
    if no_author:
        console.print(
            Text(
                f"antiphon: warning: {counted(no_author, 'deletion')} without a known author: tied by the post's id "
                "where an official's post has it, without effect otherwise."
            ),
            soft_wrap=True,
        )
    for fault in faults:
        console.print(Text(f"antiphon: error: {fault.what}."), soft_wrap=True)
        console.print(Text(f"  {fault.remedy[:1].upper()}{fault.remedy[1:]}."), soft_wrap=True)
    if faults:
        click.get_current_context().exit(EXIT_INPUT_FAULT)


def warnings_document(
    faults: list[InputFault],
    findings: list[RosterFinding],
    unknown_quotes: int = 0,
    contradictions: Sequence[Contradiction] = (),
) -> dict[str, object]:
    """The same for machines."""
    return {
        "faults": faults,
        "roster": findings,
        "unknown_quotes": unknown_quotes,
        "contradictions": contradictions[:_MOST_CONTRADICTIONS],
        "contradictions_total": len(contradictions),
    }


def _contradicted(contradictions: Sequence[Contradiction]) -> str:
    first = contradictions[0]
    return (
        f"{counted(len(contradictions), 'post')} by officials, of which copies name different accounts as passed on or "
        f"quoted: each counts for all of them, as post {printable(first.post_id)} does for "
        f"{' and '.join(printable(account) for account in first.accounts)}; the copy that tells more names the first"
    )
