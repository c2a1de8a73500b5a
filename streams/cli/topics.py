"""`antiphon topics`: create the topics that are missing, and see what is there."""

import asyncio
from difflib import get_close_matches
from typing import Final

import click
from rich.text import Text

from streams.cli.groups import CommandGroup
from streams.cli.options import json_option, settings_options
from streams.cli.terminal import counted, row, stdout, table, write_json
from streams.kafka.administration import TopicState, create_topics, topic_faults, topic_states
from streams.settings import Settings
from streams.topic import Topic, TopicFault
from streams.topic_partitions import partition_faults
from streams.topics import TOPICS

__all__ = ["partition_counts", "topics"]

_DAY_MS: Final = 86_400_000


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
    for fault in partition_faults({topic.name: topic.partitions for topic in TOPICS} | counts):
        if partner := _default(fault.topic).copartitioned:
            given = counts.get(fault.topic) or counts[partner]
            both = " ".join(f"--partitions {name}={given}" for name in (fault.topic, partner))
            raise click.BadParameter(f"{fault.topic} and {partner} must have the same number: {both}")
        raise click.BadParameter(f"{fault.topic} must have one partition: {_default(fault.topic).single}")
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
@click.pass_context
def create(ctx: click.Context, settings: Settings, partitions: dict[str, int], replication: int, as_json: bool) -> None:
    """Create every topic that is missing, with its partitions, retention and compaction.

    Topics that exist are left as they are; what is wrong with them is said. Exit status 1 if a worker would refuse to
    start with them.

    \b
    Examples:
      antiphon topics create
      antiphon topics create --partitions posts=48 --partitions retweets=48 --replication 3
    """
    before = {state.name: state.partitions for state in asyncio.run(topic_states(settings))}
    states = asyncio.run(create_topics(settings, partitions=partitions, replication=replication))
    created = [state for state in states if not before[state.name]]
    faults = asyncio.run(topic_faults(settings, states))
    if as_json:
        described = [_described(state, _of(state, faults)) for state in states]
        write_json({"created": [state.name for state in created], "topics": described})
        ctx.exit(_status(states, faults))
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
    _print_faults(faults)
    ctx.exit(_status(states, faults))


@topics.command("list")
@settings_options()
@json_option
@click.pass_context
def list_(ctx: click.Context, settings: Settings, as_json: bool) -> None:
    """Show every topic: what it holds, how long, who writes and reads it, and whether it is as it must be.

    Exit status 1 if a topic is missing, or has partitions or settings with which a worker refuses to start.
    """
    states = asyncio.run(topic_states(settings))
    faults = asyncio.run(topic_faults(settings, states))
    if as_json:
        write_json({"topics": [_described(state, _of(state, faults)) for state in states]})
    else:
        _print(states, faults)
        _print_faults(faults)
    ctx.exit(_status(states, faults))


def _of(state: TopicState, faults: list[TopicFault]) -> list[TopicFault]:
    return [fault for fault in faults if fault.topic == state.topic.name]


def _status(states: list[TopicState], faults: list[TopicFault]) -> int:
    return int(any(fault.unsafe for fault in faults) or not all(state.partitions for state in states))


def _print(states: list[TopicState], faults: list[TopicFault]) -> None:
    made = table("Topic", "Role", "Partitions", "Keeps", "Written → read by", "Status", right=("Partitions",))
    for state in states:
        topic = state.topic
        own = _of(state, faults)
        if not state.partitions:
            status = Text("missing", style="bold red")
        elif any(fault.unsafe for fault in own):
            status = Text("unsafe", style="bold red")
        else:
            status = Text("differs", style="yellow") if own else Text("present", style="green")
        flow = f"{', '.join(map(_short, topic.writers))} → {', '.join(map(_short, topic.readers))}"
        row(made, state.name, topic.role, state.partitions or None, _keeping(topic), flow, status)
    console = stdout()
    console.print(made)
    missing = sum(not state.partitions for state in states)
    if missing:
        console.print()
        console.print(Text(f"{counted(missing, 'topic')} missing: run `antiphon topics create`."))


def _print_faults(faults: list[TopicFault]) -> None:
    """What a worker refuses, then what it only warns of, each with the command that mends it."""
    console = stdout()
    for unsafe, title in ((True, "A worker refuses to start:"), (False, "Different, and a worker warns:")):
        chosen = [fault for fault in faults if fault.unsafe is unsafe]
        if not chosen:
            continue
        console.print()
        console.print(Text(title))
        for remedy in dict.fromkeys(fault.remedy for fault in chosen):
            for fault in chosen:
                if fault.remedy == remedy:
                    console.print(Text(f"  {fault.message}"), soft_wrap=True)
            console.print(Text(f"    {remedy}"), soft_wrap=True)


def _described(state: TopicState, faults: list[TopicFault]) -> dict[str, object]:
    topic = state.topic
    missing = None if state.partitions else "missing"
    return {
        "topic": state.name,
        "role": topic.role,
        "present": bool(state.partitions),
        "fault": missing or next((fault.message for fault in faults if fault.unsafe), None),
        "differences": [
            {
                "key": fault.key,
                "value": fault.value,
                "wanted": fault.wanted,
                "unsafe": fault.unsafe,
                "remedy": fault.remedy,
            }
            for fault in faults
        ],
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
