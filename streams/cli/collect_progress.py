"""How a collection goes: a line on a terminal (standard error), or a JSON document a line for machines."""

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.live import Live
from rich.text import Text

from streams.cli.printed_json import printed_json
from streams.cli.terminal import stderr
from streams.collectors.process import Watch
from streams.collectors.progress import SourceProgress

__all__ = ["progress_line", "showing_progress"]

_LINE_SECONDS: Final = 1.0
_JSON_SECONDS: Final = 10.0


@contextmanager
def showing_progress(collector: str, *, as_json: bool) -> Iterator[Watch]:
    """Show how far the sources are, from a thread of its own, until the block ends.

    With `as_json` a document every 10 s and one at the end, on standard output; else a line that is renewed every
    second, only on a terminal.
    """
    watched: list[SourceProgress] = []
    ended = threading.Event()
    show = _print_json if as_json else _renew_line
    thread = threading.Thread(target=show, args=(collector, watched, ended), name="progress", daemon=True)
    thread.start()
    try:
        yield watched.extend
    finally:
        ended.set()
        thread.join()


def progress_line(collector: str, sources: Sequence[SourceProgress], events_per_second: float) -> str:
    """One line for people: rate, lag, gaps, reconnects, and what is wrong."""
    away = [each.source for each in sources if not each.is_connected]
    parts = [
        f"{collector}: {events_per_second:,.0f} events/s",
        f"{sum(each.events for each in sources):,} in all",
        f"lag {_seconds(max((each.lag_seconds() for each in sources), default=0.0))}",
        f"{sum(each.gaps for each in sources)} gaps",
        f"{sum(each.reconnects for each in sources)} reconnects",
    ]
    if away:
        parts.append(f"not connected: {', '.join(away)}")
    return " · ".join(parts)


def _seconds(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.0f} h"


def _renew_line(collector: str, watched: list[SourceProgress], ended: threading.Event) -> None:
    console = stderr()
    if not console.is_terminal:
        return
    before, at = 0, time.monotonic()
    with Live(console=console, transient=True, auto_refresh=False) as live:
        while not ended.wait(_LINE_SECONDS):
            events, now = sum(each.events for each in watched), time.monotonic()
            live.update(Text(progress_line(collector, watched, (events - before) / (now - at))), refresh=True)
            before, at = events, now


def _print_json(collector: str, watched: list[SourceProgress], ended: threading.Event) -> None:
    while True:
        is_over = ended.wait(_JSON_SECONDS)
        document = {"collector": collector, "sources": [each.document() for each in watched], "ended": is_over}
        sys.stdout.write(printed_json(document, indent=0) + "\n")
        sys.stdout.flush()
        if is_over:
            return
