"""`antiphon demo`: the whole pipeline, from topics to alerts, over the bundled case or files of one's own."""

from pathlib import Path

import click
from rich.text import Text

from streams.cases import CASES
from streams.cli.console import open_folder
from streams.cli.inputs import LiveStages, read_roster
from streams.cli.options import format_option, json_option
from streams.cli.proof_hint import proof_command
from streams.cli.report import document_of, print_report, print_sampled
from streams.cli.report_input import end_with_faults, files_document, print_files, warnings_document
from streams.cli.stopping import stopped_in_order
from streams.cli.terminal import stdout, write_json
from streams.console.web.settings import load_console_settings
from streams.core.tracking.contradictions import contradictions_of
from streams.errors import InputError
from streams.formats.registry import readers_named
from streams.jobs.demo import demo_broker, run_demo
from streams.jobs.evidence_of_runs import evidence_of_topics
from streams.jobs.input_faults import faults_of
from streams.jobs.scratch import scratch_folder
from streams.printable import printable
from streams.rules_loading import load_rules
from streams.settings import load_settings
from streams.sinks.evidence_file import EvidenceFile
from streams.sinks.ndjson import prepare_directory, write_results

__all__ = ["demo"]

_OF_THE_CASE = "Totals are those of the published analysis; single events are made up (see the case README)."
_OF_OTHER_CASES = "What of this is real and what is made up for the case is in its README."


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE…]")
@click.option(
    "--case", "case_name", type=click.Choice(tuple(CASES)), help="Which bundled case to replay. [khamenei-site]"
)
@format_option
@click.option("--roster", "roster_file", metavar="R", help="Who is an official (CSV). [the case's own]")
@click.option("--rules", "rules_file", metavar="T", help="Rules (TOML). [the bundled rules]")
@click.option("--broker", default="embedded", show_default=True, metavar="embedded|HOST:PORT", help="Where to run.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Worker processes.")
@click.option("--partitions", type=click.IntRange(1, 1000), help="Partitions of each raw topic. [as `topics create`]")
@click.option("--out", metavar="DIR", help="Write one NDJSON file per enriched topic there, and the evidence.")
@click.option("--console", "opens", is_flag=True, help="Open what came out in a browser: serve pages until Ctrl-C.")
@json_option
def demo(
    files: tuple[str, ...],
    case_name: str | None,
    format_names: tuple[str, ...],
    roster_file: str | None,
    rules_file: str | None,
    broker: str,
    workers: int,
    partitions: int | None,
    out: str | None,
    opens: bool,
    as_json: bool,
) -> None:
    """Run the real pipeline once: topics, roster, workers, ingestion, rolling counts, alerts.

    Without FILE it replays the bundled case of @Khamenei_site on an embedded broker. Topics are made under a prefix of
    their own and removed at the end; no process is left behind.

    \b
    Examples:
      antiphon demo
      antiphon demo --console
      antiphon demo --case khamenei-site-successor
      antiphon demo statuses.jsonl.xz --roster roster.csv --broker 127.0.0.1:9092 --workers 3
    """
    if files and not roster_file:
        raise InputError("FILEs need --roster", remedy="see `antiphon demo --help` for an example")
    if files and case_name:
        raise InputError("FILEs and --case exclude each other", remedy="leave one of the two out")
    case = CASES[case_name or "khamenei-site"]
    readers = readers_named(*(format_names if files else ("canonical",)))
    roster = read_roster(roster_file or str(case.roster))
    load_rules(
        None if rules_file is None else Path(rules_file)
    )  # a wrong file is refused here, before anything is started
    context = click.get_current_context()
    console_settings = load_console_settings()  # also refused before anything is started
    directory = None if out is None else prepare_directory(out)
    if opens and directory is None:
        directory = context.with_resource(scratch_folder())
    kept = None if directory is None else context.with_resource(EvidenceFile(directory))
    paths = files or (str(case.events),)
    settings = load_settings({"rules_file": rules_file, "broker": None if broker == "embedded" else broker})
    with stopped_in_order(), LiveStages(quiet=as_json) as stages:
        stages.stage("starting the embedded broker" if broker == "embedded" else f"using the broker at {broker}")
        with demo_broker(broker, settings, workers) as fresh:
            run = run_demo(
                *(fresh, paths, readers, roster, stages),
                workers=workers,
                raw_partitions=partitions,
                afterwards=None if kept is None else lambda settings: evidence_of_topics(settings, kept.add),
            )
    faults = faults_of(run.files, run.letters)
    contradictions = contradictions_of(run.results.amplifications)
    proving = proof_command(
        run.results,
        files or ("--case", case_name or "khamenei-site"),
        roster=roster_file,
        rules=rules_file,
        formats=format_names if files else (),
        out=out,
    )
    if as_json:
        document = document_of(run.results, run.tally, run.refused, seconds=round(run.seconds, 3), workers=workers)
        write_json(
            document
            | files_document(run.files)
            | warnings_document(faults, run.roster, run.unknown_quotes, contradictions)
            | {"proof_command": proving}
        )
    else:
        console = stdout()
        print_files(console, run.files)
        print_report(console, run.results, run.tally, run.refused, run.seconds)
        print_sampled(console, run.refused, run.letters)
        if not files:
            console.print(Text(_OF_OTHER_CASES if case_name not in (None, "khamenei-site") else _OF_THE_CASE))
        if proving is not None:
            console.print(Text("\nThe first alert, as a file from which anybody can recompute it:"))
            console.print(Text(proving), soft_wrap=True)  # to be pasted: a line break in it would end the command
    if directory is not None:  # last: a full disk must not cost the report
        write_results(directory, run.results, run.letters, kept)
        if opens:
            open_folder(str(directory), console_settings, "The case", _how_to_keep(out))
    end_with_faults(faults, run.roster, run.unknown_quotes, contradictions=contradictions)


def _how_to_keep(out: str | None) -> str:
    """What to do for pages that outlast the command, and for some that others can open."""
    fate = "What it shows is deleted then; --out DIR keeps it" if out is None else f"What it shows is kept in {out}"
    return printable(
        f"{fate}. `antiphon console {out or 'DIR'}` opens it again, and `antiphon console export PAGES --results "
        f"{out or 'DIR'}` writes it as files to send."
    )
