"""`antiphon export`: an enriched topic as a file for spreadsheets, scripts and analysis."""

import asyncio
from pathlib import Path
from typing import Final, cast

import click
from rich.text import Text

from streams.cli.options import settings_options
from streams.cli.record_reading import ReadProgress, from_option, parse_when, records_of
from streams.cli.stopping import stopped_in_order
from streams.cli.terminal import counted, progress, stderr
from streams.core.enriched_topics import ENRICHED_TOPICS, EnrichedTopic, enriched_topic_named
from streams.errors import InputError
from streams.jobs.exporting import Collected, ExportFilter, sorting_database
from streams.printable import printable
from streams.settings import Settings
from streams.sinks.table_files import FORMATS, TableFormat, require_format, written_whole

__all__ = ["export"]

_NAMES: Final = tuple(topic.name for topic in ENRICHED_TOPICS)
_ENDINGS: Final[dict[str, TableFormat]] = {
    ".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet",
}  # fmt: skip


@click.command()
@click.argument("topic_name", metavar="TOPIC", type=click.Choice(_NAMES))
@settings_options()
@from_option
@click.option("--out", required=True, metavar="FILE", help="The file to write; what stands there is replaced.")
@click.option("--format", "file_format", type=click.Choice(FORMATS), help="[by the ending of FILE]")
@click.option("--since", metavar="WHEN", help="Only records from then on: 2026-11-28, or how long ago, 7d.")
@click.option("--until", metavar="WHEN", help="Only records before that.")
@click.option("--country", metavar="XX", help="Only of officials of this State (ISO 3166).")
@click.option("--rule", metavar="NAME", help="Only of this rule (alerts).")
@click.option(
    "--versions", type=click.Choice(("last", "all")), default="last", show_default=True,
    help="Of several records of one thing: the last, which is valid, or all that the topic still holds.",
)  # fmt: skip
def export(
    topic_name: str,
    settings: Settings,
    folder: str | None,
    out: str,
    file_format: str | None,
    since: str | None,
    until: str | None,
    country: str | None,
    rule: str | None,
    versions: str,
) -> None:
    """Write the records of an enriched topic to FILE: as CSV, as NDJSON just as they stand on the topic, or as Parquet.

    Only committed records are read, up to where the topic ends now. The time of a record is when the amplification was
    made, the alert fired, the aftermath opened, the subject of the dossier was last amplified. The order depends on
    nothing but the records. docs/consuming.md says how nested fields become columns.

    \b
    Examples:
      antiphon export alerts --out alerts.csv
      antiphon export amplifications --out 2026.parquet --since 2026-01-01 --until 2027-01-01 --country IR
      antiphon export dossiers --from results/ --out dossiers.ndjson
    """
    topic = enriched_topic_named(topic_name)
    if rule is not None and "rule" not in topic.record.__struct_fields__:
        raise InputError(f"records of {topic_name} have no rule", remedy="leave --rule out, or export alerts")
    part = ExportFilter(
        since=parse_when(since, "--since"),
        until=parse_when(until, "--until"),
        country=None if country is None else country.upper(),
        rule=rule,
        all_versions=versions == "all",
    )
    path = Path(out)
    chosen = cast("TableFormat", file_format) if file_format else _by_ending(path)
    require_format(chosen)
    if not path.parent.is_dir() or path.is_dir():
        raise InputError(
            f"{printable(out)} cannot be written: no such folder, or a folder itself", remedy="name a file"
        )
    with stopped_in_order():
        asyncio.run(_export(settings, topic, part, folder, path, chosen))


def _by_ending(path: Path) -> TableFormat:
    found = _ENDINGS.get(path.suffix.lower())
    if found is None:
        raise InputError(
            f"{printable(path.name)} does not say by its ending what it is to be",
            remedy=f"name a file that ends with {', '.join(_ENDINGS)}, or say --format",
        )
    return found


async def _export(
    settings: Settings,
    topic: EnrichedTopic,
    part: ExportFilter,
    folder: str | None,
    path: Path,
    file_format: TableFormat,
) -> None:
    looked = ReadProgress()
    with sorting_database(path) as database:
        collected = Collected(database, topic, part)
        async with records_of(settings, folder, looked) as records:
            with progress(f"reading {topic.name}") as looked.advance:
                await collected.take_all(records)
            looked_at = records.looked_at
        with progress(f"writing {path.name}") as advance, written_whole(path, topic, file_format) as write:
            written = write(collected.values(advance))
    said = f"Wrote {counted(written, 'record')} of {looked_at:,} on {topic.name} to {printable(str(path))}."
    if collected.unreadable:
        said += f" {counted(collected.unreadable, 'record')} left out, which no version of Antiphon wrote."
    stderr().print(Text(said))
