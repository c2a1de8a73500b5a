"""`antiphon proof export`: what was published, with all that it rests on, in one file."""

import asyncio
from pathlib import Path
from typing import Final

import click
from rich.text import Text

from streams.cases import CASES
from streams.cli.inputs import LiveStages, roster_bytes
from streams.cli.options import format_option, json_option, settings_options
from streams.cli.proof_seal import SealOptions, seal_options, seals_of
from streams.cli.proof_verdict import print_verdict, verdict_document, write_proof
from streams.cli.stopping import stopped_in_order
from streams.cli.terminal import counted, stdout, write_json
from streams.errors import InputError
from streams.formats.registry import readers_named
from streams.jobs.proof_of_files import ProofInputs, proof_of_files
from streams.jobs.proof_of_topics import proof_of_topics
from streams.jobs.results_folder import read_results
from streams.printable import printable
from streams.proofs.answers import Answer
from streams.proofs.sealing import sealed
from streams.rules_loading import read_rules
from streams.settings import Settings

__all__ = ["export"]

_OF_FILES: Final = {
    "--roster": "roster_file",
    "--rules": "rules_file",
    "--results": "results_dir",
    "--format": "format_names",
}


@click.command()
@click.argument("what", metavar="ALERT|SUBJECT")
@click.argument("files", nargs=-1, metavar="[FILE…]")
@click.option("--case", "case_name", type=click.Choice(tuple(CASES)), help="A bundled case instead of FILEs.")
@format_option
@click.option("--roster", "roster_file", metavar="R", help="Who is an official (CSV). [the case's own]")
@click.option("--rules", "rules_file", metavar="T", help="Rules (TOML). [the bundled rules]")
@click.option("--results", "results_dir", metavar="DIR", help="What to prove: the --out of an earlier run over FILEs.")
@settings_options()
@click.option("--redact", is_flag=True, help="Leave the texts of posts out; their hashes stay.")
@seal_options
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
    seal_with: SealOptions,
    out: str,
    as_json: bool,
) -> None:
    """Write the proof of an alert, or of everything published about a SUBJECT, to one ZIP file.

    ALERT is an alert's id or the beginning of one, SUBJECT is platform:id or @handle. What was published and what it
    rests on are read from the topics. With FILEs or --case they come from a backtest over these, or from an earlier run
    (--results). The same is the same file, to the byte, wherever it is made, also with --sign. Exit status 1 if it does
    not verify whole.

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
    seals = seals_of(seal_with)
    with stopped_in_order(), LiveStages(quiet=as_json) as stages:
        stages.stage("reading")
        try:
            if files or case_name:
                inputs = _inputs(files, case_name, format_names, roster_file, rules_file, results_dir)
                made = proof_of_files(inputs, what, redact=redact, progress=stages.ingesting)
            else:
                made = asyncio.run(proof_of_topics(settings, what, redact=redact))
            file, verdict = sealed(made.file, made.verdict, seals)
        except ValueError as error:
            raise InputError(f"no proof can be made: {error}", remedy="prove an alert instead of a subject") from error
    write_proof(out, file)
    if as_json:
        write_json({"file": out, "bytes": len(file), "events": made.events} | verdict_document(verdict))
    else:
        stdout().print(Text(f"{printable(out)}: {len(file):,} bytes, {counted(made.events, 'event')}, id {verdict.id}"))
        print_verdict(verdict)
    if verdict.answer is not Answer.OK:
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
        published=None if results_dir is None else read_results(Path(results_dir)),
    )
