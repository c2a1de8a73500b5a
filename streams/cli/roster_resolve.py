"""`antiphon roster resolve`: ids for handles, and whether handles and ids still belong together."""

import asyncio
import difflib
import os
import tempfile
from collections import Counter
from contextlib import suppress
from typing import Final

import click
from rich.text import Text

from streams.cli.inputs import roster_bytes
from streams.cli.options import json_option
from streams.cli.terminal import counted, progress, row, stderr, stdout, table, write_json
from streams.collectors.bluesky.identity import APPVIEW, DIRECTORY
from streams.collectors.mastodon.mastodon import addresses_of
from streams.collectors.name_services import NAMED_PLATFORMS, resolve_names
from streams.collectors.public_hosts import place_of
from streams.collectors.roster_names import Resolution
from streams.core.rosters.roster_file import parse_roster
from streams.errors import AntiphonError, InputError
from streams.printable import printable

__all__ = ["resolve", "server_option"]

_LISTED: Final = 40
_PLATFORMS: Final = "Bluesky and Mastodon"
_WELL: Final = frozenset({"confirmed", "resolved"})
_NOTEWORTHY: Final = ("moved", "vanished", "disagrees", "unknown")


@click.command("resolve")
@click.argument("file")
@click.option("--out", metavar="CSV", help="Write the roster with what was found there.")
@click.option("--force", is_flag=True, help="Overwrite CSV.")
@click.option("--write", is_flag=True, help="Write what was found into FILE itself.")
@click.option("--appview", metavar="URL", default=APPVIEW, show_default=True, help="Who resolves handles.")
@click.option("--directory", metavar="URL", default=DIRECTORY, show_default=True, help="The identity directory.")
@click.option(
    "--mastodon",
    "addresses",
    metavar="NAME=URL,…",
    default="",
    help="Servers of Mastodon that answer elsewhere than at https://NAME.",
)
@json_option
@click.pass_context
def resolve(
    ctx: click.Context,
    file: str,
    out: str | None,
    force: bool,
    write: bool,
    appview: str,
    directory: str,
    addresses: str,
    as_json: bool,
) -> None:
    """Find the ids of a roster's handles, and see whether handles and ids still belong together.

    A handle counts where it leads to an account and the account has that handle: both ways. Bluesky's AppView and
    identity directory are asked, and the own servers of accounts on Mastodon. Accounts of other platforms stay as they
    are. Without --out and --write nothing is written: what would change is shown.

    Exit status 1 if an account moved, vanished, could not be asked or calls itself otherwise.

    \b
    Examples:
      antiphon roster resolve roster.csv
      antiphon roster resolve roster.csv --out resolved.csv && antiphon roster publish resolved.csv
    """
    if write and out is not None:
        raise click.UsageError("--write and --out are two places: give one")
    if write and file == "-":
        raise click.UsageError("--write needs a FILE")
    if out is not None and os.path.lexists(out) and not force:
        raise InputError(f"{printable(out)} is there already.", remedy="Name another file, or overwrite it: --force.")
    data = roster_bytes(file, or_stdin=True)
    roster = parse_roster(data, file)
    servers = server_option(appview, "--appview"), server_option(directory, "--directory")
    accounts = {entry.account_key: entry.platform in NAMED_PLATFORMS for entry in roster.entries}
    others = sum(not is_asked for is_asked in accounts.values())
    with progress("accounts resolved", len(accounts) - others) as bar:
        resolutions, changed = asyncio.run(
            resolve_names(data, file, *servers, bar, mastodon=addresses_of(addresses, "--mastodon"))
        )
    changes = sum(each.is_change for each in resolutions)
    target = file if write else out
    if target is not None and (changes or out is not None):
        _replace(target, changed)
    if as_json:
        write_json(
            {
                "file": printable(file),
                "written": None if target is None or not (changes or out is not None) else printable(target),
                "changes": changes,
                "outcomes": dict(Counter(each.outcome for each in resolutions)),
                "accounts": resolutions,
                "other_platforms": others,
            }
        )
    else:
        _print(file, resolutions, others, None if target is None else printable(target))
        if target is None and changes:
            _print_difference(file, data, changed)
    if any(each.outcome not in _WELL for each in resolutions):
        ctx.exit(1)


def server_option(url: str, option: str) -> str:
    """The address that an option gives. Raises a usage error that names the option."""
    if url.startswith(("http://", "https://")):
        with suppress(ValueError):
            place_of(url)
            return url
    raise click.UsageError(f"{option} is no http or https address")


def _replace(target: str, data: bytes) -> None:
    """The whole file or, after a crash, the one before."""
    folder = os.path.dirname(os.path.abspath(target))
    try:
        handle, name = tempfile.mkstemp(dir=folder, prefix=".roster-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, os.stat(target).st_mode & 0o777 if os.path.exists(target) else 0o644)
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise AntiphonError(
            f"{printable(target)}: {error.strerror}", remedy="name a place that can be written"
        ) from error


def _print(file: str, resolutions: list[Resolution], others: int, target: str | None) -> None:
    counts = Counter(each.outcome for each in resolutions)
    console = stdout()
    said = ", ".join(f"{counts[name]:,} {name}" for name in ("confirmed", "resolved", *_NOTEWORTHY) if counts[name])
    console.print(Text.assemble((printable(file), "bold"), f": {counted(len(resolutions), 'account')} of {_PLATFORMS}"))
    if said:
        console.print(Text(f"  {said}"))
    if others:
        console.print(Text(f"  {counted(others, 'account')} of other platforms left as they are"))
    noteworthy = [each for each in resolutions if each.outcome in _NOTEWORTHY]
    if noteworthy:
        made = table("Account", "Outcome", "What is so")
        for each in noteworthy[:_LISTED]:
            row(made, each.was_handle or each.was_id, each.outcome, each.detail)
        console.print(made)
        if len(noteworthy) > _LISTED:
            console.print(Text(f"… and {len(noteworthy) - _LISTED:,} more (--json)"))
    if target is not None and any(each.is_change for each in resolutions):
        console.print(Text(f"Written to {target}."))


def _print_difference(file: str, before: bytes, after: bytes) -> None:
    lines = difflib.unified_diff(
        before.decode("utf-8-sig").splitlines(), after.decode().splitlines(), file, "resolved", lineterm="", n=0
    )
    console = stdout()
    for line in lines:
        console.print(Text(printable(line)), soft_wrap=True)
    stderr().print(Text("Nothing was written: give --out CSV, or --write."))
