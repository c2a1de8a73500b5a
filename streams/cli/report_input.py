"""What a person must know of the input before believing a figure: what could not be used, and what the roster lacks."""

from collections import Counter
from collections.abc import Sequence

import click
from rich.console import Console
from rich.text import Text

from streams.cli.terminal import counted, stderr
from streams.core.screening.roster_use import RosterFinding
from streams.core.tracking.contradictions import Contradiction
from streams.formats.inputs.files import shown_path
from streams.jobs.input_faults import InputFault
from streams.jobs.reading import FileAccount
from streams.printable import printable

__all__ = ["EXIT_INPUT_FAULT", "end_with_faults", "files_document", "print_files", "warnings_document"]

EXIT_INPUT_FAULT = 1

_MOST_CONTRADICTIONS = 1_000
_MOST_FILES = 1_000
_FEW_FILES = 5
_FEW_FAULTS = 10


def print_files(console: Console, files: Sequence[FileAccount]) -> None:
    """How each input was read, where nobody said how; many together, by what they are."""
    media = sum(file.is_media for file in files)
    if media:
        console.print(Text(f"{counted(media, 'file')} left out: pictures, videos, sounds, fonts or web pages."))
    described = [file for file in files if file.format and file.why]
    if len(described) <= _FEW_FILES:
        for file in described:
            console.print(
                Text(f"{shown_path(file.path)}: read as {file.format}{_laid_out(file)}: {file.why}."), soft_wrap=True
            )
        return
    alike = Counter((file.format, _laid_out(file)) for file in described)
    for (name, laid_out), count in alike.most_common():
        console.print(
            Text(f"{counted(count, 'file')} of {len(described):,}: read as {name}{laid_out}."), soft_wrap=True
        )


def files_document(files: Sequence[FileAccount]) -> dict[str, object]:
    """The same for machines, and what became of the lines of each."""
    return {
        "files_total": len(files),
        "files_left_out": sum(file.is_media for file in files),
        "files": [
            {
                "path": file.path,
                "format": file.format or None,
                "why": file.why or None,
                "encoding": file.encoding,
                "shape": file.shape,
                "lines": file.tally.lines,
                "events": file.tally.events,
                "skipped": file.tally.skipped.total(),
                "dead_letters": file.tally.rejected.total(),
            }
            for file in files[:_MOST_FILES]
        ],
    }


def _laid_out(file: FileAccount) -> str:
    """The shape and the encoding, where they are not what one expects."""
    shape = {"lines": "", "CSV rows": ""}.get(file.shape, f" ({file.shape})")
    return shape if file.encoding == "utf-8" else f"{shape} in {file.encoding}"


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
    for fault in faults[:_FEW_FAULTS]:
        console.print(Text(f"antiphon: error: {fault.what}."), soft_wrap=True)
        console.print(Text(f"  {fault.remedy[:1].upper()}{fault.remedy[1:]}."), soft_wrap=True)
    if len(faults) > _FEW_FAULTS:
        kinds = Counter(fault.kind.replace("_", " ") for fault in faults[_FEW_FAULTS:])
        others = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
        console.print(Text(f"antiphon: error: the same of other inputs ({others}); --json names them."), soft_wrap=True)
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
        "faults": faults[:_MOST_FILES],
        "faults_total": len(faults),
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
