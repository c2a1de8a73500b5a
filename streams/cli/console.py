"""`antiphon console`: the pages that people open, over topics or over a folder of results."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from rich.text import Text

from streams.cli.groups import CommandGroup
from streams.cli.options import json_option, settings_options
from streams.cli.stopping import ended_by_ctrl_c, stopped_in_order
from streams.cli.terminal import progress, stderr, stdout, write_json
from streams.console.web.settings import ConsoleSettings, load_console_settings
from streams.errors import InputError
from streams.jobs.scratch import scratch_folder
from streams.printable import printable
from streams.settings import Settings

__all__ = ["console", "open_folder"]

_SERVE: Final = "serve"
_PATIENT_SECONDS: Final = 60.0  # for a question; nobody waits at a browser


class _Console(CommandGroup):
    """Serves unless told otherwise: `antiphon console`, `antiphon console DIR`, `antiphon console --listen …`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What names no command is meant for the one that serves."""
        if not args or args[0] not in {*self.commands, "-h", "--help"}:
            args = [_SERVE, *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Console)
def console() -> None:
    """Open the alerts and what they rest on in a browser: pages over the topics, or over a folder of results.

    \b
    antiphon console [DIR] [OPTIONS]   serves pages; the options are those of `antiphon console serve --help`
    antiphon console export DIR        writes all pages as files that open from disk

    It reads, and never writes to the broker. What it keeps may be deleted at any time.

    \b
    Examples:
      antiphon demo --out results && antiphon console results
      antiphon console --broker 127.0.0.1:9092
      antiphon console --listen 0.0.0.0:8081 --token-file token.txt
    """


@console.command(_SERVE)
@click.argument("folder", required=False, metavar="[DIR]")
@click.option("--listen", metavar="HOST:PORT", help="Where to serve. [ANTIPHON_CONSOLE_LISTEN, else 127.0.0.1:8081]")
@click.option(
    "--store", metavar="DIR", help="Where to keep what was read. [ANTIPHON_CONSOLE_STORE, else by --data-dir]"
)
@click.option(
    "--token-file", metavar="FILE", help="What browsers have to know. [ANTIPHON_CONSOLE_TOKEN_FILE, else none]"
)
@settings_options("app_id", "data_dir", "log_format", "log_level")
@click.pass_context
def serve(
    ctx: click.Context,
    settings: Settings,
    folder: str | None,
    listen: str | None,
    store: str | None,
    token_file: str | None,
) -> None:
    """Serve the pages until Ctrl-C or SIGTERM: of the topics of a broker, or of DIR.

    DIR is a folder that `antiphon demo --out DIR` or `antiphon backtest --out DIR` wrote; no broker is needed. Without
    it the topics are read, in no consumer group, into a store in SQLite, by a process of its own; the next start goes
    on where that was. Where topics were recreated, another store is built, and pages are answered from the old one
    meanwhile. The store may be deleted at any time.

    Pages are for this machine alone, unless --listen names another address: then a token is required, or a proxy that
    says who people are (ANTIPHON_CONSOLE_PROXY_USER_HEADER).

    \b
    Examples:
      antiphon console results
      antiphon console --broker 127.0.0.1:9092 --listen 127.0.0.1:8081
    """
    from streams.cli.logs import log_as_worker
    from streams.console.feed.process import FeedProcess
    from streams.console.running import run_console

    given = {"listen": listen, "store": store, "token_file": token_file}
    own = load_console_settings(given, config_file=ctx.params["config_file"])
    if folder is not None:
        _refuse_together(ctx.params)
        open_folder(folder, own)
        return
    place = Path(own.store) if own.store else settings.state_directory / "console"
    log_as_worker(settings)
    with FeedProcess(settings, place) as feed:
        said = _say(f"the console of {settings.broker}")
        run_console(own, place, feed, said if settings.log_format == "text" else lambda _url: None)


@console.command("export")
@click.argument("directory", metavar="DIR")
@click.option("--results", metavar="FOLDER", help="Of what `antiphon demo --out` or `antiphon backtest --out` wrote.")
@click.option("--store", metavar="FOLDER", help="Of what a console that reads topics keeps, as --store told it.")
@json_option
def export(directory: str, results: str | None, store: str | None, as_json: bool) -> None:
    """Write all pages to DIR, with their data and figures: files that open from disk, without scripts.

    DIR is a new folder, or one that this command wrote: then its files are replaced. What a page can only answer when
    it is asked, filters and moments, is left out. Nothing in DIR tells of this machine.

    \b
    Examples:
      antiphon console export pages --results results
      antiphon console export pages --store /var/lib/antiphon/console
    """
    from streams.console.feed.from_folder import fill_from_folder
    from streams.console.static_pages import write_static_pages
    from streams.console.store.reading import Store

    if (results is None) == (store is None):
        raise click.UsageError("name either --results FOLDER or --store FOLDER")
    with stopped_in_order(), ExitStack() as until_the_end:
        place = Path(store or until_the_end.enter_context(scratch_folder()))
        if results is not None:
            with progress("records read") as advance:
                fill_from_folder(results, place, lambda _topic, lines: advance(lines))
        opened = Store(place, deadline_seconds=_PATIENT_SECONDS)
        until_the_end.callback(opened.close)
        opened.generation()  # raises where there is none
        with progress("files written") as advance:
            written = write_static_pages(opened, Path(directory), progress=advance)
    if as_json:
        write_json(msgspec.to_builtins(written) | {"directory": printable(directory)})
        return
    stdout().print(
        Text(f"Wrote {written.pages:,} pages, {written.files:,} files: open {printable(directory)}/index.html")
    )
    if written.left_out:
        stderr().print(Text(f"{written.left_out:,} pages are left out, because there are too many."))


@console.command("feed", hidden=True)
@click.argument("folder", metavar="DIR")
@settings_options("log_format", "log_level")
def feed(settings: Settings, folder: str) -> None:
    """What the console starts to fill its store."""
    from streams.cli.logs import log_as_worker
    from streams.console.feed.process import run_feed

    log_as_worker(settings)
    run_feed(settings, Path(folder))


def open_folder(folder: str, own: ConsoleSettings, called: str = "", hint: str = "") -> None:
    """Serve a folder of results until Ctrl-C; `called` is what people are told is open, and `hint` a line more.
    Raises `InputError` for one that has none, and `ConfigurationError`.
    """
    from streams.console.feed.from_folder import fill_from_folder
    from streams.console.running import run_console

    with stopped_in_order(), ended_by_ctrl_c(without_end=True), ExitStack() as until_the_end:
        place = Path(own.store) if own.store else until_the_end.enter_context(scratch_folder())
        place.mkdir(parents=True, exist_ok=True)
        with progress("records read") as advance:
            fill_from_folder(folder, place, lambda _topic, lines: advance(lines))
        run_console(own, place, None, _say(called or folder, hint))


def _refuse_together(parameters: dict[str, Any]) -> None:
    for name in ("broker", "topic_prefix"):
        if parameters.get(name) is not None:
            flag = f"--{name.replace('_', '-')}"
            raise InputError(f"DIR and {flag} exclude each other", remedy="leave one of the two out")


def _say(what: str, hint: str = "") -> Any:
    def said(url: str) -> None:
        stderr().print(Text(f"{printable(what)} is open at {url} (Ctrl-C ends it)"), soft_wrap=True)
        if hint:
            stderr().print(Text(hint), soft_wrap=True)

    return said
