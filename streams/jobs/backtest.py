"""A backtest over files: the format readers and the core, no broker."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from msgspec import Struct

from streams.core.backtest import Backtest, Results
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import RuleSet
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.gone_quotes import GoneQuotes
from streams.core.screening.roster_use import RosterFinding, RosterUse
from streams.core.subject_event import Coordinates
from streams.core.watching.watch_queue import Watching
from streams.deadletters import DeadLetter, LetterSample, Reason, Rejection
from streams.formats.inputs.lines import Line
from streams.formats.reader import FormatReader
from streams.formats.tally import Tally
from streams.jobs.event_spool import EventSpool
from streams.jobs.reading import FileAccount, Progress, read_events, total_tally
from streams.jobs.refused_lines import is_large, letter_of_line
from streams.jobs.watch_process import AdaptiveWatch, usable_cores
from streams.kafka.raw_record import raw_record, size_refusal

__all__ = ["Afterwards", "BacktestRun", "backtest_files"]

Afterwards: TypeAlias = Callable[[Results, EventSpool, AccountIndex], None]
"""Is given the results, the events that they follow from, for as long as it runs, and all accounts that are known."""


class BacktestRun(Struct, frozen=True, kw_only=True):
    """What a backtest found, the account of the lines of all files and of each, and how long it took.

    `refused` counts everything that was refused, by reason; `letters` are the first of each (see `LetterSample`).
    `roster` is what the run shows of the roster, `unknown_quotes` how many quotes by officials count for no account.
    """

    results: Results
    tally: Tally
    files: list[FileAccount]
    letters: list[DeadLetter]
    refused: Counter[Reason]
    roster: list[RosterFinding]
    unknown_quotes: int
    screened: dict[str, int]
    seconds: float


def backtest_files(
    paths: Sequence[str],
    readers: Sequence[FormatReader],
    roster: Roster,
    rules: RuleSet,
    *,
    now_us: Callable[[], int] = lambda: time.time_ns() // 1_000,
    progress: Progress | None = None,
    processes: int | None = None,
    named: Callable[[str], str] = str,
    afterwards: Afterwards | None = None,
) -> BacktestRun:
    """Run the core over the files, in at most so many `processes`: one or two, as many as there are cores by default.

    The results do not depend on that, nor on the order of files and lines: events are held and taken by time. `named`
    says by which name coordinates have a file. Raises `InputError` for a file that cannot be opened, and
    `SecondProcessError`.
    """
    watching = AdaptiveWatch(rules, usable_cores() if processes is None else processes)
    with watching:
        return _run(paths, readers, roster, rules, now_us, progress, watching, named, afterwards)


def _run(
    paths: Sequence[str],
    readers: Sequence[FormatReader],
    roster: Roster,
    rules: RuleSet,
    now_us: Callable[[], int],
    progress: Progress | None,
    watching: Watching,
    named: Callable[[str], str],
    afterwards: Afterwards | None,
) -> BacktestRun:
    began = time.monotonic()
    files: list[FileAccount] = []
    letters = LetterSample()
    use = RosterUse(roster)
    backtest = Backtest(roster, rules, None, now_us=now_us(), watching=watching)
    quotes = GoneQuotes(backtest.known)

    def refuse(line: Line, refused: Rejection, path: str) -> None:
        letters.add(refused.reason, partial(letter_of_line, line, refused, path))

    # Nearly everything that is made here stays: the collector would walk through it over and over for nothing.
    gc_was_on = gc.isenabled()
    gc.disable()
    try:
        with EventSpool() as spool:
            for event, path, line in read_events(paths, readers, files, refuse, progress):
                if is_large(line) and (refused := size_refusal(raw_record(event))) is not None:
                    refuse(line, refused, path)
                    files[-1].refused_events[refused.reason] += 1
                else:
                    spool.add(event, named(path), line.number)
            accounts = {named(file.path): file for file in files}
            for spooled in spool:
                event = spooled.event
                use.see(event)
                quotes.see(event)
                if (refused := backtest.feed(event, Coordinates(spooled.path, 0, spooled.line))) is not None:
                    line = Line(spooled.line, raw_record(event).value or b"")
                    refuse(line, refused, spooled.path)
                    accounts[spooled.path].refused_events[refused.reason] += 1
            if backtest.needs_second_reading():
                for spooled in spool:
                    quotes.see(spooled.event)
                    backtest.again(spooled.event, Coordinates(spooled.path, 0, spooled.line))
            results = backtest.finish()
            if afterwards is not None:
                afterwards(results, spool, backtest.known)
    finally:
        if gc_was_on:
            gc.freeze()  # nor at the end: what goes, goes without it
            gc.enable()
    return BacktestRun(
        results=results,
        tally=total_tally(files),
        files=files,
        letters=letters.kept,
        refused=letters.counts,
        roster=use.findings(),
        unknown_quotes=quotes.untied(results.amplifications),
        screened={str(outcome): count for outcome, count in backtest.screened.items()},
        seconds=time.monotonic() - began,
    )
