"""What a batch costs WATCH follows the watches it concerns, not the suspensions that ever were. Counted, not timed."""

from collections.abc import Callable, Sequence

import pytest

from streams.core.country_event import CountryEvent
from streams.core.watching.ledger import Record
from streams.core.watching.records import Entry, StandingRecord
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

    def standings(self, country: str, marks: Sequence[str], from_us: int, to_us: int) -> list[StandingRecord]:
        found = super().standings(country, marks, from_us, to_us)
        self.read += len(found)
        return found

    def opened(self, country: str, after: tuple[int, str], to_us: int, limit: int) -> list[tuple[int, StandingRecord]]:
        found = super().opened(country, after, to_us, limit)
        self.read += len(found)
        return found

    def deletions(self, country: str, from_us: int, to_us: int) -> list[Entry]:
        found = super().deletions(country, from_us, to_us)
        self.read += len(found)
        return found


def _suspended(count: int, days: float) -> list[CountryEvent]:
    """Accounts that six officials had amplified, suspended around a day."""
    return [
        standing(subject=Account(id=str(10**6 + number), handle=f"subject_{number}"), opened=(days + number / 10**6,))
        for number in range(count)
    ]


def _ledger_with(events: Sequence[CountryEvent]) -> _CountingLedger:
    ledger = _CountingLedger()
    ledger.begin()
    watcher = Watcher(bundled_rules(), _POLICY, ledger)
    for event in events:
        watcher.apply(event)
    watcher.flush()
    ledger.commit()
    return ledger


def _read_by(ledger: _CountingLedger, *events: CountryEvent, recounts: int | None = None) -> int:
    watcher = Watcher(bundled_rules(), _POLICY, ledger)
    before = ledger.read
    for event in events:
        watcher.apply(event)
    watcher.flush(recounts)
    return ledger.read - before


@pytest.mark.slow
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
    what: Callable[[], CountryEvent],
) -> None:
    """Also where all of them are watched now."""
    few, many = (_read_by(_ledger_with([tick(0.5), *_suspended(count, 0.0)]), what()) for count in (10, 1_500))
    assert few == many


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_deletion_costs_the_same_however_many_are_watched() -> None:
    """Some are recounted with its own batch, the others with later ones, which cost as much each."""
    ledgers = [_ledger_with([tick(0.5), *_suspended(count, 0.0), post("p", 1.0)]) for count in (20, 1_500)]
    few, many = (_read_by(ledger, deletion("p", 2.0), recounts=8) for ledger in ledgers)
    assert few == many
    few, many = (_read_by(ledger, recounts=8) for ledger in ledgers)
    assert few == many


def test_all_that_are_watched_are_recounted_in_turn_each_once_though_a_worker_dies_in_between() -> None:
    """What is owed is in the ledger: each batch has a watcher of its own. Half of them were suspended at one time."""
    same = [standing(subject=Account(id=str(10**5 + number)), opened=(0.0,)) for number in range(10)]
    ledger = _ledger_with([tick(0.5), *same, *_suspended(10, 0.3), post("p", 1.0), post("q", 1.0)])

    def recounted(*events: CountryEvent) -> list[tuple[str, int]]:
        watcher = Watcher(bundled_rules(), _POLICY, ledger)
        for event in events:
            watcher.apply(event)
        return [(each.subject.id, each.deletions) for each in watcher.flush(3).aftermaths]

    everybody = sorted([str(10**5 + number) for number in range(10)] + [str(10**6 + number) for number in range(10)])
    found = recounted(deletion("p", 2.0))
    while more := recounted():
        assert len(more) <= 3
        found += more
    assert sorted(found) == [(subject, 1) for subject in everybody]
    found = [*recounted(deletion("p", 1.5), deletion("q", 3.0)), *recounted(deletion("q", 2.5))]
    while more := recounted():
        found += more
    assert sorted(dict(found).items()) == [(subject, 2) for subject in everybody]


def test_the_end_of_a_run_over_files_owes_nothing() -> None:
    """Its marker is a tick that says nothing of raw partitions."""
    ledger = _ledger_with([tick(0.5), *_suspended(40, 0.0), post("p", 1.0)])
    watcher = Watcher(bundled_rules(), _POLICY, ledger)
    watcher.apply(deletion("p", 2.0))
    assert len(watcher.flush(3).aftermaths) == 3
    watcher.apply(tick(2.5))
    assert len(watcher.flush(3).aftermaths) == 37
