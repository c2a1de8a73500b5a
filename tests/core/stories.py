"""Officials of one State, and a backtest over what is told of them and an account."""

from collections.abc import Iterable, Sequence

from streams.core.backtest import Backtest, Results
from streams.core.officials import Category
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.subject_event import Coordinates
from streams.deadletters import Rejection
from streams.events import Account, Event
from streams.ledger.memory import MemoryLedger
from streams.rules_loading import bundled_rules

__all__ = ["roster_of", "run_story"]


def roster_of(officials: Iterable[Account], category: Category = "diplomat") -> Roster:
    """These as officials of IR of a category."""
    return Roster(
        RosterEntry(
            platform="twitter",
            account_id=official.id,
            handle=official.handle,
            country="IR",
            category=category,
            source_url="https://example.org/",
        )
        for official in officials
    )


def run_story(roster: Roster, events: Sequence[Event], *, now_us: int) -> Results:
    """What the events come to under the bundled rules; none of them is refused."""
    backtest = Backtest(roster, bundled_rules(), MemoryLedger(), now_us=now_us)
    for number, event in enumerate(events):
        assert not isinstance(backtest.feed(event, Coordinates("story", 0, number)), Rejection)
    if backtest.needs_second_reading():
        for number, event in enumerate(events):
            backtest.again(event, Coordinates("story", 0, number))
    return backtest.finish()
