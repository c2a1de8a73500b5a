"""The options that commands share, and how they become settings: file, then environment, then command line."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import click

from streams.formats.registry import FORMATS
from streams.settings import load_settings

__all__ = ["format_option", "json_option", "settings_options"]

format_option: Final = click.option(
    "--format",
    "format_names",
    multiple=True,
    metavar="F",
    help=f"Format of FILEs; more than once where they differ: {', '.join(FORMATS)}. [auto: by their first lines]",
)

json_option: Final = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document instead of text for people."
)

# The settings that have an option. Every other one is set by its variable or in the settings file.
_OPTIONS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "broker": (
        "--broker",
        {"metavar": "HOST:PORT,…", "help": "Kafka bootstrap addresses. [ANTIPHON_BROKER, else 127.0.0.1:9092]"},
    ),
    "topic_prefix": (
        "--topic-prefix",
        {"metavar": "TEXT", "help": "What stands before every topic name. [ANTIPHON_TOPIC_PREFIX, else nothing]"},
    ),
    "rules_file": (
        "--rules",
        {"metavar": "FILE", "help": "Rules (TOML). [ANTIPHON_RULES_FILE, else the bundled rules]"},
    ),
    "app_id": (
        "--app-id",
        {"metavar": "NAME", "help": "Workers of one name share the work. [ANTIPHON_APP_ID, else antiphon]"},
    ),
    "data_dir": (
        "--data-dir",
        {
            "metavar": "DIR",
            "help": "Where WATCH keeps its ledgers, on a local disk. [ANTIPHON_DATA_DIR, else "
            "$XDG_STATE_HOME/antiphon or ~/.local/state/antiphon]",
        },
    ),
    "metrics_port": (
        "--metrics-port",
        {
            "metavar": "PORT",
            "type": click.IntRange(0, 65_535),
            "help": "Serve Prometheus metrics there; 0: none. [ANTIPHON_METRICS_PORT, else 0]",
        },
    ),
    "log_format": (
        "--log-format",
        {"type": click.Choice(("text", "json")), "help": "How log lines look. [ANTIPHON_LOG_FORMAT, else text]"},
    ),
    "log_level": (
        "--log-level",
        {
            "type": click.Choice(("debug", "info", "warning", "error")),
            "help": "The least that is logged. [ANTIPHON_LOG_LEVEL, else info]",
        },
    ),
}


def settings_options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives a command `--broker`, `--topic-prefix`, `--config` and the named settings; it receives `settings`."""
    wanted = ("broker", "topic_prefix", *names)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def with_settings(*args: Any, config_file: str | None, **kwargs: Any) -> Any:
            overrides = {name: kwargs.pop(name) for name in wanted}
            return command(*args, settings=load_settings(overrides, config_file=config_file), **kwargs)

        decorated: Callable[..., Any] = click.option(
            "--config", "config_file", metavar="FILE", help="Settings (TOML). [ANTIPHON_CONFIG]"
        )(with_settings)
        for name in reversed(wanted):
            flag, attributes = _OPTIONS[name]
            decorated = click.option(flag, name, **attributes)(decorated)
        return decorated

    return decorate
