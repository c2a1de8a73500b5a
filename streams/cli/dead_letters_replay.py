"""`antiphon dead-letters replay`: which letters, from what is typed; what became of them, in words or JSON."""

import asyncio
from datetime import UTC, datetime
from typing import Final

import click
from rich.text import Text

from streams.cli.options import json_option, settings_options
from streams.cli.terminal import counted, progress, row, stdout, table, write_json
from streams.deadletters import Reason
from streams.formats.registry import FORMATS, reader_named
from streams.jobs.replay import LetterFilter, Obstacle, Replay, replay_letters
from streams.printable import printable
from streams.settings import Settings
from streams.topic_names import DEAD_LETTERS

__all__ = ["replay"]

_NAMED: Final = 10  # letters kept back that are shown one by one; --json has more
_DETAIL: Final = 120

_REMEDIES: Final[dict[Obstacle, tuple[str, str]]] = {
    Obstacle.INTERNAL: (
        "a record of a topic that only Antiphon writes to",
        "find out who wrote it: ops/runbooks/AntiphonInternalRecordSetAside.md",
    ),
    Obstacle.CUT: ("too large: the letter has only its beginning", "send the original again, from where it was made"),
    Obstacle.DAMAGED: ("not the bytes that it was written with", "send the original again, from where it was made"),
    Obstacle.BAD_BATCH: (
        "a whole record batch that was not unpacked",
        "send its records again in smaller batches, from where they were made",
    ),
    Obstacle.BAD_FILE: ("the place where a file broke off", "mend the file and ingest it again"),
    Obstacle.FROM_A_FILE: ("a line of a file", "say how to read it: --format F"),
    Obstacle.NO_EVENTS: ("read, but nothing that Antiphon counts", "nothing to do"),
    Obstacle.STILL_REFUSED: (
        "would be refused again",
        "mend what writes it; --anyway sends it all the same, to workers newer than this program, for example",
    ),
    Obstacle.TOO_OFTEN: (
        "sent again as often as is allowed",
        "find out why it is refused; --max-replays N allows more",
    ),
}


class _Moment(click.ParamType):
    """An ISO 8601 date or time; UTC unless it says otherwise."""

    name = "time"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds since 1970 UTC."""
        try:
            moment = datetime.fromisoformat(value)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return int(moment.timestamp() * 1_000)
        except (ValueError, OverflowError):
            self.fail(f"{value[:64]!r} is no time: write 2022-02-24 or 2022-02-24T06:30Z, for example", param, ctx)


class _Offsets(click.ParamType):
    """`A-B`, `A-`, `-B` or `A`: offsets of letters, both ends included."""

    name = "offsets"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int | None, int | None]:
        """First and last; `None` for an open end."""
        first, dash, last = value.partition("-")
        ends = (first, last if dash else first)
        numbers = [int(end) if end else None for end in ends if not end or _is_number(end)]
        low, high = numbers if len(numbers) == len(ends) else (None, None)
        if (low is None and high is None) or (low is not None and high is not None and low > high):
            self.fail(f"{value[:64]!r} are no offsets: write 100-200, 100-, -200 or 150", param, ctx)
        return low, high


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


@click.command()
@settings_options()
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    type=click.Choice([str(r) for r in Reason]),
    help="Of this reason; repeatable.",
)
@click.option("--topic", "topics", multiple=True, metavar="NAME", help="From this raw topic or file; repeatable.")
@click.option("--since", type=_Moment(), metavar="TIME", help="Written then or later: 2022-02-24, 2022-02-24T06:30Z.")
@click.option("--until", type=_Moment(), metavar="TIME", help="Written before that time.")
@click.option("--offsets", type=_Offsets(), metavar="A-B", help="Which stand there, as `list` shows; or A-, -B, A.")
@click.option("--partition", type=click.IntRange(0), metavar="P", help="Only of this partition of dead-letters.")
@click.option("--format", "format_name", metavar="F", help=f"Read lines of files as: {', '.join(FORMATS)}.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=1_000, show_default=True, help="Send N at most.")
@click.option(
    "--max-replays",
    type=click.IntRange(1, 1_000),
    default=3,
    show_default=True,
    metavar="N",
    help="Never send the same input more than N times.",
)
@click.option("--anyway", is_flag=True, help="Also what would be refused again.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@json_option
def replay(
    settings: Settings,
    reasons: tuple[str, ...],
    topics: tuple[str, ...],
    since: int | None,
    until: int | None,
    offsets: tuple[int | None, int | None] | None,
    partition: int | None,
    format_name: str | None,
    limit: int,
    max_replays: int,
    anyway: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send refused inputs again, to the raw topics they came from, with the bytes and the key they came with.

    For when what refused them is mended: a clock, a version, a format. An input that was counted after all counts no
    second time. The letters stay where they are until their retention is over.

    \b
    Examples:
      antiphon dead-letters replay --reason future_time --since 2022-02-24 --dry-run
      antiphon dead-letters replay --topic statuses.jsonl.xz --format twitter-v1
    """
    first, last = offsets or (None, None)
    selection = LetterFilter(
        reasons=frozenset(map(Reason, reasons)),
        topics=frozenset(topics),
        since_ms=since,
        until_ms=until,
        partition=partition,
        first_offset=first,
        last_offset=last,
    )
    reader = None if format_name is None else reader_named(format_name)
    with progress("reading dead letters") as advance:
        done = asyncio.run(
            replay_letters(
                settings,
                selection,
                limit=limit,
                most_replays=max_replays,
                reader=reader,
                anyway=anyway,
                dry_run=dry_run,
                progress=advance,
            )
        )
    if as_json:
        write_json({"dry_run": dry_run, **_described(done)})
    else:
        _print(done, settings, dry_run=dry_run)


