"""What another roster or other rules would have made of the events at hand: the core run twice, and compared.

Only subjects that the changed entries ever touched are counted, and only the States that engaged with those watched.
"""

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import Any, Final, Protocol

from msgspec import Struct, field

from streams.core.backtest import Backtest, Results, Scope
from streams.core.corrections.affected_subjects import AffectedSubjects
from streams.core.corrections.entry_changes import EntryChange, entry_changes, with_changes
from streams.core.corrections.outcomes import Compared, Outcome, compare
from streams.core.corrections.responsible import MOST_RUNS, Responsible, responsible_changes
from streams.core.corrections.rule_changes import RuleChange, changed_rules, rule_changes
from streams.core.corrections.unknown import unknown_terms, with_unknown
from streams.core.enriched import Alert
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import RuleSet
from streams.core.subject_event import Coordinates, subject_key
from streams.core.watching.aftermath_records import Aftermath
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watch_queue import WatchQueue
from streams.core.watching.watcher import Watcher
from streams.jobs.event_spool import EventSpool, Spooled
from streams.ledger.memory import MemoryLedger

__all__ = ["Cost", "RosterComparison", "RuleComparison", "compare_rosters", "compare_rules"]

_SEARCHED_EVENTS: Final = 500_000  # that all runs of the search together go through, some minutes
_LEAST_RUNS: Final = 20
_NOTHING: Final = Compared(alerts=(), aftermaths=(), scores=())

Stage = Callable[[str], None]
"""Is told what begins."""


class Events(Protocol):
    """Events by time, to be gone through more than once: all that is `known`, or what was selected from it as in
    `select_compared`. `newest_us` is the time of the newest that is known. Of the subjects in `gone` not all is kept.
    """

    @property
    def known(self) -> int:
        """How many events there are."""

    @property
    def newest_us(self) -> int | None:
        """The newest of their times."""

    @property
    def gone(self) -> Set[str]:
        """Subjects by key."""

    def __iter__(self) -> Iterator[Spooled]:
        """All of them."""

    def __len__(self) -> int:
        """How many there are."""


class Cost(Struct, kw_only=True):
    """What the comparison took: events at hand and those that had to be looked at, subjects recounted, runs of the
    search for entries that are responsible, and seconds.
    """

    events: int = 0
    events_counted: int = 0
    subjects: int = 0
    countries: list[str] = field(default_factory=list)
    runs: int = 0
    seconds: float = 0.0


class RosterComparison(Struct, kw_only=True):
    """How two rosters differ, and what that would have changed. `responsible` goes by the id of an outcome; its numbers
    are positions in `changes`.
    """

    changes: tuple[EntryChange, ...]
    compared: Compared = _NOTHING
    responsible: dict[str, Responsible] = field(default_factory=dict)
    cost: Cost = field(default_factory=Cost)


class RuleComparison(Struct, kw_only=True):
    """How two rule files differ, and what that would have changed."""

    changes: tuple[RuleChange, ...]
    compared: Compared = _NOTHING
    cost: Cost = field(default_factory=Cost)


