"""`antiphon roster keep`: a roster on the topic `evidence` again, without putting it in force."""

import asyncio
from typing import Any

import click
from rich.text import Text

from streams.cli.inputs import read_roster
from streams.cli.options import json_option, settings_options
from streams.cli.terminal import counted, stdout, write_json
from streams.kafka.roster_topic import keep_roster
from streams.printable import printable
from streams.settings import Settings
from streams.topic_names import EVIDENCE

__all__ = ["keep"]


@click.command()
@click.argument("file")
@click.option("--reason", metavar="TEXT", default="", help="Why it was published, for `antiphon roster history`.")
@settings_options()
@json_option
def keep(file: str, reason: str, settings: Settings, as_json: bool) -> None:
    """Keep a roster FILE (CSV) as evidence, and leave the roster in force as it is.

    `roster publish` does this by itself. It is needed again where a broker lost its newest records: alerts that name a
    roster which is gone have no proof until it is back. The digest says whether it is the one that they name.

    \b
    Example: antiphon roster keep roster-of-may.csv --broker 127.0.0.1:9092
    """
    roster = read_roster(file)
    asyncio.run(keep_roster(settings, roster, reason.strip()))
    topic = settings.topic(EVIDENCE)
    if as_json:
        document: dict[str, Any] = {"file": printable(file), "topic": topic, "digest": roster.digest}
        write_json(document | {"entries": len(roster.entries)})
        return
    entries = counted(len(roster.entries), "entry")
    stdout().print(Text(f"{topic} has the roster {roster.digest[:12]} of {entries}. The roster in force is unchanged."))
