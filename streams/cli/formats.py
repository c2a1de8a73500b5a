"""`antiphon formats`: which files can be read, and what they can tell."""

import click
import msgspec
from rich.text import Text

from streams.cli.options import json_option
from streams.cli.terminal import row, stdout, table, write_json
from streams.formats.descriptions import description_of
from streams.formats.registry import all_formats

__all__ = ["formats"]


@click.command()
@json_option
def formats(as_json: bool) -> None:
    """List the formats that can be read: what each holds, the events it yields, and what no file of it can say.

    Without --format each input is read in the format that its first lines tell. docs/formats.md has every field.
    """
    described = [(name, description_of(reader)) for name, reader in all_formats().items()]
    if as_json:
        write_json({"formats": [{"name": name} | msgspec.structs.asdict(each) for name, each in described]})
        return
    found = table("format", "holds", "yields", "lacks")
    for name, each in described:
        row(found, name, each.holds, each.yields, each.lacks)
    console = stdout()
    console.print(found)
    console.print(Text("Files may be gz, bz2, xz or zst, in a tar, a zip or a folder; - is standard input."))
