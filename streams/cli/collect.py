"""`antiphon collect`: live sources to the raw topics, and the list of what can be collected."""

import asyncio
from typing import Any, Final

import click
from rich.text import Text

from streams.cli.collect_options import own_options, settings_help
from streams.cli.groups import CommandGroup
from streams.cli.options import json_option, settings_options
from streams.cli.stopping import stopped_at_once
from streams.cli.terminal import row, stdout, table, write_json
from streams.collectors.collector import Collector
from streams.collectors.registry import all_collectors
from streams.collectors.settings import load_collect_settings
from streams.settings import Settings

__all__ = ["collect"]

_RUNS: Final = """\
Events and the cursor after them go to Kafka in one transaction: a restart goes on exactly where Kafka is, and a second
instance shuts the first out (status 3). While Kafka is away the source is not read. Ctrl-C or SIGTERM ends it in order.
What was not seen is published, too (topic coverage)."""


class _Collectors(CommandGroup):
    """A command for each collector, of this package or of another one that is installed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them."""
        return list(all_collectors())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command that runs it."""
        collector = all_collectors().get(cmd_name)
        return None if collector is None else _command(collector)


@click.group(cls=_Collectors, invoke_without_command=True, subcommand_metavar="[NAME [ARGS]…]")
@json_option
@click.pass_context
def collect(ctx: click.Context, as_json: bool) -> None:
    """Write the events of a live source to the raw topics, until Ctrl-C or SIGTERM. Without NAME: list the sources.

    \b
    Examples:
      antiphon collect
      antiphon collect NAME --help
    """
    if ctx.invoked_subcommand is not None:
        return
    found = [{"name": each.name, "platform": each.platform, "summary": each.summary} for each in _all()]
    if as_json:
        write_json({"collectors": found})
        return
    listed = table("collector", "platform", "collects")
    for each in found:
        row(listed, each["name"], each["platform"], each["summary"])
    console = stdout()
    console.print(listed)
    console.print(Text("`antiphon collect NAME --help` says what a collector needs, and what it cannot see."))


def _all() -> list[Collector]:
    return list(all_collectors().values())


def _command(collector: Collector) -> click.Command:
    @click.command(
        collector.name,
        help=f"{collector.teaches}\n\n{_RUNS}\n\n\b\n{settings_help(collector)}",
        short_help=collector.summary,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    @settings_options("app_id", "metrics_port", "log_format", "log_level")
    @json_option
    @click.pass_context
    def run(ctx: click.Context, /, settings: Settings, as_json: bool, **given: Any) -> None:
        from streams.cli.logs import log_before_start
        from streams.kafka.readiness import require_writable

        log_before_start(settings)
        config_file = ctx.params["config_file"]
        collect, own = load_collect_settings(
            collector.name, collector.settings, all_collectors(), given, config_file=config_file
        )
        with stopped_at_once():
            asyncio.run(require_writable(settings))

            # What can be said without its clients is said by now.
            from streams.cli.collect_progress import showing_progress
            from streams.cli.logs import log_as_worker
            from streams.collectors.process import run_collector

            log_as_worker(settings)
        with showing_progress(collector.name, as_json=as_json) as watch:
            status = run_collector(collector, own, collect, settings, watch)
        ctx.exit(status)

    run.params = [*own_options(collector), *run.params]
    return run