def _print(done: Replay, settings: Settings, *, dry_run: bool) -> None:
    console = stdout()

    def say(text: str) -> None:
        console.print(Text(text))

    say(f"{done.selected:,} of {counted(done.read, 'dead letter')} selected on {settings.topic(DEAD_LETTERS)}.")
    if done.repeats:
        say(f"  {done.repeats:,} of them hold an input that another one holds, too: each goes once")
    say(f"{'Would send' if dry_run else 'Sent'} {counted(done.letters, 'letter')} again.")
    for topic, count in sorted(done.records.items()):
        say(f"  {counted(count, 'record')} to {settings.topic(topic)}")
    if done.kept_back:
        say(f"Kept back {counted(sum(done.kept_back.values()), 'letter')}.")
        for obstacle, count in sorted(done.kept_back.items(), key=lambda item: (-item[1], item[0])):
            what, remedy = _REMEDIES[obstacle]
            say(f"  {count:,} {obstacle}: {what}; {remedy}")
        made = table("Offset", "Obstacle", "Came from", "What is wrong", right=("Offset",))
        for kept in done.named[:_NAMED]:
            at = str(kept.offset) if not kept.partition else f"{kept.partition}:{kept.offset}"
            row(made, at, kept.obstacle, kept.topic, printable(kept.detail, _DETAIL))
        console.print()
        console.print(made)
        if (more := sum(done.kept_back.values()) - len(done.named[:_NAMED])) > 0:
            say(f"and {more:,} more; --json names 200")
    if done.left:
        rest = ", ".join(
            f"--offsets {offset}-" + f" --partition {partition}" * (len(done.next) > 1)
            for partition, offset in sorted(done.left_from.items())
        )
        say(f"{counted(done.left, 'letter')} left, since --limit was reached. For the rest: {rest}")


def _described(done: Replay) -> dict[str, object]:
    return {
        "read": done.read,
        "selected": done.selected,
        "repeats": done.repeats,
        "sent": {"letters": done.letters, "records": dict(sorted(done.records.items()))},
        "kept_back": {
            "totals": {str(obstacle): count for obstacle, count in sorted(done.kept_back.items())},
            "letters": done.named,
        },
        "left": done.left,
        "left_from": {str(partition): offset for partition, offset in sorted(done.left_from.items())},
        "next_offsets": {str(partition): offset for partition, offset in sorted(done.next.items())},
    }
