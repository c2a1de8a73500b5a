"""`antiphon topics`: create the topics that are missing, and see what is there."""

import asyncio
from difflib import get_close_matches
from typing import Final

import click
from rich.text import Text

from streams.brokers.administration import TopicState, cleanup_policies, create_topics, topic_states
from streams.cli.console import counted, row, stdout, table, write_json
from streams.cli.groups import CommandGroup
from streams.cli.options import json_option, settings_options
from streams.settings import Settings
from streams.topics import TOPICS, Topic

__all__ = ["partition_counts", "topics"]

_DAY_MS: Final = 86_400_000
_SAME_COUNT: Final = ("subject-events", "subject-states")


@click.group(cls=CommandGroup)
def topics() -> None:
    """Create the topics that Antiphon needs, and see what is there."""


def partition_counts(_ctx: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> dict[str, int]:
    """The callback of an option `--partitions NAME=N`. Raises `click.BadParameter`."""
    counts: dict[str, int] = {}
    known = [topic.name for topic in TOPICS]
    for value in values:
        name, _, number = value.partition("=")
        if name not in known:
            close = get_close_matches(name[:64], known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
            raise click.BadParameter(f"there is no topic {name!r}; {hint}")
        if not (number.isascii() and number.isdigit() and len(number) < 6 and 1 <= int(number) <= 10_000):
            raise click.BadParameter(f"{value!r}: write {name}=N, with N from 1 to 10,000")
        counts[name] = int(number)
    events, states = (counts.get(name, _default(name).partitions) for name in _SAME_COUNT)
    if events != states:
        given = counts.get(_SAME_COUNT[0], counts.get(_SAME_COUNT[1]))
        both = " ".join(f"--partitions {name}={given}" for name in _SAME_COUNT)
        raise click.BadParameter(f"{_SAME_COUNT[0]} and {_SAME_COUNT[1]} must have the same number: {both}")
    if counts.get("officials", 1) != 1:
        raise click.BadParameter("officials must have one partition: a roster is read in the order it was written")
    return counts


@topics.command("create")
@settings_options()
@click.option(
    "--partitions",
    multiple=True,
    metavar="NAME=N",
    callback=partition_counts,
    help="Partitions of a topic, instead of the default; may be repeated.",
)
@click.option("--replication", type=click.IntRange(1, 100), default=1, show_default=True, help="Copies of each topic.")
@json_option
def create(settings: Settings, partitions: dict[str, int], replication: int, as_json: bool) -> None:
    """Create every topic that is missing, with its partitions, retention and compaction.

    Topics that exist are left as they are.

    \b
    Examples:
      antiphon topics create
      antiphon topics create --partitions posts=48 --partitions retweets=48 --replication 3
    """
    before = {state.name: state.partitions for state in asyncio.run(topic_states(settings))}
    states = asyncio.run(create_topics(settings, partitions=partitions, replication=replication))
    created = [state for state in states if not before[state.name]]
    if as_json:
        write_json({"created": [state.name for state in created], "topics": [_described(s, None) for s in states]})
        return
    found = len(states) - len(created)
    console = stdout()
    console.print(
        Text(
            f"Created {len(created)} of {len(states)} topics{f'; {found} existed and stay as they are' * bool(found)}."
        )
    )
    for state in created:
        console.print(Text(f"  {state.name}, {counted(state.partitions, 'partition')}"))
    for state in states:
        wanted = partitions.get(state.topic.name, state.topic.partitions)
        if before[state.name] and before[state.name] != wanted:
            console.print(Text(f"  {state.name} has {counted(state.partitions, 'partition')}, not {wanted}"))


@topics.command("list")
@settings_options()
@json_option
@click.pass_context
def list_(ctx: click.Context, settings: Settings, as_json: bool) -> None:
    """Show every topic: what it holds, how long, who writes and reads it, and whether it is there.

    Exit status 1 if one is missing, or is cleaned up in a way that would lose data.
    """
    states = asyncio.run(topic_states(settings))
    policies = asyncio.run(cleanup_policies(settings))
    faults = {state.name: _fault(state, policies.get(state.topic.name)) for state in states}
    if as_json:
        write_json({"topics": [_described(state, faults[state.name]) for state in states]})
    else:
        _print(states, faults)
    ctx.exit(1 if any(faults.values()) else 0)


def _print(states: list[TopicState], faults: dict[str, str | None]) -> None:
    made = table("Topic", "Role", "Partitions", "Keeps", "Written → read by", "Status", right=("Partitions",))
    for state in states:
        topic = state.topic
        fault = faults[state.name]
        status = Text(fault, style="bold red") if fault else Text("present", style="green")
        flow = f"{', '.join(map(_short, topic.writers))} → {', '.join(map(_short, topic.readers))}"
        row(made, state.name, topic.role, state.partitions or None, _keeping(topic), flow, status)
    console = stdout()
    console.print(made)
    missing = sum(not state.partitions for state in states)
    if missing:
        console.print()
        console.print(Text(f"{counted(missing, 'topic')} missing: run `antiphon topics create`."))


def _fault(state: TopicState, policy: str | None) -> str | None:
    if not state.partitions:
        return "missing"
    if state.topic.compacted and policy is not None and policy != "compact":
        return f"cleaned up by {policy}, not compacted"
    return None


def _described(state: TopicState, fault: str | None) -> dict[str, object]:
    topic = state.topic
    return {
        "topic": state.name,
        "role": topic.role,
        "present": bool(state.partitions),
        "fault": fault,
        "partitions": state.partitions,
        "default_partitions": topic.partitions,
        "compacted": topic.compacted,
        "retention_days": None if topic.retention_ms is None else topic.retention_ms / _DAY_MS,
        "key": topic.key,
        "meaning": topic.meaning,
        "writers": topic.writers,
        "readers": topic.readers,
    }


def _short(who: str) -> str:
    return who.removeprefix("antiphon ")  # a command of this program; the table is wide enough


def _keeping(topic: Topic) -> str:
    if topic.compacted:
        return "last per key"
    return "everything" if topic.retention_ms is None else counted(round(topic.retention_ms / _DAY_MS), "day")


def _default(name: str) -> Topic:
    return next(topic for topic in TOPICS if topic.name == name)
