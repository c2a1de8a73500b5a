"""The backtest: the same screen and the same tracker as the pipeline's, over events in memory, with no broker."""

from collections import Counter

from msgspec import Struct

from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.roster import Roster
from streams.core.rules import RuleSet
from streams.core.screen import Pass, ScreenPolicy, screen_event
from streams.core.subject import TrackPolicy
from streams.core.subject_event import Coordinates
from streams.core.track import Outcome
from streams.core.tracker import Tracker
from streams.deadletters import Rejection
from streams.events import Event

__all__ = ["Backtest", "Results"]


class Results(Struct, kw_only=True):
    """The enriched records of a run: every amplification, the last dossier of each subject, each alert that stands."""

    amplifications: list[Amplification]
    dossiers: dict[str, Dossier]
    alerts: dict[str, Alert]


class Backtest:
    """Takes events one by one, gives the results at the end. Future times are measured by `now_us`."""

    def __init__(
        self,
        roster: Roster,
        rules: RuleSet,
        *,
        now_us: int,
        screen_policy: ScreenPolicy | None = None,
        track_policy: TrackPolicy | None = None,
    ) -> None:
        self.screened: Counter[Pass] = Counter()
        self._roster = roster
        self._now_us = now_us
        self._screen_policy = screen_policy or ScreenPolicy()
        self._tracker = Tracker(rules, track_policy or TrackPolicy(), lambda _key: None)
        self._amplifications: list[Amplification] = []

    @property
    def outcomes(self) -> Counter[Outcome]:
        """What became of the subject events so far."""
        return self._tracker.outcomes

    def feed(self, event: Event, source: Coordinates) -> Rejection | None:
        """Screen and apply one event; returns why, if it is refused."""
        screening = screen_event(event, source, self._roster, self._now_us, self._screen_policy)
        if isinstance(screening, Rejection):
            return screening
        self.screened[screening.outcome] += 1
        for subject_event in screening.events:
            amplification = self._tracker.apply(subject_event)
            if amplification is not None:
                self._amplifications.append(amplification)
        return None

    def finish(self) -> Results:
        """The results of everything fed. Call once: the tracker starts empty afterwards."""
        results = Results(amplifications=self._amplifications, dossiers={}, alerts={})
        for concluded in self._tracker.conclude():
            if concluded.dossier is not None:
                results.dossiers[concluded.key] = concluded.dossier
            results.alerts.update((alert.id, alert) for alert in concluded.alerts if alert.status != "retracted")
        return results
