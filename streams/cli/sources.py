"""`antiphon sources`: how far each live source was read, by the topic `collector-cursors`."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click
from rich.text import Text

from streams.cli.options import json_option, settings_options
from streams.cli.terminal import row, stdout, table, write_json
from streams.collectors.registry import all_collectors
from streams.core.clock import from_us, to_us
from streams.errors import InputError
from streams.printable import printable
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.collectors.cursors import CursorRecord

__all__ = ["sources"]

_MOST_SHOWN: Final = 60  # characters of a cursor


@click.command()
@settings_options()
@click.option("--forget", metavar="NAME/SOURCE", help="Begin this one again. Stop its collector before.")
@click.option(
    "--move", metavar="NAME/SOURCE", help="Move the cursor of this one: --to a time, or --cursor. Ends its collector."
)
@click.option("--to", "to", metavar="TIME", help="As 2026-11-27T10:00Z: where a source knows its cursors by time.")
@click.option("--cursor", metavar="JSON", help="As `--json` prints it.")
@json_option
def sources(
    settings: Settings, forget: str | None, move: str | None, to: str | None, cursor: str | None, as_json: bool
) -> None:
    """Each source that was ever collected: who wrote last, up to when it was seen, since when it is not, its cursor.

    A forgotten source begins as if it had never been read, and does not say what it missed. A moved one reads again
    what lies behind its cursor (ids remove what comes twice), or leaves out what lies before it. Its collector, if it
    runs, is shut out (status 3); the next start goes on there.

    \b
    Examples:
      antiphon sources
      antiphon sources --forget tail/tail
      antiphon sources --move x-activity/x-activity --to 2026-11-27T10:00Z
    """
    from streams.collectors.cursors import forget_cursor, read_cursors

    found = asyncio.run(read_cursors(settings))
    if forget is not None:
        _require(found, forget)
        asyncio.run(forget_cursor(settings, forget.encode()))
        stdout().print(Text(f"Forgot {forget}."))
        return
    if move is not None:
        _move(settings, found, move, to, cursor)
        return
    if to is not None or cursor is not None:
        raise click.UsageError("--to and --cursor belong to --move.")
    now_us = time.time_ns() // 1_000
    rows: list[dict[str, Any]] = [
        {
            "source": printable(name),
            "instance": printable(record.instance),
            "transactions": record.sequence,
            "seen_since": from_us(record.seen.since_us).isoformat() if record.seen.since_us else None,
            "seen_until": from_us(record.seen.until_us).isoformat() if record.seen.until_us else None,
            "behind_seconds": round((now_us - record.seen.until_us) / 1_000_000) if record.seen.until_us else None,
            "gap_since": None if record.seen.gap is None else from_us(record.seen.gap.since_us).isoformat(),
            "gap_reason": None if record.seen.gap is None else record.seen.gap.reason,
            "budget": _budget(record.cursor_bytes),
            "cursor": (record.cursor_bytes or b"").decode(errors="replace"),  # whole, for --cursor
        }
        for name, record in sorted(found.items())
    ]
    if as_json:
        write_json({"sources": rows})
        return
    if not rows:
        stdout().print(Text("Nothing was collected yet. `antiphon collect` lists what collects."))
        return
    listed = table("source", "written by", "seen until", "behind", "gap", "budget", "cursor")
    for each in rows:
        gap = "" if each["gap_since"] is None else f"{each['gap_reason']} since {each['gap_since']}"
        behind = "" if each["behind_seconds"] is None else f"{each['behind_seconds']:,} s"
        row(
            listed,
            each["source"],
            each["instance"],
            each["seen_until"],
            behind,
            gap,
            _in_words(each["budget"]),
            printable(each["cursor"], _MOST_SHOWN),
        )
    stdout().print(listed)


def _require(found: Mapping[str, "CursorRecord"], name: str) -> None:
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise InputError(f"There is no source `{printable(name)}`.", remedy=f"There are: {printable(known)}.")


def _move(
    settings: Settings, found: Mapping[str, "CursorRecord"], name: str, to: str | None, cursor: str | None
) -> None:
    from streams.collectors.cursor_moving import move_cursor

    if (to is None) == (cursor is None):
        raise click.UsageError("--move needs either --to or --cursor.")
    _require(found, name)
    time_us, made = None, (cursor or "").encode()
    if to is not None:
        time_us = _time(to)
        collector = all_collectors().get(name.partition("/")[0])
        if collector is None or collector.cursor_at is None:
            raise InputError(
                f"Cursors of `{printable(name)}` are not known by time.", remedy="Give --cursor, as --json prints it."
            )
        try:
            made = collector.cursor_at(found[name].cursor_bytes, time_us)
        except ValueError as error:
            raise InputError(f"No cursor can be made: {printable(str(error), 200)}.") from error
    try:
        asyncio.run(move_cursor(settings, name, made, time_us))
    except ValueError as error:
        raise InputError(f"--cursor: {printable(str(error), 200)}") from error
    stdout().print(Text(f"Moved {name} to {printable(made.decode(errors='replace'), _MOST_SHOWN)}."))


def _time(text: str) -> int:
    at: datetime | None = None
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
    if at is None or at.tzinfo is None:
        raise InputError(f"--to: {printable(text, 100)} is no time with a zone.", remedy="As 2026-11-27T10:00Z.")
    return to_us(at)


def _budget(cursor: bytes | None) -> dict[str, float] | None:
    """What a source that costs money has spent, of how much, as of what it wrote last."""
    from streams.collectors.budget import spending_in

    spending = spending_in(cursor)
    if spending is None:
        return None
    figures = {
        "day_spent_usd": spending.spent_day,
        "day_usd": spending.limit_day,
        "month_spent_usd": spending.spent_month,
        "month_usd": spending.limit_month,
    }
    return {name: round(micro_usd / 1_000_000, 3) for name, micro_usd in figures.items()}


def _in_words(budget: dict[str, float] | None) -> str:
    if budget is None:
        return ""
    return (
        f"{budget['day_spent_usd']:,.2f} of {budget['day_usd']:,.2f} USD that day, "
        f"{budget['month_spent_usd']:,.2f} of {budget['month_usd']:,.2f} that month"
    )
