"""`antiphon schemas`: the public contract as files."""

from pathlib import Path

import click
from rich.text import Text

from streams.cli.groups import CommandGroup
from streams.cli.options import json_option
from streams.cli.terminal import stdout, write_json
from streams.errors import InputError
from streams.printable import printable, why_unreadable

__all__ = ["schemas"]


@click.group(cls=CommandGroup)
def schemas() -> None:
    """The JSON Schemas of every public payload, examples, and the AsyncAPI document of all topics."""


@schemas.command("export")
@click.argument("directory", metavar="DIR")
@json_option
def export(directory: str, as_json: bool) -> None:
    """Write all files into DIR, replacing what stands there under their names.

    \b
    Example: antiphon schemas export schemas
    """
    from streams.schemas import export as write_files

    try:
        written = write_files(Path(directory))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{directory}: {why_unreadable(error)}", remedy="name a directory that can be written to"
        ) from error
    if as_json:
        write_json({"directory": printable(directory), "files": written})
    else:
        stdout().print(Text(f"Wrote {len(written)} files to {printable(directory)}."))


@schemas.command("check")
@click.argument("directory", metavar="[DIR]", default="schemas", required=False)
@json_option
@click.pass_context
def check(ctx: click.Context, directory: str, as_json: bool) -> None:
    """Compare DIR (default: schemas) with what this version writes, and with the last release in DIR/baseline.

    Exit status 1 if a file differs, or if a change breaks those who read or write the topics.
    """
    from streams.schemas import check as find_problems

    problems = find_problems(Path(directory))
    if as_json:
        write_json({"directory": printable(directory), "valid": not problems, "problems": problems})
    else:
        console = stdout()
        for problem in problems:
            console.print(Text(printable(problem)), soft_wrap=True)
        if not problems:
            console.print(Text(f"{printable(directory)} is what this version writes, and breaks nobody."))
    ctx.exit(1 if problems else 0)
