"""`antiphon proof`: makes files from which anybody can recompute an alert, and checks them."""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
from rich.text import Text

from streams.cases import CASES
from streams.cli.groups import CommandGroup
from streams.cli.inputs import LiveStages, roster_bytes
from streams.cli.options import format_option, json_option, settings_options
from streams.cli.stopping import stopped_in_order
from streams.cli.terminal import counted, row, stdout, table, write_json
from streams.errors import InputError
from streams.formats.registry import readers_named
from streams.jobs.proof_of_files import ProofInputs, proof_of_files
from streams.jobs.proof_of_topics import proof_of_topics
from streams.jobs.told_results import read_results
from streams.printable import printable
from streams.proofs.answers import Answer, Verdict
from streams.proofs.archive import NotAProofError, open_archive
from streams.proofs.checking import verify as verify_archive
from streams.rules_loading import read_rules
from streams.settings import Settings

__all__ = ["proof"]

_OF_FILES: Final = {
    "--roster": "roster_file",
    "--rules": "rules_file",
    "--results": "results_dir",
    "--format": "format_names",
}
_COLOURS: Final[Mapping[Answer, str]] = {
    Answer.OK: "green",
    Answer.FAILED: "bold red",
    Answer.PARTIAL: "yellow",
    Answer.NOT_CHECKABLE: "yellow",
    Answer.TOLD: "dim",
    Answer.NONE: "dim",
}
_MEANS: Final[Mapping[Answer, str]] = {
    Answer.OK: "The proof holds: what was told follows from the events, the roster and the rules in it.",
    Answer.FAILED: "The proof does not hold.",
    Answer.PARTIAL: "The proof is partial: a part of the figures is taken as counted.",
    Answer.NOT_CHECKABLE: "The proof cannot be checked whole: something that it rests on is left out.",
}
_CANNOT: Final = (
    "No proof shows that the platform served these bytes, that everything was seen, or who runs an account."
)


@click.group(cls=CommandGroup)
def proof() -> None:
    """Make a file from which anybody can recompute an alert, and check one."""


@proof.command("export")
@click.argument("what", metavar="ALERT|SUBJECT")
@click.argument("files", nargs=-1, metavar="[FILE…]")
@click.option("--case", "case_name", type=click.Choice(tuple(CASES)), help="A bundled case instead of FILEs.")
@format_option
@click.option("--roster", "roster_file", metavar="R", help="Who is an official (CSV). [the case's own]")
@click.option("--rules", "rules_file", metavar="T", help="Rules (TOML). [the bundled rules]")
@click.option("--results", "results_dir", metavar="DIR", help="What was told: the --out of an earlier run over FILEs.")
@settings_options()
@click.option("--redact", is_flag=True, help="Leave the texts of posts out; their hashes stay.")
@click.option("--out", required=True, metavar="FILE", help="Write the proof there.")
@json_option
@click.pass_context
def export(
    ctx: click.Context,
    what: str,
    files: tuple[str, ...],
    case_name: str | None,
    format_names: tuple[str, ...],
    roster_file: str | None,
    rules_file: str | None,
    results_dir: str | None,
    settings: Settings,
    redact: bool,
    out: str,
    as_json: bool,
) -> None:
    """Write the proof of an alert, or of everything told of a SUBJECT, to one ZIP file.

    ALERT is an alert's id or the beginning of one, SUBJECT is platform:id or @handle. What was told and what it rests
    on is read from the topics, or with FILEs or --case from those: what a backtest over them tells, or an earlier run
    (--results). The same is the same file, to the byte, wherever it is made. Exit status 1 if it does not verify whole.

    \b
    Examples:
      antiphon proof export 3f9c21 --broker 127.0.0.1:9092 --out proof.zip
      antiphon proof export 3f9c21 --case khamenei-site --out proof.zip
      antiphon proof export @handle statuses.jsonl.xz --roster roster.csv --results found/ --out proof.zip
    """
    if files and case_name:
        raise InputError("FILEs and --case exclude each other", remedy="leave one of the two out")
    if files and not roster_file:
        raise InputError("FILEs need --roster", remedy="name the roster that was in force")
    of_files = [name for name, given in _OF_FILES.items() if ctx.params[given]]
    if of_files and not files and not case_name:
        raise InputError(f"{of_files[0]} needs FILEs or --case", remedy="leave it out: topics have rosters and rules")
    with stopped_in_order(), LiveStages(quiet=as_json) as stages:
        stages.stage("reading")
        try:
            if files or case_name:
                inputs = _inputs(files, case_name, format_names, roster_file, rules_file, results_dir)
                made = proof_of_files(inputs, what, redact=redact, progress=stages.ingesting)
            else:
                made = asyncio.run(proof_of_topics(settings, what, redact=redact))
        except ValueError as error:
            raise InputError(f"no proof can be made: {error}", remedy="prove an alert instead of a subject") from error
    _write(out, made.file)
    if as_json:
        write_json({"file": out, "bytes": len(made.file), "events": made.events} | _document(made.verdict))
    else:
        stdout().print(
            Text(f"{printable(out)}: {len(made.file):,} bytes, {counted(made.events, 'event')}, id {made.verdict.id}")
        )
        _print(made.verdict)
    if made.verdict.answer is not Answer.OK:
        ctx.exit(1)


