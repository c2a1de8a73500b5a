"""The tracker: subjects, the steps that change them, and what is to be published after a batch of events.

The same object serves TRACK's agent, which loads subjects from its changelog, and the backtest, which starts with none.
No I/O: where subjects come from is passed in, what comes out is returned.
"""

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec
from msgspec import Struct

from streams.core.accounts import creation
from streams.core.bounds import bounded_subject_event
from streams.core.clock import from_us
from streams.core.country_event import CountryEvent
from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.recounts import decode_recount
from streams.core.retractions import as_retracted, decode_retraction, retraction_of
from streams.core.rulebook.rules import RuleSet
from streams.core.subject_event import AMPLIFICATION_KINDS, SubjectEvent, subject_key
from streams.core.tracked import TrackedAccount
from streams.core.tracking.alerts import changed_alerts, sent_alert_ids, standing_alerts
from streams.core.tracking.dossier import dossier_of, has_engagement
from streams.core.tracking.episodes import remember_leaving
from streams.core.tracking.eviction import evict, overfull
from streams.core.tracking.followed_subjects import followed_account
from streams.core.tracking.judge import Rulebook, judge
from streams.core.tracking.recounting import (
    Recounted,
    keep_for_recount,
    open_recount,
    recounted_subject,
    under_current_roster,
)
from streams.core.tracking.retracting import keep_retraction
from streams.core.tracking.standings import changed_standings
from streams.core.tracking.subject import Subject, TrackPolicy
from streams.core.tracking.track import TrackOutcome, new_subject, step
from streams.core.tracking.unengaged import Unengaged

__all__ = ["SubjectChanges", "Tracker"]


class SubjectChanges(Struct, frozen=True, kw_only=True):
    """What a batch of events led to for one subject; `dossier` is `None` while no official engaged with it, and where
    nothing came but the announcement of a correction.

    `standings` tell WATCH of a suspended subject, `tracked` tells SCREEN to let the subject's own posts through.
    `recounted` are the corrections that recounted it, and `amplifications` those that are new by them.
    """

    key: str
    subject: Subject
    dossier: Dossier | None
    alerts: tuple[Alert, ...]
    standings: tuple[CountryEvent, ...] = ()
    tracked: TrackedAccount | None = None
    recounted: tuple[Recounted, ...] = ()
    amplifications: tuple[Amplification, ...] = ()

    def records(self) -> tuple[Struct, ...]:
        """The enriched records to be published, but for alerts, which are kept as evidence as well."""
        return self.amplifications if self.dossier is None else (*self.amplifications, self.dossier)


