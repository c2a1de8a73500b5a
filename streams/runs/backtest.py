"""A backtest over files: the format readers and the core, no broker."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from msgspec import Struct

from streams.core.backtest import Backtest, Results
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import RuleSet
from streams.core.subject_event import Coordinates
from streams.core.watching.watch_queue import Watching
from streams.deadletters import DeadLetter, LetterSample, Reason, Rejection
from streams.formats.files import can_be_read_again, open_lines
from streams.formats.lines import Line
from streams.formats.reader import FormatReader, Reading, Skipped
from streams.formats.tally import Tally, read_lines
from streams.runs.ingestion import Progress, is_large, letter_of_line, raw_record, size_refusal
from streams.runs.watch_process import WatchWhereItPays, usable_cores

__all__ = ["BacktestRun", "backtest_files"]

_PROGRESS_LINES: Final = 2_000
# Lines that are read before the events in them are looked at: as `streams.core.backtest`, for the processor's caches.
_TOGETHER: Final = 500
_TOGETHER_BYTES: Final = 8_000_000  # or fewer, where lines are long


class BacktestRun(Struct, frozen=True, kw_only=True):
    """What a backtest found, the account of the lines, and how long it took.

    `refused` counts everything that was refused, by reason; `letters` are the first of each (see `LetterSample`).
    """

    results: Results
    tally: Tally
    letters: list[DeadLetter]
    refused: Counter[Reason]
    screened: dict[str, int]
    seconds: float


def backtest_files(
    paths: Sequence[str],
    reader: FormatReader,
    roster: Roster,
    rules: RuleSet,
    *,
    now_us: Callable[[], int] = lambda: time.time_ns() // 1_000,
    progress: Progress | None = None,
    processes: int | None = None,
) -> BacktestRun:
    """Run the core over the files, in at most so many `processes`: one or two, as many as there are cores by default.

    The results do not depend on that. Raises `InputError` for a file that cannot be opened, and `SecondProcessError`.
    """
    watching = WatchWhereItPays(rules, usable_cores() if processes is None else processes)
    with watching:
        return _run(paths, reader, roster, rules, now_us, progress, watching)


def _run(
    paths: Sequence[str],
    reader: FormatReader,
    roster: Roster,
    rules: RuleSet,
    now_us: Callable[[], int],
    progress: Progress | None,
    watching: Watching,
) -> BacktestRun:
    began = time.monotonic()
    tally = Tally()
    letters = LetterSample()
    backtest = Backtest(roster, rules, None, now_us=now_us(), watching=watching)
    # Nearly everything that is made here stays: the collector would walk through it over and over for nothing.
    gc_was_on = gc.isenabled()
    gc.disable()
    try:
        for path in paths:
            with open_lines(path) as lines:
                for line, reading in _in_blocks(read_lines(lines, reader, tally)):
                    if isinstance(reading, Rejection):
                        letters.add(reading.reason, partial(letter_of_line, line, reading, path))
                    elif not isinstance(reading, Skipped):
                        source = Coordinates(path, 0, line.number)
                        for event in reading:
                            if is_large(line) and (refused := size_refusal(raw_record(event))) is not None:
                                letters.add(refused.reason, partial(letter_of_line, line, refused, path))
                                continue
                            refused = backtest.feed(event, source)
                            if refused is not None:
                                payload = raw_record(event).value
                                letters.add(
                                    refused.reason, partial(letter_of_line, line, refused, path, payload=payload)
                                )
                    if progress is not None and line.number % _PROGRESS_LINES == 0:
                        progress(path, lines.consumed_bytes, lines.total_bytes, tally.lines)
                if progress is not None:
                    progress(path, lines.consumed_bytes, lines.total_bytes, tally.lines)
        if backtest.needs_second_reading():
            _read_again(paths, reader, backtest)
        results = backtest.finish()
    finally:
        if gc_was_on:
            gc.enable()
    return BacktestRun(
        results=results,
        tally=tally,
        letters=letters.kept,
        refused=letters.counts,
        screened={str(outcome): count for outcome, count in backtest.screened.items()},
        seconds=time.monotonic() - began,
    )


def _read_again(paths: Sequence[str], reader: FormatReader, backtest: Backtest) -> None:
    """Give the backtest everything once more; what is refused or skipped was said the first time."""
    for path in filter(can_be_read_again, paths):
        with open_lines(path) as lines:
            for line, reading in _in_blocks(read_lines(lines, reader, Tally())):
                if not isinstance(reading, Rejection | Skipped):
                    for event in reading:
                        if is_large(line) and size_refusal(raw_record(event)) is not None:
                            continue
                        backtest.again(event, Coordinates(path, 0, line.number))


def _in_blocks(readings: Iterable[tuple[Line, Reading]]) -> Iterator[tuple[Line, Reading]]:
    """The same lines and readings, fetched some hundreds at a time."""
    block: list[tuple[Line, Reading]] = []
    size_bytes = 0
    for line, reading in readings:
        block.append((line, reading))
        size_bytes += len(line.data)
        if len(block) >= _TOGETHER or size_bytes >= _TOGETHER_BYTES:
            yield from block
            block.clear()
            size_bytes = 0
    yield from block
