"""What the evidence says of each touched subject under another roster: the orders by which TRACK recounts it.

The core's backtest over what concerns those subjects, as in a comparison; what it tells its tracker is written down.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import asdict, replace

from streams.core.backtest import Backtest, Scope
from streams.core.bounds import bounded_id
from streams.core.corrections.affected_subjects import AffectedSubjects, engaged_by
from streams.core.corrections.entry_changes import entry_changes
from streams.core.corrections.selection import Selection, select_touched
from streams.core.country_recounts import CountryOrder
from streams.core.recounts import RecountOrder, engagement_name
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import RuleSet, set_digest
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.country_reports import quotes_unknown_author
from streams.core.subject_event import Coordinates, SubjectEvent, subject_key
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watch_queue import WatchQueue
from streams.core.watching.watcher import Watcher
from streams.events import Coverage, Event, Follow, Post, Retweet
from streams.jobs.country_evidence import CountryEvidence, place_of
from streams.jobs.event_spool import EventSpool, Spooled
from streams.jobs.evidence_store import EvidenceStore
from streams.ledger.memory import MemoryLedger

__all__ = ["OrderHeading", "RecountPlan"]

_INTERNAL: Final = frozenset({"tick", "marker"})
_NO_RULES: Final = RuleSet(rules=(), digest=set_digest(()))  # TRACK judges, by its own


class _Selected(Struct, frozen=True):
    """What was selected of a store when it had lost something so often, its last event was `last`, and so many texts
    were `alike`.
    """

    store: EvidenceStore
    selection: Selection
    losses: int
    last: int
    alike: int


_Counted: TypeAlias = tuple[dict[str, list[SubjectEvent]], EventSpool, AccountIndex]


class OrderHeading(Struct, frozen=True, kw_only=True):
    """What all orders of a correction say: as in `RecountOrder`."""

    correction: str
    at_us: int
    reason: str
    cut: dict[str, int]

    def fields(self) -> dict[str, Any]:
        """By name."""
        return asdict(self)


class RecountPlan:
    """Holds evidence: `add` it all or `select` from an index, see whom the change of the roster touched, add or select
    what came since, take the orders.

    A context manager.
    """

    def __init__(self, old: Roster, new: Roster) -> None:
        self._old, self._new = old, new
        self.changes = entry_changes(old, new)
        self._spool = EventSpool()
        self._shown: AffectedSubjects | None = None
        self._newest_us = 0  # of all of the evidence
        self._numbers: set[int] = set()  # of the events that were selected
        self._selected: _Selected | None = None
        self._found: _Counted | None = None
        self.events_counted = 0

    def __enter__(self) -> "RecountPlan":
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()
        self._forget()

    def __len__(self) -> int:
        return len(self._spool)

    @property
    def counts(self) -> bool:
        """Whether anything that is counted can change."""
        return any(not change.only_renames for change in self.changes)

    def add(self, event: Event, source: Coordinates) -> None:
        """Take in one event of the evidence."""
        self._forget()
        self._spool.add(event, f"{source.topic}/{source.partition}", source.offset)

    def select(self, store: EvidenceStore) -> dict[str, set[str]]:
        """Take in what of the evidence concerns the plan and was not selected before. Returns `Selection.gone`."""
        known = self._selected
        numbers = None if known is None else _news_of_coverage(known, store)
        if known is None or numbers is None:
            selection = select_touched(store, self._old, self._new, self.changes)
            numbers = selection.numbers
        else:
            selection = known.selection
        self._selected = _Selected(store, selection, store.losses, store.last, len(store.sharing(set())))
        due = numbers - self._numbers
        for _number, kept in store.kept(due):
            self.add(kept.event, kept.source)
        self._numbers |= due
        self._newest_us = max(self._newest_us, store.newest_us)
        self._forget_counted()
        if self._shown is not None:
            self._shown.newest_us = max(self._shown.newest_us, self._newest_us)
        return selection.gone

    def subjects(self) -> dict[str, tuple[str, ...]]:
        """The subjects that changed accounts touched, by key, each with the keys of those accounts."""
        touched = self._touched()
        officials = {entry.account_key for roster in (self._old, self._new) for entry in roster.entries}
        acted = officials & touched.subjects.keys() - touched.engaged_with()
        return {
            key: tuple(sorted(self.changes[number].account for number in numbers))
            for key, numbers in touched.subjects.items()
            if key not in acted
        }

    def kept(self) -> set[str]:
        """The changed accounts of which the evidence has anything that they did."""
        return self._touched().acted()

    def changed(self) -> dict[str, bool]:
        """The changed accounts by key, and whether the new roster has them at any time."""
        found: dict[str, bool] = {}
        touched = self._touched()
        for key, numbers in touched.changed_ids().items():
            found[key] = any(self.changes[number].after for number in numbers)
        return found

    def orders(
        self, subjects: Mapping[str, tuple[str, ...]], heading: OrderHeading, now_us: int
    ) -> Iterator[tuple[str, RecountOrder]]:
        """For each of the subjects, by key, what is to take the place of what was counted."""
        events_by_subject, concerned, _ = self._counted(subjects.keys(), now_us)
        engagements = _engagements(concerned, subjects.keys())
        changed = self.changed()
        for key, accounts in subjects.items():
            events = tuple(events_by_subject.pop(key, ()))
            passed = {
                engagement_name(is_follow=each.kind == "follow", event_id=bounded_id(each.event_id)) for each in events
            }
            known = tuple(sorted(engagements.get(key, set()) - passed))
            yield (
                key,
                RecountOrder(**self._headed(heading), events=events, known=known, accounts=accounts, changed=changed),
            )

    def country_orders(
        self, subjects: Set[str], heading: OrderHeading, now_us: int
    ) -> Iterator[tuple[str, CountryOrder]]:
        """For each State whose ledger rests on the changed accounts, or on the subjects, the parts of the order that
        puts it right, without the last one.
        """
        _, concerned, known = self._counted(subjects, now_us)
        touched, changed = self._touched(), self.changed()
        officials = {
            key: {entry.country for number in numbers for entry in self.changes[number].entries}
            for key, numbers in touched.changed_ids().items()
        }
        platforms = {(entry.platform, entry.country) for entry in self._old.entries}
        by = {
            key: {entry.country for number in numbers for entry in self.changes[number].entries}
            for key, numbers in touched.subjects.items()
        }
        evidence = CountryEvidence(
            concerned, known, subjects | changed.keys(), officials, platforms, touched.engaged, by, now_us
        )
        since_us = touched.oldest_us or 0
        blank = CountryOrder(**self._headed(heading), changed=changed, since_us=max(0, since_us))
        for country in self.countries(subjects):
            for part in evidence.parts(country, blank):
                yield country, part

    def last_part(self, heading: OrderHeading) -> CountryOrder:
        """The last part of the order to each State."""
        return CountryOrder(**self._headed(heading), changed=self.changed(), last=True)

    def countries(self, subjects: Set[str]) -> list[str]:
        """The States whose ledgers rest on the changed accounts, or on the subjects."""
        touched = self._touched()
        scope = touched.scope()
        return sorted(scope.countries | touched.engaged_by_countries(subjects))

    def _headed(self, heading: OrderHeading) -> dict[str, Any]:
        return {"old_digest": self._old.digest, "new_digest": self._new.digest, **heading.fields()}

    def _counted(self, subjects: Set[str], now_us: int) -> _Counted:
        """What a backtest under the new roster tells the subjects, the events that concern it, and whom it knows."""
        if self._found is not None:
            return self._found
        touched = self._touched()
        scope = touched.scope()
        scope = replace(scope, subjects=scope.subjects | subjects)
        events_by_subject: dict[str, list[SubjectEvent]] = defaultdict(list)

        def hear(event: SubjectEvent) -> None:
            key = subject_key(event.platform, event.subject.id)
            if key in subjects and event.kind not in _INTERNAL:
                events_by_subject[key].append(event)

        watching = WatchQueue(Watcher(_NO_RULES, WatchPolicy(), MemoryLedger()))
        backtest = Backtest(self._new, _NO_RULES, None, now_us=now_us, watching=watching, scope=scope, on_tracked=hear)
        concerned = EventSpool()
        for each in self._spool:
            if touched.concerns(each.event, scope) and not self._is_about_others(each.event, scope):
                concerned.add(each.event, each.path, each.line)
        self.events_counted = len(concerned)
        for each in concerned:
            backtest.feed(each.event, place_of(each))
        if backtest.needs_second_reading():
            for each in concerned:
                backtest.again(each.event, place_of(each))
        backtest.finish()
        self._found = events_by_subject, concerned, backtest.known
        return self._found

    def _forget(self) -> None:
        """What was made of the evidence so far is out of date."""
        self._shown = None
        self._forget_counted()

    def _forget_counted(self) -> None:
        if self._found is not None:
            self._found[1].close()
            self._found = None

    def _is_about_others(self, event: Event, scope: Scope) -> bool:
        """Whether an event says nothing but that an official, known by its id, passed on a post of an account that is
        not counted: by far the most of the evidence.
        """
        return (
            isinstance(event, Retweet)
            and subject_key(event.platform, event.subject.id) not in scope.subjects
            and subject_key(event.platform, event.actor.id) not in scope.subjects
            and event.actor.id in self._new.ids_of(event.platform)
        )

    def _touched(self) -> AffectedSubjects:
        if self._shown is not None:
            return self._shown
        touched = AffectedSubjects(self._old, self._new, self.changes)
        for look in (touched.meet, touched.look):
            for each in self._spool:
                look(each.event)
        if touched.compares():
            for each in self._spool:
                touched.compare(each.event)
        touched.newest_us = max(touched.newest_us, self._newest_us)
        self._shown = touched
        return touched


def _news_of_coverage(known: _Selected, store: EvidenceStore) -> set[int] | None:
    """What is to be selected where all that came since has nothing to do with what was asked for then, but for what
    sources saw, which leads to nothing else; `None` where it has.
    """
    if known.store is not store or known.losses != store.losses:
        return None
    found: set[int] = set()
    for number, kept in store.since(known.last):
        if isinstance(kept.event, Coverage):
            found.add(number)
        elif known.selection.is_moved_by(kept.event):
            return None
    return found if len(store.sharing(set())) == known.alike else None


def _engagements(events: Iterable[Spooled], subjects: Iterable[str]) -> dict[str, set[str]]:
    """The names of all engagements with these subjects that the events tell of, whoever engaged."""
    asked_for = frozenset(subjects)
    found: dict[str, set[str]] = defaultdict(set)
    quoted: dict[tuple[str, str], set[str]] = {}
    for each in events:
        event = each.event
        name = engagement_name(is_follow=isinstance(event, Follow), event_id=bounded_id(event.id))
        for account in engaged_by(event):
            if (key := subject_key(event.platform, account.id)) in asked_for:
                found[key].add(name)
        if isinstance(event, Post) and event.quotes is not None and quotes_unknown_author(event):
            quoted.setdefault((event.platform, event.quotes.post_id), set()).add(name)
    for each in events if quoted else ():
        for post_id, author in _authors(each.event):
            if (key := subject_key(each.event.platform, author)) in asked_for:
                found[key] |= quoted.get((each.event.platform, post_id), set())
    return found


def _authors(event: Event) -> Iterator[tuple[str, str]]:
    """Posts, and the ids of who wrote them, as an event tells."""
    if isinstance(event, Retweet) and event.post_id is not None:
        yield event.post_id, event.subject.id
    if isinstance(event, Post):
        yield event.id, event.actor.id
        if event.quotes is not None and event.quotes.account is not None:
            yield event.quotes.post_id, event.quotes.account.id
