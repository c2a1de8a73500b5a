"""`antiphon ingest`: files of posts to the raw topics."""

import asyncio

import click
from rich.console import Console
from rich.text import Text

from streams.cli.inputs import LiveStages
from streams.cli.options import format_option, json_option, settings_options
from streams.cli.report_input import end_with_faults, files_document, print_files, warnings_document
from streams.cli.terminal import stdout, write_json
from streams.formats.registry import readers_named
from streams.formats.tally import Tally
from streams.jobs.ingestion import ingest as ingest_files
from streams.jobs.input_faults import faults_of
from streams.kafka.administration import topic_states
from streams.kafka.client import BrokerError
from streams.settings import Settings

__all__ = ["ingest"]


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@format_option
@settings_options()
@json_option
def ingest(files: tuple[str, ...], format_names: tuple[str, ...], settings: Settings, as_json: bool) -> None:
    """Read FILEs and write their events to the raw topics.

    A FILE is a file (plain, gz, bz2, xz or zst), a tar, a zip, a folder, or - for standard input.

    A line that cannot be read becomes a dead letter with file and line number; the run goes on. Ingesting a file twice
    counts nothing twice.

    \b
    Example: antiphon ingest statuses.jsonl.xz --broker 127.0.0.1:9092
    """
    readers = readers_named(*format_names)
    missing = [state.name for state in asyncio.run(topic_states(settings)) if not state.partitions]
    if missing:
        raise BrokerError(f"topics are missing: {', '.join(missing)}", remedy="run `antiphon topics create` first")
    with LiveStages(quiet=as_json) as stages:
        stages.stage("ingesting")
        done = asyncio.run(ingest_files(files, readers, settings, stages.ingesting))
    faults = faults_of(done.files, done.letters.kept)
    if as_json:
        document = {"tally": done.tally, "written": {f"{t}/{p}": end for (t, p), end in sorted(done.written.items())}}
        write_json(document | files_document(done.files) | warnings_document(faults, []))
    else:
        print_files(stdout(), done.files)
        print_tally(stdout(), done.tally)
    end_with_faults(faults, [])


def print_tally(console: Console, tally: Tally) -> None:
    """The account of the lines in words: every line is an event, skipped by name, or a dead letter."""
    console.print(Text(f"{tally.lines:,} lines: {tally.events:,} events"))
    for name, count in sorted(tally.skipped.items()):
        console.print(Text(f"  {count:,} skipped: {name}"))
    for reason, count in sorted(tally.rejected.items()):
        console.print(Text(f"  {count:,} dead letters: {reason}"))
