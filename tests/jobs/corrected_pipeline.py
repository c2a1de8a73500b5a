"""SCREEN, TRACK and WATCH as their agents run them, in batches, with a roster that is corrected on the way.

Owns what would be durable: TRACK's states and records, the evidence, and where each raw event stands. Knows no broker.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import TYPE_CHECKING, Final

from streams.core.clock import to_us
from streams.core.corrections.correction import Correction, corrections_of, corrections_of_country
from streams.core.country_event import CountryEvent, decode_country_event, encode_country_event
from streams.core.country_recounts import CountryOrder, country_recount, country_recount_open
from streams.core.recounts import RecountOrder, encode_recount, recount_event, recount_open_event
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import RuleSet
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import ScreenPolicy, screen_event
from streams.core.screening.skipped_events import is_worth_reading_again
from streams.core.subject_event import (
    Coordinates,
    SubjectEvent,
    decode_subject_event,
    encode_subject_event,
    subject_key_parts,
)
from streams.core.tracking.subject import TrackPolicy
from streams.core.tracking.tracker import SubjectChanges
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watcher import Watcher
from streams.deadletters import Rejection
from streams.events import Event
from streams.jobs.recount_orders import OrderHeading, RecountPlan
from streams.ledger.memory import MemoryLedger
from tests.core.tracking.track_run import TrackRun

if TYPE_CHECKING:
    from streams.core.enriched import Alert
    from streams.core.watching.aftermath_records import Aftermath

__all__ = ["NOW_US", "CorrectedPipeline"]

NOW_US: Final = 1_900_000_000_000_000
_CORRECTION: Final = "c0ffee"


class CorrectedPipeline:
    """`feed` events, then `correct`. `evidence` has what passed, with where it stood."""

    def __init__(self, roster: Roster, rules: RuleSet, random: Random, policy: TrackPolicy | None = None) -> None:
        self.roster, self.rules, self.random = roster, rules, random
        self.known = AccountIndex(roster)
        self.track = TrackRun(rules, policy or TrackPolicy(unengaged_days=3_650, unengaged_profile_days=3_650))
        self.corrections: list[Correction] = []
        self.evidence: list[tuple[Event, Coordinates]] = []
        self.offset = 0
        self.ledger = MemoryLedger()
        self.aftermaths: dict[str, Aftermath] = {}
        self.alerts_on_aftermaths: dict[str, Alert] = {}
        self.newest_us = 0
        self._waiting: list[SubjectEvent] = []
        self._to_watch: list[CountryEvent] = []

    def feed(self, events: Iterable[Event], known: AccountIndex | None = None) -> None:
        """Raw events come and are screened by whom SCREEN knows, or by a SCREEN that knows others."""
        for event in events:
            source = Coordinates("raw", 0, self.offset)
            self.newest_us = max(self.newest_us, to_us(event.at))
            self.offset += 1
            screening = screen_event(event, source, known or self.known, NOW_US, ScreenPolicy())
            assert not isinstance(screening, Rejection)
            if screening.events or screening.country_events:
                self.evidence.append((event, source))
            self._waiting += screening.events
            self._to_watch += screening.country_events
            if self.random.random() < 0.1:
                self.drain()
        self.drain()

    def read_again(self) -> None:
        """What says more by now comes once more, as at the end of a run: SCREEN knows everybody who is followed."""
        self.feed([event for event, _source in self.evidence if is_worth_reading_again(event, self.known)])

    def drain(self) -> None:
        """TRACK and WATCH take what waits, in batches, until they have nothing more to say to each other."""
        while self._waiting or self._to_watch:
            subject_events, self._waiting = self._waiting, []
            country_events, self._to_watch = self._to_watch, []
            subject_events += self._watch(country_events)
            while subject_events:
                size = self.random.randint(1, 60)
                self._track(subject_events[:size])
                del subject_events[:size]

    def open(self, subjects: Sequence[str]) -> None:
        """Announce the correction to subjects."""
        self._track([recount_open_event(*subject_key_parts(key), _CORRECTION, NOW_US) for key in subjects])

    def plan(self, new: Roster) -> RecountPlan:
        """What the evidence is now, for another roster."""
        plan = RecountPlan(self.roster, new)
        for event, source in self.evidence:
            plan.add(event, source)
        return plan

    def order(self, key: str, order: RecountOrder) -> None:
        """Send an order."""
        self._track([recount_event(*subject_key_parts(key), order, encode_recount(order))])

    def correct(
        self,
        new: Roster,
        meanwhile: Sequence[Event] = (),
        late: Sequence[SubjectEvent] = (),
        late_in_states: Sequence[CountryEvent] = (),
    ) -> dict[str, tuple[str, ...]]:
        """Put a roster in force and recount. `meanwhile` comes between announcement and orders, `late` is what a
        SCREEN says again that knew the old roster, to subjects and to States. Returns the subjects, by key, with the
        accounts that touched them.
        """
        self.known.use(new)
        heading = OrderHeading(correction=_CORRECTION, at_us=NOW_US, reason="it was wrong", cut={"raw/0": self.offset})
        with self.plan(new) as first:
            subjects = first.subjects()
            countries = first.countries(subjects.keys())
        self.open(list(subjects))
        self._watch([country_recount_open(country, _CORRECTION, NOW_US) for country in countries])
        self._track(late[::2])
        self._to_watch += late_in_states[::2]
        self.feed(meanwhile)
        with self.plan(new) as plan:
            for country, part in plan.country_orders(subjects.keys(), heading, NOW_US):
                self._order_country(country, part)
                if self.random.random() < 0.3:  # whoever corrects is killed, and begins again
                    self._order_country(country, part)
            for key, order in plan.orders(subjects, heading, NOW_US):
                self.order(key, order)
            self.drain()
            for country in countries:
                self._order_country(country, plan.last_part(heading))
        self._track(late[1::2])
        self._to_watch += late_in_states[1::2]
        self.drain()
        self.roster = new
        return subjects

    def finish(self) -> None:
        """Event time comes as far as the newest event, and everything that is owed is counted."""
        self._to_watch.append(
            CountryEvent(
                kind="tick",
                country="",
                platform="antiphon",
                event_id="end",
                at_us=self.newest_us,
                source=Coordinates("t", 0, 0),
            )
        )
        self.drain()

    def _order_country(self, country: str, order: CountryOrder) -> None:
        self._waiting += self._watch([country_recount(country, order, encode_recount(order))])

    def _watch(self, events: Sequence[CountryEvent]) -> list[SubjectEvent]:
        watcher = Watcher(self.rules, WatchPolicy(), self.ledger)
        said: list[SubjectEvent] = []
        for event in events:
            said += watcher.apply(decode_country_event(encode_country_event(event)))
        changes = watcher.flush(self.random.choice((None, 2, 0)))
        self.aftermaths.update((each.id, each) for each in changes.aftermaths)
        self.alerts_on_aftermaths.update((each.id, each) for each in changes.alerts)
        for account in changes.tracked:
            self.known.add(account)
        for answer in changes.answers:
            self.corrections += corrections_of_country(answer)
        return said

    def _track(self, events: Sequence[SubjectEvent]) -> None:
        before = self.track.versions.copy()
        for changes in self.track.batch([decode_subject_event(encode_subject_event(event)) for event in events]):
            self._take(changes)
        self._to_watch += [
            self.track.standings[key] for key, version in self.track.versions.items() if before[key] != version
        ]

    def _take(self, changes: SubjectChanges) -> None:
        if changes.tracked is not None:
            self.known.add(changes.tracked)
        for recounted in changes.recounted:
            self.corrections += corrections_of(recounted)
