"""The backtest: the same screen, tracker and watcher as the pipeline's, over events in memory, with no broker.

What goes round between TRACK and WATCH in the pipeline goes round here until nothing is left. Knows no files: who has
them feeds every event once, and those that `Backtest.again` asks for a second time.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, Final

from msgspec import Struct

from streams.core.clock import to_us
from streams.core.country_event import CountryEvent
from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.enriched_topics import enriched_topic_of
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import RuleSet
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import Screening, ScreenOutcome, ScreenPolicy, screen_event
from streams.core.screening.skipped_events import SkippedEvents, is_worth_reading_again
from streams.core.subject_event import Coordinates, SubjectEvent, subject_key
from streams.core.tracked import TrackedAccount
from streams.core.tracking.figures_as_of import FiguresAsOf
from streams.core.tracking.outcome import TrackOutcome
from streams.core.tracking.subject import Subject, TrackPolicy
from streams.core.tracking.tracker import Tracker
from streams.core.watching.aftermath_records import Aftermath
from streams.core.watching.ledger import Ledger
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watch_queue import Watching, WatchQueue
from streams.core.watching.watch_step import WatchOutcome
from streams.core.watching.watcher import Watcher
from streams.deadletters import Rejection
from streams.events import Coverage, Event, Suspension
from streams.topic_names import AMPLIFICATIONS

__all__ = ["Backtest", "Results", "Scope"]

# So many events are screened before what follows from them is tracked and watched, as the pipeline's agents do: each
# part's code and tables stay in the processor's caches meanwhile, which saves a tenth of a run's processor time.
_TOGETHER: Final = 500
# State events in WATCH's first batch, some 10 MB: what a run has of them by then tells whether WATCH is worth a process
# of its own. Until then they wait, as they may in the pipeline.
_FIRST_WATCHED: Final = 5_000
# Batches that WATCH may be behind: it works on one while others are on their way. What it says of a batch is tracked
# when so many later ones are made, wherever WATCH runs, so that the results are the same.
_MOST_BEHIND: Final = 4
_TICK_SOURCE: Final = Coordinates("backtest", 0, 0)


class Results(Struct, kw_only=True):
    """The enriched records of a run: every amplification, the last dossier of each subject, each alert that stands, and
    each aftermath that is not void.
    """

    amplifications: list[Amplification] = []
    dossiers: dict[str, Dossier] = {}
    alerts: dict[str, Alert] = {}
    aftermaths: dict[str, Aftermath] = {}
    others: dict[str, dict[str, Any]] = {}
    """By topic and key the records of enriched topics that have no field here."""

    def put(self, record: Any) -> None:
        """Add a record of an enriched topic; it takes the place of the one with its key, but for amplifications."""
        topic = enriched_topic_of(record)
        if isinstance(record, Amplification):
            self.amplifications.append(record)
        else:
            self._by_key(topic.name)[topic.key(record)] = record

    def records(self, topic: str) -> list[Any]:
        """Those of the enriched topic of that name."""
        return self.amplifications if topic == AMPLIFICATIONS else list(self._by_key(topic).values())

    def _by_key(self, topic: str) -> dict[str, Any]:
        found: dict[str, Any] | None = getattr(self, topic, None)
        return self.others.setdefault(topic, {}) if found is None else found


class Scope(Struct, frozen=True, kw_only=True):
    """What of the results a run is asked for: subjects by key (`platform:id`), and the States whose posts are watched.

    The figures of a subject are those of a run over everything if all States are watched that engaged with it, and
    everything is fed that concerns it or them; `newest_us` is then the time of the newest event of all.
    """

    subjects: Set[str]
    countries: Set[str]
    newest_us: int


class Backtest:
    """Takes events one by one, gives the results at the end. Future times are measured by `now_us`.

    `ledger` is empty at first, and the backtest's own. With `watching`, which then has the ledger, it is `None`. With a
    `scope` nothing else is tracked and watched. `on_tracked` gets each subject event that is tracked; then no dossiers
    are made.
    """

    def __init__(
        self,
        roster: Roster,
        rules: RuleSet,
        ledger: Ledger | None,
        *,
        now_us: int,
        screen_policy: ScreenPolicy | None = None,
        track_policy: TrackPolicy | None = None,
        watch_policy: WatchPolicy | None = None,
        watching: Watching | None = None,
        scope: Scope | None = None,
        on_tracked: Callable[[SubjectEvent], object] | None = None,
    ) -> None:
        self.screened: Counter[ScreenOutcome] = Counter()
        self._known = AccountIndex(roster)
        self._now_us = now_us
        self._screen_policy = screen_policy or ScreenPolicy()
        self._subjects: dict[str, Subject] = {}
        policy = track_policy or TrackPolicy(unengaged_profile_days=1)
        self._tracker = Tracker(rules, policy, self._subjects.get, dossiers=on_tracked is None)
        if watching is None:
            if ledger is None:
                raise ValueError("a backtest needs a ledger, or somebody who watches")
            watching = WatchQueue(Watcher(rules, watch_policy or WatchPolicy(), ledger))
        self._watching = watching
        self._behind = 0
        self._next_watched = _FIRST_WATCHED
        self._scope = scope
        self._on_tracked = on_tracked
        self._newest_us = 0 if scope is None else scope.newest_us
        self._subject_events: list[SubjectEvent] = []
        self._country_events: list[CountryEvent] = []
        self._skipped = SkippedEvents()
        self._amplifications: dict[tuple[str, str, str], Amplification] = {}
        self._results = Results()

    @property
    def known(self) -> AccountIndex:
        """The roster, and the accounts tracked so far: read only."""
        return self._known

    @property
    def newest_us(self) -> int:
        """The time of the newest event that was not refused."""
        return self._newest_us

    @property
    def outcomes(self) -> Counter[TrackOutcome]:
        """What became of the subject events so far."""
        self._catch_up()
        return self._tracker.outcomes

    @property
    def watched(self) -> Counter[WatchOutcome]:
        """What became of the State events so far."""
        self._catch_up()
        return self._watching.outcomes()

    def feed(self, event: Event, source: Coordinates) -> Rejection | None:
        """Screen and apply one event; returns why, if it is refused."""
        screening = screen_event(event, source, self._known, self._now_us, self._screen_policy)
        if isinstance(screening, Rejection):
            return screening
        self.screened[screening.outcome] += 1
        self._newest_us = max(self._newest_us, to_us(event.at))
        if screening.outcome is ScreenOutcome.NOT_OFFICIAL or isinstance(event, Suspension | Coverage):
            self._skipped.meet(event, self._known)
        self._take(screening)
        return None

    def read_up_to(self, at_us: int) -> None:
        """Event time has come at least so far, whatever the events say: those given may be a part of what was read."""
        self._newest_us = max(self._newest_us, at_us)

    def needs_second_reading(self) -> bool:
        """Whether accounts were met, as authors of posts or deletions or as officials who were not seen, that turned
        out to be worth following, once all was fed.

        The pipeline learns of tracked accounts while it reads; here they are known from this call on. If so, every
        event is to be given to `again`.
        """
        before = self._known.tracked
        self._converge()
        return self._known.tracked > before and self._skipped.include_tracked(self._known)

    def again(self, event: Event, source: Coordinates) -> None:
        """Take an event of the first reading for the second time; only those that concern tracked accounts are looked
        at.
        """
        if not is_worth_reading_again(event, self._known):
            return
        screening = screen_event(event, source, self._known, self._now_us, self._screen_policy)
        if isinstance(screening, Rejection):
            return  # refused the first time
        if not isinstance(event, Suspension | Coverage):  # which passed the first time
            self.screened[ScreenOutcome.NOT_OFFICIAL] -= 1
            self.screened[screening.outcome] += 1
        self._take(screening)

    def alerts_so_far(self) -> Mapping[str, Alert]:
        """Each alert as it is after the events so far, by id, those that were taken back among them: read only."""
        self._converge()
        return self._results.alerts

    def finish(self) -> Results:
        """The results of everything fed."""
        self._converge()
        results = self._results
        results.amplifications = list(self._amplifications.values())
        results.alerts = {key: alert for key, alert in results.alerts.items() if alert.status != "retracted"}
        results.aftermaths = {key: each for key, each in results.aftermaths.items() if each.status != "void"}
        return results

    def as_of(self, key: str, at_us: int) -> FiguresAsOf | None:
        """The figures of a subject (`platform:id`) at a moment (µs), once all is finished; `None` for one that no event
        is about.
        """
        subject = self._subjects.get(key)
        return None if subject is None else FiguresAsOf(subject.state, at_us)

    def _take(self, screening: Screening) -> None:
        self._subject_events += screening.events
        if self._scope is None:
            self._country_events += screening.country_events
        else:
            watched = self._scope.countries
            self._country_events += [
                each for each in screening.country_events if not each.country or each.country in watched
            ]
        if len(self._subject_events) >= _TOGETHER:
            self._track_waiting()
        if len(self._country_events) >= self._next_watched:
            self._next_watched = _TOGETHER
            self._track_waiting()
            self._hand_over()
            if self._behind > _MOST_BEHIND:
                self._hear()

    def _track_waiting(self) -> None:
        events, self._subject_events = self._subject_events, []
        self._track(events)

    def _hand_over(self) -> None:
        events, self._country_events = self._country_events, []
        self._watching.put(events)
        self._behind += 1

    def _hear(self) -> bool:
        """Track what WATCH says to its oldest batch; whether it says anything."""
        self._behind -= 1
        follows = self._watching.take()
        self._track(follows)
        return bool(follows)

    def _catch_up(self) -> None:
        self._track_waiting()
        if self._country_events:
            self._hand_over()
        while self._behind:
            self._hear()

    def _track(self, events: Iterable[SubjectEvent]) -> None:
        scope = self._scope
        if scope is not None:
            asked_for = scope.subjects
            events = [each for each in events if subject_key(each.platform, each.subject.id) in asked_for]
        for event in events:
            if self._on_tracked is not None:
                self._on_tracked(event)
            amplification = self._tracker.apply(event)
            if amplification is not None:  # the same may be known better by a later copy of the post
                key = amplification.platform, amplification.subject.id, amplification.id
                self._amplifications[key] = amplification

    def _watch(self, events: Sequence[CountryEvent]) -> bool:
        """Apply events of States, and to TRACK what follows from them; whether anything does."""
        self._watching.put(events)
        self._behind += 1
        return self._hear()

    def _converge(self) -> None:
        """Flush until neither has anything more to say to the other."""
        self._catch_up()
        self._watch([_tick(self._newest_us)])
        results = self._results
        going_round = True
        while going_round:
            standings: list[CountryEvent] = []
            for changes in self._tracker.flush():
                self._subjects[changes.key] = changes.subject
                for record in (*changes.records(), *changes.alerts):
                    results.put(record)
                self._learn([] if changes.tracked is None else [changes.tracked])
                standings += changes.standings
            going_round = self._watch(standings)
            watched = self._watching.flush()
            for record in (*watched.records(), *watched.alerts):
                results.put(record)
            self._learn(watched.tracked)

    def _learn(self, accounts: Iterable[TrackedAccount]) -> None:
        for account in accounts:
            self._known.add(account)


def _tick(at_us: int) -> CountryEvent:
    return CountryEvent(
        kind="tick", country="", platform="antiphon", event_id="end-of-input", at_us=at_us, source=_TICK_SOURCE
    )
