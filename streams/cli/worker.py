"""`antiphon worker`: looks whether everything is there, then runs its agents until it is stopped."""

import asyncio
from pathlib import Path

import click

from streams.cli.options import settings_options
from streams.cli.stopping import stopped_at_once
from streams.ledger.ledger_file import require_directory
from streams.rules_loading import read_rules
from streams.settings import Settings

__all__ = ["worker"]


@click.command()
@settings_options("rules_file", "app_id", "data_dir", "metrics_port", "log_format", "log_level")
@click.pass_context
def worker(ctx: click.Context, settings: Settings) -> None:
    """Screen raw events, track subjects, watch officials and raise alerts, until Ctrl-C or SIGTERM.

    Start as many as you like: workers of one --app-id share the partitions. Each writes its log to standard error. An
    error ends the worker (status 70), and whoever starts it again loses and repeats nothing.

    \b
    Examples:
      antiphon worker --broker 127.0.0.1:9092
      antiphon worker --rules my-rules.toml --metrics-port 9100 --log-format json
    """
    from streams.cli.logs import log_as_worker, log_before_start
    from streams.kafka.evidence_writing import keep_rules
    from streams.kafka.readiness import require_ready

    log_before_start(settings)
    with stopped_at_once():
        rules, rules_text = read_rules(Path(settings.rules_file) if settings.rules_file else None)
        require_directory(settings.state_directory)
        asyncio.run(require_ready(settings))
        asyncio.run(keep_rules(settings, rules, rules_text))

        # Faust takes half a second to import: what can be said without it is said by now.
        from streams.worker.process import run_worker

        log_as_worker(settings)

        ctx.exit(run_worker(settings, rules))
