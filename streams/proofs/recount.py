"""The recount: what follows from a proof's roster, rules and events, by the same core as the pipeline's.

Owns no counting: it feeds `streams.core.backtest`. Trusts nothing that a proof says of itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from streams.core.backtest import Backtest, Results
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import RuleSet
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import screen_event
from streams.core.screening.screen_policy import ScreenPolicy
from streams.core.subject_event import Coordinates
from streams.core.tracking.figures_as_of import FiguresAsOf
from streams.core.watching.watch_figures import WatchFigures
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watch_queue import WatchQueue
from streams.core.watching.watcher import Watcher
from streams.deadletters import Rejection
from streams.events import Event
from streams.ledger.memory import MemoryLedger

__all__ = ["Recount", "SourcedEvent", "counts_as", "recount"]

SourcedEvent: TypeAlias = tuple[Event, Coordinates]


class Recount(Struct, frozen=True, kw_only=True):
    """The results, the accounts known in the end, and which events (by their place) the screen refuses, and why.

    `as_of` gives the figures of a subject (`platform:id`) at a moment (µs), `watches` those of each aftermath that
    stands, by its id.
    """

    results: Results
    known: AccountIndex
    refused: dict[int, str]
    as_of: Callable[[str, int], FiguresAsOf | None]
    watches: Mapping[str, WatchFigures]


def recount(
    roster: Roster, rules: RuleSet, events: Callable[[], Iterable[SourcedEvent]], read_up_to_us: int
) -> Recount:
    """Count the events again. `events` is asked once or twice, and gives them in the order of their times each time.

    Event time has come as far as `read_up_to_us` (µs since 1970), which also stands for the clock.
    """
    watches: dict[str, WatchFigures] = {}
    watcher = Watcher(rules, WatchPolicy(), MemoryLedger(), counted=lambda each: watches.update({each.watch.id: each}))
    backtest = Backtest(roster, rules, None, now_us=read_up_to_us, watching=WatchQueue(watcher))
    refused: dict[int, str] = {}
    for place, (event, source) in enumerate(events()):
        rejection = backtest.feed(event, source)
        if rejection is not None:
            refused[place] = f"{rejection.reason}: {rejection.detail}"
    backtest.read_up_to(read_up_to_us)
    if backtest.needs_second_reading():
        for event, source in events():
            backtest.again(event, source)
    results = backtest.finish()
    return Recount(
        results=results,
        known=backtest.known,
        refused=refused,
        as_of=backtest.as_of,
        watches={name: each for name, each in watches.items() if name in results.aftermaths},
    )


def counts_as(
    event: Event, source: Coordinates, known: AccountIndex, platform: str, subject_id: str, countries: Sequence[str]
) -> tuple[str, ...]:
    """As what an event counts for a subject, and for the officials of these States: kinds, sorted."""
    screening = screen_event(event, source, known, 2**62, ScreenPolicy())
    if isinstance(screening, Rejection):
        return ()
    found = {
        each.kind if each.official is None else f"{each.kind} by {each.official.id}"
        for each in screening.events
        if each.subject.id == subject_id and each.platform == platform
    }
    found |= {
        f"{each.kind} of {each.country}" if each.country else f"{each.kind}, author unknown"
        for each in screening.country_events
        if each.country in countries or not each.country
    }
    return tuple(sorted(found))
