"""`antiphon states`: compare states with their logs, and recount where they cannot be trusted."""

import asyncio

import click
from rich.text import Text

from streams.cli.groups import CommandGroup
from streams.cli.options import settings_options
from streams.cli.terminal import stdout
from streams.cli.topics import partition_counts
from streams.kafka.administration import topic_states
from streams.kafka.failures import broker_errors
from streams.kafka.readiness import require_states
from streams.kafka.state_reset import RESULTS, STATES, reset_states
from streams.settings import Settings

__all__ = ["states"]


@click.group(cls=CommandGroup)
def states() -> None:
    """Compare what was counted with the topics it rests on, and recount."""


@states.command("check")
@settings_options("app_id")
def check(settings: Settings) -> None:
    """Compare every state with its topics, as each worker does when it starts.

    Exit status 3 where one belongs to another --app-id, was made with another number of partitions, or rests on records
    that a topic does not have any more; the message says what to do.

    \b
    Examples:
      antiphon states check
    """
    found = {state.topic.name: state.partitions for state in asyncio.run(topic_states(settings))}
    with broker_errors(settings):
        asyncio.run(require_states(settings, found))
    stdout().print(Text("The states agree with their topics."))


@states.command("reset")
@settings_options("app_id")
@click.option(
    "--partitions",
    multiple=True,
    metavar="NAME=N",
    callback=partition_counts,
    help="Partitions of a topic from now on, instead of as many as before; may be repeated.",
)
@click.option("--keep-results", is_flag=True, help=f"Keep what is on {', '.join(RESULTS)}.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(settings: Settings, partitions: dict[str, int], keep_results: bool, yes: bool) -> None:
    """Recount what the raw topics hold. Stop all workers first.

    Makes the topics of states and of results again, empty, and sets the workers' group back to the beginning of the raw
    topics. What is older than these is forgotten.

    \b
    Examples:
      antiphon states reset
      antiphon states reset --yes --partitions subject-events=16 --partitions subject-states=16
    """
    doomed = [settings.topic(name) for name in (*STATES, *(() if keep_results else RESULTS))]
    if not yes:
        click.confirm(f"This empties {', '.join(doomed)} at {settings.broker}. Go on?", abort=True)
    asyncio.run(reset_states(settings, partitions=partitions, keep_results=keep_results))
    stdout().print(Text(f"{len(doomed)} topics are empty. Workers recount from the beginning of the raw topics."))
