"""`antiphon dead-letters`: which inputs were refused, and why; `replay` is in a file of its own."""

import asyncio
from typing import Final

import click
from rich.text import Text

from streams.cli.dead_letters_replay import replay
from streams.cli.groups import CommandGroup
from streams.cli.options import json_option, settings_options
from streams.cli.terminal import cell_lines, counted, progress, row, stdout, table, write_json
from streams.core.clock import from_us
from streams.deadletters import Reason
from streams.kafka.dead_letter_topic import DeadLetterList, StoredLetter, read_dead_letters
from streams.printable import printable_bytes
from streams.settings import Settings
from streams.topic_names import DEAD_LETTERS

__all__ = ["dead_letters"]

_FIRST_BYTES: Final = 160
_REASONS: Final = [str(reason) for reason in Reason]


@click.group("dead-letters", cls=CommandGroup)
def dead_letters() -> None:
    """See which inputs were refused, and why, and send them again. Their bytes are kept as they came."""


@dead_letters.command("list")
@settings_options()
@click.option("--reason", type=click.Choice(_REASONS), help="Only letters of this reason.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="The newest N letters.")
@json_option
def list_(settings: Settings, reason: str | None, limit: int, as_json: bool) -> None:
    """Show the newest refused inputs and the totals by reason.

    With --json every field, the payload in base64.

    \b
    Example: antiphon dead-letters list --reason not_json --limit 5
    """
    wanted = None if reason is None else Reason(reason)
    with progress("reading dead letters") as advance:
        found = asyncio.run(read_dead_letters(settings, limit=limit, reason=wanted, progress=advance))
    if as_json:
        write_json(
            {
                "totals": {str(name): count for name, count in sorted(found.totals.items())},
                "foreign": found.foreign,
                "letters": [_described(stored) for stored in found.letters],
            }
        )
    else:
        _print(found, settings.topic(DEAD_LETTERS), wanted)


def _print(found: DeadLetterList, topic: str, wanted: Reason | None) -> None:
    console = stdout()
    total = sum(found.totals.values())
    if not total:
        console.print(Text(f"There are no dead letters on {topic}."))
    if found.letters:
        made = table(
            "Offset", "Reason", "Came from", "Bytes", "What was wrong, and how it begins", right=("Offset", "Bytes")
        )
        for stored in found.letters:
            letter = stored.letter
            begins = Text(printable_bytes(letter.payload, _FIRST_BYTES), style="dim")
            cuts = [Text(f"cut: {'; '.join(cuts)}")] if (cuts := letter.cuts()) else []
            at = str(stored.offset) if not stored.partition else f"{stored.partition}:{stored.offset}"
            source = f"{letter.topic}/{letter.partition}@{letter.offset}"
            row(made, at, letter.reason, source, letter.size, cell_lines(letter.detail, *cuts, begins))
        console.print(made)
        console.print()
    if total:
        of = total if wanted is None else found.totals.get(wanted, 0)
        kind = "" if wanted is None else f" with reason {wanted}"
        console.print(Text(f"{len(found.letters):,} of {counted(of, 'dead letter')}{kind} on {topic}."))
        made = table("Reason", "Letters", right=("Letters",))
        for reason, count in sorted(found.totals.items(), key=lambda item: (-item[1], item[0])):
            row(made, reason, count)
        console.print(made)
    if found.foreign:
        console.print(Text(f"{counted(found.foreign, 'record')} on {topic} of somebody else's, and no dead letters."))


def _described(stored: StoredLetter) -> dict[str, object]:
    letter = stored.letter
    return {
        "partition": stored.partition,
        "offset": stored.offset,
        "written_at": from_us(stored.written_ms * 1_000),
        "reason": str(letter.reason),
        "detail": letter.detail,
        "source": {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset},
        "size": letter.size,
        "sha256": letter.sha256,
        "payload": letter.payload,  # JSON has it in base64, and key and headers, too
        "payload_is_cut": len(letter.payload) < letter.size,
        "key": stored.key,
        "key_is_cut": letter.key_size > 0,
        "headers": stored.headers,
        "headers_are_cut": letter.headers_count > 0,
        "replays": letter.replays,
    }


dead_letters.add_command(replay)
