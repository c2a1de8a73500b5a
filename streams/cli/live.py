"""`antiphon live`: watch the officials of a roster in real time; one command starts everything that it takes."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
from rich.text import Text

from streams.cli.groups import CommandGroup
from streams.cli.inputs import roster_bytes
from streams.cli.live_view import LiveView
from streams.cli.roster_resolve import server_option
from streams.cli.stopping import stopped_in_order
from streams.cli.terminal import counted, progress, stderr
from streams.collectors.bluesky.identity import APPVIEW, DIRECTORY
from streams.collectors.name_services import resolve_names
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_file import parse_roster
from streams.errors import InputError
from streams.formats.bluesky.jetstream_fields import BLUESKY
from streams.printable import printable
from streams.rosters import BLUESKY_GOVERNMENTS
from streams.rules_loading import load_rules
from streams.setting_sources import COLLECT_PREFIX
from streams.settings import load_settings

__all__ = ["live"]

_NAMED: Final = 5  # accounts that a message names


@click.group(cls=CommandGroup)
def live() -> None:
    """Watch officials in real time: broker, worker and collectors are started, and ended with Ctrl-C."""


@live.command()
@click.option("--roster", "roster_file", metavar="R", help="Who is an official (CSV). [governments, as bundled]")
@click.option("--rules", "rules_file", metavar="T", help="Rules (TOML). [the bundled rules]")
@click.option("--broker", default="embedded", show_default=True, metavar="embedded|HOST:PORT", help="Where to run.")
@click.option("--hosts", metavar="HOST,…", help="Jetstream servers, as `antiphon collect jetstream` has them.")
@click.option("--appview", metavar="URL", default=APPVIEW, show_default=True, help="Who tells handles and profiles.")
@click.option("--directory", metavar="URL", default=DIRECTORY, show_default=True, help="The identity directory.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="End after so long. [Ctrl-C ends it]")
@click.option("--json", "as_json", is_flag=True, help="Print each alert as a line of JSON, and nothing else.")
def bluesky(
    roster_file: str | None,
    rules_file: str | None,
    broker: str,
    hosts: str | None,
    appview: str,
    directory: str,
    seconds: float | None,
    as_json: bool,
) -> None:
    """Watch the officials of a roster on Bluesky: whom they amplify, and the alerts, as it happens. No key is needed.

    It starts a broker in memory, a worker, the collector of Bluesky's Jetstream and the one that looks accounts up, and
    shows a table that is renewed every second. Counts begin when it starts; with the embedded broker all is gone at the
    end. With --broker HOST:PORT results stay there, and the next run goes on where this one was.

    Officials without an id are resolved first, by their handles, both ways (see `antiphon roster resolve`).

    \b
    Examples:
      antiphon live bluesky
      antiphon live bluesky --roster roster.csv --broker 127.0.0.1:9092
      antiphon live bluesky --seconds 3600 --json > alerts.ndjson
    """
    from streams.jobs.live import live_broker, prepare_topics, run_live
    from streams.jobs.workers import Program

    load_rules(None if rules_file is None else Path(rules_file))
    settings = load_settings({"rules_file": rules_file, "broker": None if broker == "embedded" else broker})
    servers = server_option(appview, "--appview"), server_option(directory, "--directory")
    own = _collect_environment(os.environ)
    # A look begins now: the history of a hundred officials is for who stays.
    jetstream = ("collect", "jetstream", "--history", "false", *(() if hosts is None else ("--hosts", hosts)))
    enrich = ("collect", "enrich", "--appview", appview, "--directory", directory)
    programs = [
        Program(name="the worker", arguments=("worker",)),
        Program(name="the collector `jetstream`", arguments=jetstream, environment=own),
        Program(name="the collector `enrich`", arguments=enrich, environment=own),
    ]
    with stopped_in_order():
        data = roster_bytes(roster_file or str(BLUESKY_GOVERNMENTS))
        name = roster_file or BLUESKY_GOVERNMENTS.name
        roster = _with_ids(data, name, servers)
        view = LiveView(roster, as_json=as_json)
        with live_broker(broker, settings) as running:
            view.begin(running.broker)
            prepare_topics(running, roster)
            with view:
                run_live(running, programs, view.show, seconds=seconds)
        view.end()


def _collect_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Settings of collectors reach them; those of the broker are this command's."""
    return {name: value for name, value in environ.items() if name.startswith(COLLECT_PREFIX)}


def _with_ids(data: bytes, name: str, servers: tuple[str, str]) -> Roster:
    """The roster, with the ids of those accounts that had none. Raises `InputError` where nobody is left to watch."""
    roster = parse_roster(data, name)
    ours = [entry for entry in roster.entries if entry.platform == BLUESKY]
    if not ours:
        raise InputError(
            f"{printable(name)}: nobody on the roster is on {BLUESKY}", remedy="name officials of that platform"
        )
    if all(entry.account_id for entry in ours):
        return roster
    appview, directory = servers
    with progress("accounts resolved", len({entry.account_key for entry in ours})) as bar:
        resolutions, found = asyncio.run(resolve_names(data, name, appview, directory, bar, platforms=(BLUESKY,)))
    roster = parse_roster(found, name)
    missing = [each for each in resolutions if each.account_id is None]
    if len(missing) == len(resolutions):
        raise InputError(
            f"{printable(name)}: none of {counted(len(resolutions), 'account')} could be resolved "
            f"({printable(missing[0].detail)})",
            remedy="see `antiphon roster resolve`, and whether this machine reaches the servers",
        )
    if missing:
        named = ", ".join(printable(each.was_handle or "") for each in missing[:_NAMED])
        more = f" and {len(missing) - _NAMED:,} more" if len(missing) > _NAMED else ""
        said = f"Not watched, for their handles lead to nobody: {named}{more} (`antiphon roster resolve` says why)."
        stderr().print(Text(said))
    return roster