class Tracker:
    """Applies subject events and, when asked to flush, says what changed.

    `load` returns the subject of a key (`platform:id`) or `None` for a new one; it is asked once a batch and key.
    `unengaged` are those that no official engaged with. Without `dossiers` none is made. `outcomes` counts events,
    `shortened` those with an id or a name that is longer than what is kept of one.
    """

    def __init__(
        self,
        rules: RuleSet,
        policy: TrackPolicy,
        load: Callable[[str], Subject | None],
        unengaged: Unengaged | None = None,
        *,
        dossiers: bool = True,
    ) -> None:
        self.rules = Rulebook(rules)
        self.policy = policy
        self.outcomes: Counter[TrackOutcome] = Counter()
        self.shortened = 0
        self._load = load
        self._dossiers = dossiers
        self._unengaged = Unengaged() if unengaged is None else unengaged
        self._changed_subjects: dict[str, Subject] = {}
        self._counted: set[str] = set()  # of the changed ones those of which something may have to be said
        self._early_alerts: dict[str, list[Alert]] = {}
        self._recounted: dict[str, list[Recounted]] = {}
        self._new_amplifications: dict[str, list[Amplification]] = {}
        self._unfollowed: set[str] = set()
        self._retracted: dict[str, dict[str, Alert]] = {}  # by alert, as whoever retracts it has read it

    def apply(self, event: SubjectEvent) -> Amplification | None:
        """Apply one event; an amplification that was not known yet is returned to be published."""
        if event.kind == "marker":
            return None
        if event.kind == "tick":
            self._unengaged.watermark_us = max(self._unengaged.watermark_us, event.at_us)
            return None
        key = subject_key(event.platform, event.subject.id)
        subject = self._changed_subjects.get(key) or self._load(key)
        if event.kind in ("recount_open", "recount"):
            self._recount(key, new_subject(event) if subject is None else subject, event)
            return None
        if event.kind == "retraction":
            self._retract(key, new_subject(event) if subject is None else subject, event)
            return None
        if subject is not None and subject.state.superseded:
            valid = under_current_roster(subject.state.superseded, event)
            if valid is None:
                self.outcomes[TrackOutcome.SUPERSEDED] += 1
                return None
            event = valid
        keeps_profiles = self.policy.unengaged_profile_days > 0
        if event.kind == "profile" and not keeps_profiles and (subject is None or not has_engagement(subject.state)):
            self.outcomes[TrackOutcome.UNENGAGED] += 1
            return None
        if subject is None:
            subject = new_subject(event)
        self._changed_subjects[key] = subject
        self._counted.add(key)
        bounded = bounded_subject_event(event)
        self.shortened += bounded is not event
        keep_for_recount(subject.state, bounded)
        outcome = step(subject, bounded, self.policy)
        self.outcomes[outcome] += 1
        if overfull(subject, self.policy):
            self._make_room(key, subject)
        if outcome is TrackOutcome.APPLIED and event.kind in AMPLIFICATION_KINDS:
            return amplification_of(event)
        return None

    def flush(self, position: int = 0) -> Iterable[SubjectChanges]:
        """What changed since the last call, subject by subject, in the order in which they were first changed.

        `position` is the offset after the events, where they came from a log: see `changed_standings`.
        """
        for key, subject in self._changed_subjects.items():
            if key not in self._counted:
                yield SubjectChanges(key=key, subject=subject, dossier=None, alerts=())
                continue
            state = subject.state
            judge(state, self.rules)
            if has_engagement(state):
                self._unengaged.drop(key)
            else:
                self._unengaged.note(key, state, self.policy)
            alerts = {alert.id: alert for alert in self._early_alerts.get(key, ())}
            changed = changed_alerts(subject, self.rules, self.policy)
            if retracted := self._retracted.get(key):
                known = sent_alert_ids(state, self.rules)
                alerts.update((name, alert) for name, alert in retracted.items() if name not in known)
            alerts.update((alert.id, alert) for alert in changed)
            yield SubjectChanges(
                key=key,
                subject=subject,
                dossier=self._dossier(subject) or self._emptied(key, subject),
                alerts=tuple(alerts.values()),
                standings=changed_standings(state, position),
                tracked=followed_account(state, self.policy) or self._no_more_followed(key, subject),
                recounted=tuple(self._recounted.get(key, ())),
                amplifications=tuple(self._new_amplifications.get(key, ())),
            )
        self._changed_subjects = {}
        self._counted = set()
        self._early_alerts = {}
        self._recounted = {}
        self._new_amplifications = {}
        self._unfollowed = set()
        self._retracted = {}

    def forget(self) -> list[str]:
        """The keys of subjects that need not be kept any more; to be asked for after `flush`."""
        return self._unengaged.take_due()

    def _retract(self, key: str, subject: Subject, event: SubjectEvent) -> None:
        """A person retracts an alert. Its record is written at the flush."""
        self.outcomes[TrackOutcome.RETRACTION] += 1
        self._changed_subjects[key] = subject
        self._counted.add(key)
        order = decode_retraction(event.retraction)
        keep_retraction(subject.state, order)
        self._retracted.setdefault(key, {})[order.alert.id] = as_retracted(order.alert, retraction_of(order))

    def _recount(self, key: str, subject: Subject, event: SubjectEvent) -> None:
        """Announce or carry out a correction. What the order says of a subject takes the place of its state."""
        self.outcomes[TrackOutcome.RECOUNT] += 1
        self._changed_subjects[key] = subject
        if event.kind == "recount_open":
            # Of what it announces nothing is to be said yet. A subject that is new by it may be forgotten again.
            if not has_engagement(subject.state):
                self._counted.add(key)
            open_recount(subject.state, event.event_id)
            return
        self._counted.add(key)
        order = decode_recount(event.recount or b"")
        before = self._sent_and_standing(subject)
        was_engaged = has_engagement(subject.state)
        counted = recounted_subject(subject, order, self.policy)
        if counted is None:
            return
        made = counted.subject
        self._changed_subjects[key] = made
        if counted.unfollowed:
            self._unfollowed.add(key)
        judge(made.state, self.rules)
        after = before if made is subject else standing_alerts(made, self.rules, self.policy)
        if after and not before:
            judge(subject.state, self.rules)
        concerned = (subject, made) if before or after else ()  # dossiers say which State leads: of alerts
        dossiers = [self._dossier(each) for each in concerned] or [None, None]
        self._recounted.setdefault(key, []).append(
            Recounted(
                platform=event.platform,
                subject_id=event.subject.id,
                order=order,
                outcome=counted.outcome,
                taken=counted.taken,
                why=counted.why,
                alerts_before=before,
                was_engaged=was_engaged,
                alerts_after=after,
                dossier_before=dossiers[0],
                dossier_after=dossiers[1],
            )
        )
        self._new_amplifications.setdefault(key, []).extend(map(amplification_of, counted.amplifications))

    def _sent_and_standing(self, subject: Subject) -> dict[str, Alert]:
        """The alerts that were told and that nobody retracted, as they are before a correction: of nearly all, none."""
        sent_ids = sent_alert_ids(subject.state, self.rules)
        if not sent_ids:
            return {}
        judge(subject.state, self.rules)
        standing = standing_alerts(subject, self.rules, self.policy)
        return {name: alert for name, alert in standing.items() if name in sent_ids and alert.status != "retracted"}

    def _no_more_followed(self, key: str, subject: Subject) -> TrackedAccount | None:
        """What SCREEN is told of an account that a correction leaves too few amplifications."""
        state = subject.state
        return TrackedAccount(platform=state.platform, id=state.subject_id) if key in self._unfollowed else None

    def _dossier(self, subject: Subject) -> Dossier | None:
        return dossier_of(subject.state, self.policy) if self._dossiers and has_engagement(subject.state) else None

    def _emptied(self, key: str, subject: Subject) -> Dossier | None:
        """Of a subject that had a dossier and by a correction has no engagement left: that says so."""
        had_one = any(recounted.was_engaged for recounted in self._recounted.get(key, ()))
        return dossier_of(subject.state, self.policy) if had_one else None

    def _make_room(self, key: str, subject: Subject) -> None:
        """What leaves the retained lists must have been judged, and told, before it goes."""
        judge(subject.state, self.rules)
        self._early_alerts.setdefault(key, []).extend(changed_alerts(subject, self.rules, self.policy))
        remember_leaving(subject.state, self.rules, self.policy)
        evict(subject, self.policy)


def amplification_of(event: SubjectEvent) -> Amplification:
    """The public record of an amplification. Its subject is as the event told it, with the creation time if known."""
    created_us, source = creation(event.platform, event.subject, event.at_us)
    subject = msgspec.structs.replace(
        event.subject, created_at=None if created_us is None else from_us(created_us), created_at_source=source
    )
    if event.official is None or event.kind not in ("retweet", "quote"):
        raise ValueError(f"{event.kind} {event.event_id} is no amplification")
    return Amplification(
        id=event.event_id,
        kind=event.kind,
        platform=event.platform,
        at=from_us(event.at_us),
        official=event.official,
        subject=subject,
        subject_is_official=event.subject_is_official,
        post_id=event.post_id,
        roster_digest=event.roster_digest,
        source=event.source,
    )
