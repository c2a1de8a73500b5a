"""TRACK run as its agent runs it: batches of events, subjects written down and read back between batches.

Owns what would be durable: the bytes of each subject and the records published. Knows no broker.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from streams.core.country_event import CountryEvent, decode_country_event, encode_country_event
from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.rulebook.rules import RuleSet
from streams.core.subject_event import SubjectEvent
from streams.core.tracked import TrackedAccount, decode_tracked, encode_tracked
from streams.core.tracking.subject import Subject, TrackPolicy, decode_subject, encode_subject
from streams.core.tracking.track import TrackOutcome
from streams.core.tracking.tracker import SubjectChanges, Tracker
from streams.core.tracking.unengaged import Unengaged

__all__ = ["TrackRun"]


class TrackRun:
    """What is durable after each batch: states, and the last record published of each dossier, alert, amplification."""

    def __init__(self, rules: RuleSet, policy: TrackPolicy | None = None) -> None:
        self.rules = rules
        self.policy = policy or TrackPolicy()
        self.states: dict[str, bytes] = {}
        self.dossiers: dict[str, Dossier] = {}
        self.alerts: dict[str, Alert] = {}
        self.amplifications: dict[tuple[str, str, str], Amplification] = {}  # by platform, subject and id
        self.published = Counter[
            tuple[str, str, str, str]
        ]()  # how often each amplification was published, as which kind
        self.outcomes = Counter[TrackOutcome]()
        self.seen = Counter[str]()  # what became of alerts over time
        self.standings: dict[tuple[str, str], CountryEvent] = {}  # by subject and State
        self.versions = Counter[tuple[str, str]]()  # the version of the last standing, by subject and State
        self.position = 0  # the offset after the events so far, in the log they come from
        self.tracked: dict[str, TrackedAccount] = {}
        self.unengaged = Unengaged()

    def subject(self, key: str) -> Subject | None:
        """The subject as it was last written down."""
        return decode_subject(self.states[key]) if key in self.states else None

    @property
    def standing(self) -> dict[str, Alert]:
        """The alerts that stand: the last record of each id, unless that says it was retracted."""
        return {alert_id: alert for alert_id, alert in self.alerts.items() if alert.status != "retracted"}

    def batch(self, events: Iterable[SubjectEvent]) -> list[SubjectChanges]:
        """Apply one batch; all that follows from it becomes durable at its end. Returns what changed."""
        events = list(events)
        self.position += len(events)
        tracker = Tracker(self.rules, self.policy, self.subject, self.unengaged)
        for event in events:
            amplification = tracker.apply(event)
            if amplification is not None:
                key = (amplification.platform, amplification.subject.id, amplification.id)
                self.amplifications[key] = amplification
                self.published[(*key, amplification.kind)] += 1
        flushed = list(tracker.flush(self.position))
        for changes in flushed:
            for amplification in changes.amplifications:
                self.amplifications[(amplification.platform, amplification.subject.id, amplification.id)] = (
                    amplification
                )
            self.states[changes.key] = encode_subject(changes.subject)
            if changes.dossier is not None:
                self.dossiers[changes.key] = changes.dossier
            for alert in changes.alerts:
                known = self.alerts.get(alert.id)
                self.seen["retracted"] += alert.status == "retracted"
                self.seen["pre-dated"] += known is not None and known.fired_at > alert.fired_at
                # As a consumer has it: from the bytes of the topic.
                self.alerts[alert.id] = msgspec.json.decode(msgspec.json.encode(alert), type=Alert)
            for standing in changes.standings:
                self._keep_standing(changes.key, standing)
            if changes.tracked is not None:
                before = self.tracked.get(changes.key)
                grows = before is None or set(before.countries) < set(changes.tracked.countries)
                assert grows or changes.subject.state.recounted
                self.tracked[changes.key] = decode_tracked(encode_tracked(changes.tracked))
        for forgotten in tracker.forget():
            del self.states[forgotten]
        self.outcomes.update(tracker.outcomes)
        return flushed

    def _keep_standing(self, key: str, standing: CountryEvent) -> None:
        """A State is told of a subject: in words that differ from what it was told before, under a higher version."""
        said = decode_country_event(encode_country_event(standing))
        assert said.standing is not None
        assert said.standing.version > self.versions[key, said.country]
        self.versions[key, said.country] = said.standing.version
        before = self.standings.get((key, said.country))
        self.seen["published twice"] += before is not None
        self.standings[(key, said.country)] = said

    def run(self, batches: Iterable[Sequence[SubjectEvent]]) -> "TrackRun":
        """Apply batch after batch; returns itself."""
        for events in batches:
            self.batch(events)
        return self
