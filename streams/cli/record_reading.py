"""What commands that ask the enriched topics have in common: where they read, how far they are, and times as typed."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import click

from streams.core.clock import from_us, parse_duration_us
from streams.errors import InputError
from streams.formats.fields.written_times import parse_iso
from streams.jobs.case_files import Records
from streams.jobs.enriched_folder import EnrichedFolder
from streams.kafka.enriched_log import open_log
from streams.printable import printable
from streams.settings import Settings

__all__ = ["ReadProgress", "from_option", "parse_when", "records_of", "refuse_follow_of_files"]

from_option: Final = click.option(
    "--from", "folder", metavar="DIR", help="Read a folder that `demo` or `backtest` wrote with --out."
)


class ReadProgress:
    """Passes on how far the reading is, to whoever shows it at the time."""

    advance: Callable[[int], None] = staticmethod(lambda _looked_at: None)

    def __call__(self, looked_at: int) -> None:
        self.advance(looked_at)


@asynccontextmanager
async def records_of(settings: Settings, folder: str | None, looked: ReadProgress) -> AsyncIterator[Records]:
    """The records of the topics, or of a folder. Raises `BrokerError` or `InputError`."""
    if folder is not None:
        yield EnrichedFolder(folder, looked)
        return
    async with open_log(settings, looked) as log:
        yield log


def refuse_follow_of_files(follow: bool, folder: str | None) -> None:
    """Raises `InputError` where somebody wants to follow files."""
    if follow and folder is not None:
        raise InputError("--follow and --from exclude each other", remedy="files do not grow: leave one of the two out")


def parse_when(text: str | None, option: str) -> datetime | None:
    """A time as people type it: a day or a moment (UTC where no zone is said), or how long ago, as `7d`. Raises
    `InputError`.
    """
    if text is None:
        return None
    try:
        return from_us(time.time_ns() // 1_000 - parse_duration_us(text))
    except ValueError:
        pass
    try:
        return parse_iso(text, UTC)[0]
    except ValueError:
        raise InputError(
            f"{option} {printable(text, 60)!r} is no time", remedy="write a day, 2026-11-28, or how long ago, 7d or 12h"
        ) from None
