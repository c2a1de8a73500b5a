"""`antiphon roster history`: which rosters were published, when and why."""

import asyncio

import click
from rich.text import Text

from streams.cli.options import json_option, settings_options
from streams.cli.roster_diff import entries_summary
from streams.cli.terminal import progress, row, stdout, table, write_json
from streams.core.corrections.entry_changes import entry_changes
from streams.kafka.roster_history import KeptRoster, kept_rosters
from streams.kafka.roster_topic import published_roster
from streams.settings import Settings
from streams.topic_names import EVIDENCE

__all__ = ["history"]


@click.command()
@settings_options()
@json_option
def history(settings: Settings, as_json: bool) -> None:
    """List the rosters that were published, the last first: when each last was, its digest, and why.

    They are kept on the topic `evidence`; `antiphon roster restore DIGEST` puts one in force again. A roster that was
    published more than once is there once.

    \b
    Example: antiphon roster history --broker 127.0.0.1:9092
    """
    in_force = asyncio.run(published_roster(settings)).roster
    with progress("reading evidence") as done:
        found = asyncio.run(kept_rosters(settings, done))
    digest = None if in_force is None else in_force.digest
    if as_json:
        write_json({"in_force": digest, "rosters": [_described(each, digest) for each in found]})
        return
    console = stdout()
    if not found:
        console.print(Text(f"No roster is kept on {settings.topic(EVIDENCE)}."))
        return
    made = table("Published", "Digest", "Entries", "Against the one before", "Why", right=("Entries",))
    for each, before in zip(found, [*found[1:], None], strict=True):
        mark = Text(each.digest[:12], "bold" if each.digest == digest else "")
        entries = None if each.roster is None else len(each.roster.entries)
        row(made, f"{each.published_at:%Y-%m-%d %H:%M}", mark, entries, _against(each, before), _why(each, digest))
    console.print(made)


def _against(each: KeptRoster, before: KeptRoster | None) -> str:
    if each.roster is None:
        return each.problem
    if before is None:
        return "the first that is kept"
    return "unknown" if before.roster is None else entries_summary(entry_changes(before.roster, each.roster))


def _why(each: KeptRoster, in_force: str | None) -> str:
    marks = ["in force"] if each.digest == in_force else []
    marks += ["correction"] if each.correction else []
    return "; ".join([*marks, *([each.reason] if each.reason else [])])


def _described(each: KeptRoster, in_force: str | None) -> dict[str, object]:
    return {
        "digest": each.digest,
        "published_at": each.published_at,
        "entries": None if each.roster is None else len(each.roster.entries),
        "in_force": each.digest == in_force,
        "reason": each.reason,
        "correction": each.correction,
        "problem": each.problem or None,
    }