def _inputs(
    files: tuple[str, ...],
    case_name: str | None,
    format_names: tuple[str, ...],
    roster_file: str | None,
    rules_file: str | None,
    results_dir: str | None,
) -> ProofInputs:
    case = CASES[case_name] if case_name else None
    roster_path = roster_file or ("" if case is None else str(case.roster))
    return ProofInputs(
        paths=files if case is None else (str(case.events),),
        readers=readers_named(*(format_names if case is None else ("canonical",))),
        roster_csv=roster_bytes(roster_path),
        roster_path=roster_path,
        rules_toml=read_rules(None if rules_file is None else Path(rules_file))[1].encode(),
        rules_path=rules_file or "the bundled rules",
        told=None if results_dir is None else read_results(Path(results_dir)),
    )


@proof.command("verify")
@click.argument("file", metavar="FILE")
@json_option
@click.pass_context
def verify(ctx: click.Context, file: str, as_json: bool) -> None:
    """Count everything in a proof anew, offline, and say what agrees. Nothing in FILE is trusted.

    Exit status 1 if something does not agree, is partial or cannot be checked, 2 if FILE is no proof.
    """
    verdict = _verified(file)
    if as_json:
        write_json({"file": file} | _document(verdict))
    else:
        _print(verdict)
    if verdict.answer is not Answer.OK:
        ctx.exit(1)


@proof.command("digest")
@click.argument("file", metavar="FILE")
def digest(file: str) -> None:
    """Print the id of a proof: the SHA-256 of its manifest, to be noted or time-stamped elsewhere.

    It stands for every byte of the proof's files. Exit status 2 if FILE is no proof or its hashes do not agree.
    """
    verdict = _verified(file)
    if verdict.checks[0].answer is not Answer.OK:
        raise NotAProofError(f"{printable(file)}: {verdict.checks[0].detail}", remedy="see `antiphon proof verify`")
    stdout().print(Text(verdict.id))


def _verified(file: str) -> Verdict:
    try:
        with open(file, "rb") as opened:
            if not os.path.isfile(file):
                raise InputError(f"{printable(file)} is no file", remedy="name a proof")
            return verify_archive(open_archive(opened, os.fstat(opened.fileno()).st_size))
    except NotAProofError as error:
        remedy = error.remedy or "a proof is the file that `antiphon proof export` wrote, unchanged"
        raise NotAProofError(f"{printable(file)} is no proof: {error.message}", remedy=remedy) from error
    except OSError as error:
        raise InputError(f"{printable(file)}: {error.strerror}", remedy="name a proof") from error


def _write(out: str, data: bytes) -> None:
    """All of it or nothing."""
    folder, name = os.path.split(os.path.abspath(out))
    made = None
    try:
        number, made = tempfile.mkstemp(dir=folder, prefix=f".{name[:40]}-", suffix=".unfinished")
        with os.fdopen(number, "wb") as file:
            file.write(data)
        mask = os.umask(0o077)
        os.umask(mask)
        os.chmod(made, 0o666 & ~mask)
        os.replace(made, out)
    except OSError as error:
        if made is not None:
            os.unlink(made)
        raise InputError(f"{printable(out)}: {error.strerror}", remedy="name another file with --out") from error


def _document(verdict: Verdict) -> dict[str, object]:
    return {
        "id": verdict.id,
        "about": verdict.about,
        "answer": verdict.answer,
        "checks": [
            {"question": each.question, "answer": each.answer, "detail": each.detail, "places": each.places}
            for each in verdict.checks
        ],
        "cannot_show": _CANNOT,
    }


def _print(verdict: Verdict) -> None:
    console = stdout()
    console.print(Text(f"Proof of {verdict.about}"))
    console.print()
    made = table("Question", "Answer", "What was found")
    for check in verdict.checks:
        row(made, check.question, Text(check.answer, style=_COLOURS[check.answer]), check.detail)
        for place in check.places[1:]:
            row(made, "", "", place, style="dim")
    console.print(made)
    console.print()
    console.print(Text(_MEANS[verdict.answer], style=_COLOURS[verdict.answer]))
    console.print(Text(_CANNOT, style="dim"))