def compare_rosters(
    events: Events,
    old: Roster,
    new: Roster,
    rules: RuleSet,
    *,
    now_us: int,
    stage: Stage = lambda _text: None,
    most_runs: int = MOST_RUNS,
    kept_since_us: int | None = None,
    published: Sequence[Alert] = (),
) -> RosterComparison:
    """Count what the changed entries touched under the old roster and under the new one, and compare.

    Of accounts that were on no roster everything is at hand since `kept_since_us`, `None`: since ever. `published` are
    alerts that were published; those that cannot be counted are named.
    """
    began = time.monotonic()
    found = RosterComparison(changes=entry_changes(old, new))
    cost = found.cost
    cost.events = events.known
    counting = [n for n, change in enumerate(found.changes) if not change.only_renames]
    if counting:
        stage("looking whom the changed entries touched")
        touched = AffectedSubjects(old, new, found.changes)
        _show(events, touched)
        touched.newest_us = max(touched.newest_us, events.newest_us or 0)
        scope = touched.scope()
        with _collector_off(), EventSpool() as spool:
            for each in events:
                if touched.concerns(each.event, scope):
                    spool.add(each.event, each.path, each.line)
            cost.events_counted, cost.subjects, cost.countries = (
                len(spool),
                len(scope.subjects),
                sorted(scope.countries),
            )
            stage("counting under the old roster")
            before = _run(spool, old, rules, scope, now_us)
            stage("counting under the new roster")
            concerns = _concerned(scope, touched.aftermath_countries(scope.subjects), rules)
            compared = compare(before, _run(spool, new, rules, scope, now_us), concerns)
            terms = unknown_terms(found.changes, kept_since_us)
            found.compared = with_unknown(compared, terms, published, scope.subjects | events.gone)
            stage("looking which entries are responsible")
            search = _RosterSearch(spool, old, rules, now_us, touched, found.changes, before)
            outcomes = [each for each in _outcomes(found.compared) if each.kind not in ("stands", "cannot_be_known")]
            candidates = {each.id: search.candidates(each) for each in outcomes}
            runs = min(most_runs, max(_LEAST_RUNS, _SEARCHED_EVENTS // max(1, len(spool))))
            found.responsible, cost.runs = responsible_changes(outcomes, candidates, search.outcomes, runs)
    cost.seconds = time.monotonic() - began
    return found


def compare_rules(
    events: Events,
    roster: Roster,
    old: RuleSet,
    new: RuleSet,
    *,
    now_us: int,
    stage: Stage = lambda _text: None,
) -> RuleComparison:
    """Judge everything by the rules that differ, under the old file and under the new one, and compare."""
    began = time.monotonic()
    found = RuleComparison(changes=rule_changes(old, new))
    cost = found.cost
    cost.events = len(events)
    if any(change.decides for change in found.changes):
        cost.events_counted = len(events)
        with _collector_off():
            stage("judging by the old rules")
            before = _run(events, roster, changed_rules(old, found.changes), None, now_us)
            stage("judging by the new rules")
            after = _run(events, roster, changed_rules(new, found.changes), None, now_us)
        cost.subjects = len(before.dossiers)
        found.compared = compare(before, after)
    cost.seconds = time.monotonic() - began
    return found


class _RosterSearch:
    """Runs with some of the changes alone, over what those touched."""

    def __init__(
        self,
        events: Iterable[Spooled],
        old: Roster,
        rules: RuleSet,
        now_us: int,
        touched: AffectedSubjects,
        changes: Sequence[EntryChange],
        before: Results,
    ) -> None:
        self._events, self._old, self._rules, self._now_us = events, old, rules, now_us
        self._touched, self._changes, self._before = touched, changes, before

    def candidates(self, outcome: Outcome) -> Set[int]:
        """The changes that may matter to an outcome."""
        found = self._touched.subjects.get(outcome.subject_key, set())
        if outcome.country:
            found = found | {
                number
                for number, change in enumerate(self._changes)
                if not change.only_renames and outcome.country in {entry.country for entry in change.entries}
            }
        return found

    def outcomes(self, changes: frozenset[int]) -> Mapping[str, Outcome]:
        """What becomes of alerts and aftermaths with these changes alone."""
        touched, rules = self._touched, self._rules
        scope = touched.scope(changes)
        roster = with_changes(self._old, (self._changes[number] for number in sorted(changes)))
        events = [each for each in self._events if touched.concerns(each.event, scope)]
        after = _run(events, roster, rules, scope, self._now_us)
        concerns = _concerned(scope, touched.aftermath_countries(scope.subjects, changes), rules)
        return {each.id: each for each in _outcomes(compare(self._before, after, concerns))}


def _show(events: Events, touched: AffectedSubjects) -> None:
    for look in (touched.meet, touched.look):
        for each in events:
            look(each.event)
    if touched.compares():
        for each in events:
            touched.compare(each.event)


def _run(events: Iterable[Spooled], roster: Roster, rules: RuleSet, scope: Scope | None, now_us: int) -> Results:
    watching = WatchQueue(Watcher(rules, WatchPolicy(), MemoryLedger()))
    backtest = Backtest(roster, rules, None, now_us=now_us, watching=watching, scope=scope)
    for each in events:
        backtest.feed(each.event, Coordinates(each.path, 0, each.line))
    if backtest.needs_second_reading():
        for each in events:
            backtest.again(each.event, Coordinates(each.path, 0, each.line))
    return backtest.finish()


def _concerned(scope: Scope, countries: Set[str], rules: RuleSet) -> Callable[[Any], bool]:
    """Whether the runs over a scope count a record whole."""
    on_aftermath = {rule.name for rule in rules.rules if rule.on == "aftermath"}

    def concerns(record: Alert | Aftermath) -> bool:
        if subject_key(record.platform, record.subject.id) not in scope.subjects:
            return False
        if isinstance(record, Aftermath):
            return record.country in countries
        return record.rule not in on_aftermath or record.countries[0] in countries

    return concerns


def _outcomes(compared: Compared) -> list[Outcome]:
    return [*compared.alerts, *compared.aftermaths]


@contextmanager
def _collector_off() -> Iterator[None]:
    """Nearly everything that is made here stays: the collector would walk through it over and over for nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
