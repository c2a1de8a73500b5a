"""What a batch costs WATCH follows the watches it concerns, not the suspensions that ever were. Counted, not timed."""

from collections.abc import Callable, Sequence

import pytest

from streams.core.state_event import StateEvent
from streams.core.watching.ledger import Entry, Record, Stood
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watcher import Watcher
from streams.events import Account
from streams.ledger.sqlite import SqliteLedger
from streams.rules_loading import bundled_rules
from tests.core.watching.watch_events import IRAN, amplification, deletion, post, standing, tick

_POLICY = WatchPolicy()


class _CountingLedger(SqliteLedger):
    """Counts the records that questions read."""

    read = 0

    def get(self, key: bytes) -> Record | None:
        self.read += 1
        return super().get(key)

    def standings(self, state: str, marks: Sequence[str], from_us: int, to_us: int) -> list[Stood]:
        found = super().standings(state, marks, from_us, to_us)
        self.read += len(found)
        return found

    def deletions(self, state: str, from_us: int, to_us: int) -> list[Entry]:
        found = super().deletions(state, from_us, to_us)
        self.read += len(found)
        return found


def _suspended(count: int, days: float) -> list[StateEvent]:
    """Accounts that six officials had amplified, suspended around a day."""
    return [
        standing(subject=Account(id=str(10**6 + number), handle=f"subject_{number}"), opened=(days + number / 10**6,))
        for number in range(count)
    ]


def _ledger_with(events: Sequence[StateEvent]) -> _CountingLedger:
    ledger = _CountingLedger()
    ledger.begin()
    watcher = Watcher(bundled_rules(), _POLICY, ledger)
    for event in events:
        watcher.apply(event)
    watcher.conclude()
    ledger.commit()
    return ledger


def _read_by(ledger: _CountingLedger, *events: StateEvent) -> int:
    watcher = Watcher(bundled_rules(), _POLICY, ledger)
    before = ledger.read
    for event in events:
        watcher.apply(event)
    watcher.conclude()
    return ledger.read - before


@pytest.mark.parametrize(
    "what",
    [
        lambda: post("new", 1.0, text="Nothing about anybody who was suspended"),
        lambda: amplification("new", 1.0, IRAN[0], of=Account(id="12", handle="old_account")),
        lambda: tick(1.0),
    ],
    ids=["a post", "an amplification of an old account", "a tick"],
)
def test_what_concerns_no_watch_costs_the_same_however_many_suspensions_there_were(
    what: Callable[[], StateEvent],
) -> None:
    """Also where all of them are watched now."""
    few, many = (_read_by(_ledger_with([tick(0.5), *_suspended(count, 0.0)]), what()) for count in (10, 1_500))
    assert few == many


def test_a_deletion_reads_no_watch_that_was_over_before_it() -> None:
    few, many = (
        _read_by(_ledger_with([tick(90.0), *_suspended(count, 0.0), post("p", 85.0)]), deletion("p", 90.0))
        for count in (10, 1_500)
    )
    assert few == many


def test_a_deletion_is_read_once_for_all_watches_that_it_concerns() -> None:
    """The deletions of their months are one answer, whatever the number of watches."""
    posts = [post(f"p{number}", 1.0 + number / 100) for number in range(50)]
    deletions = [deletion(f"p{number}", 2.0 + number / 100) for number in range(50)]
    few, many = (
        _read_by(
            _ledger_with([tick(0.5), *_suspended(count, 0.0), *posts, *deletions, post("new", 3.0)]),
            deletion("new", 4.0),
        )
        for count in (10, 40)
    )
    assert (many - few) / 30 < 50, "each watch reads all deletions for itself"
