"""`antiphon backtest`: the pipeline's core over files, with no broker."""

from pathlib import Path

import click

from streams.cli.inputs import LiveStages, read_roster
from streams.cli.options import format_option, json_option
from streams.cli.report import document_of, print_report, print_rules, print_sampled
from streams.cli.report_input import end_with_faults, files_document, print_files, warnings_document
from streams.cli.terminal import stdout, write_json
from streams.core.backtest import Results
from streams.core.screening.account_index import AccountIndex
from streams.core.tracking.contradictions import contradictions_of
from streams.formats.registry import readers_named
from streams.jobs.backtest import backtest_files
from streams.jobs.event_spool import EventSpool
from streams.jobs.input_faults import faults_of
from streams.rules_loading import read_rules
from streams.sinks.evidence_file import EvidenceFile
from streams.sinks.ndjson import prepare_directory, write_results

__all__ = ["backtest"]


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@format_option
@click.option("--roster", "roster_file", required=True, metavar="R", help="Who is an official (CSV).")
@click.option("--rules", "rules_file", metavar="T", help="Rules (TOML). [the bundled rules]")
@click.option("--processes", type=click.IntRange(1, 2), metavar="N", help="1 or 2. [one a core, at most 2]")
@click.option("--out", metavar="DIR", help="Write one NDJSON file per enriched topic there, and the evidence.")
@json_option
def backtest(
    files: tuple[str, ...],
    format_names: tuple[str, ...],
    roster_file: str,
    rules_file: str | None,
    processes: int | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Run the same core as the pipeline over FILEs, without a broker, and say what it would have told, and when.

    A FILE is a file (plain, gz, bz2, xz or zst), a tar, a zip, a folder, or - for standard input.

    \b
    Example: antiphon backtest statuses.jsonl.xz suspensions.csv --roster roster.csv
    """
    readers = readers_named(*format_names)
    roster = read_roster(roster_file)
    rules, rules_text = read_rules(None if rules_file is None else Path(rules_file))
    directory = None if out is None else prepare_directory(out)
    kept = None if directory is None else click.get_current_context().with_resource(EvidenceFile(directory))

    def keep(results: Results, spool: EventSpool, known: AccountIndex) -> None:
        if kept is not None:
            from streams.jobs.evidence_of_runs import evidence_of_backtest  # loads Kafka's client, which takes its time

            for record in evidence_of_backtest(results, spool, known, roster, rules, rules_text):
                kept.add(record)

    with LiveStages(quiet=as_json) as stages:
        stages.stage("reading")
        run = backtest_files(
            *(files, readers, roster, rules), progress=stages.ingesting, processes=processes, afterwards=keep
        )
    faults = faults_of(run.files, run.letters)
    contradictions = contradictions_of(run.results.amplifications)
    if as_json:
        document = document_of(run.results, run.tally, run.refused, seconds=round(run.seconds, 3))
        write_json(
            document
            | files_document(run.files)
            | warnings_document(faults, run.roster, run.unknown_quotes, contradictions)
        )
    else:
        console = stdout()
        print_files(console, run.files)
        print_report(console, run.results, run.tally, run.refused, run.seconds)
        print_sampled(console, run.refused, run.letters)
        print_rules(console, run.results)
    if directory is not None:  # last: a full disk must not cost the report
        write_results(directory, run.results, run.letters, kept)
    end_with_faults(faults, run.roster, run.unknown_quotes, run.screened.get("no_author", 0), contradictions)
