"""TRACK said again, naively: from the set of one subject's events to its dossier and its alerts.

Written from DESIGN (words, events, counting, alerts) and from the public docstrings. It keeps no state, no totals and
no judgements: every figure of every moment is recounted over the list of all that happened, in datetimes. Slow on
purpose; it knows neither bounds nor batches.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from streams.core.dossier_parts import OfficialFigures, Totals, WindowFigures
from streams.core.enriched import Alert, AlertOfficial, AlertStatus, Dossier, Evidence, SuspensionRecord
from streams.core.officials import Official
from streams.core.rulebook.rules import SEVERITIES, Condition, Rule, RuleSet
from streams.core.subject_event import Coordinates, SubjectEvent
from streams.events import Account, AccountSource, Precision
from tests.core.tracking.evidence_oracle import EvidenceOracle
from tests.core.tracking.facts import AMPLIFICATION, DAY, END_OF_TIME, EPOCH, Fact, official_of, time_of
from tests.core.tracking.removal_oracle import with_removal_reasons
from tests.core.tracking.when_oracle import at_the_latest, records_of

__all__ = ["NOWHERE", "Oracle", "as_known", "by_subject", "holds", "without_sources"]

NOWHERE: Final = Coordinates("", 0, 0)

_WINDOWS: Final = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
_CONTACT: Final = ("reply", "mention", "follow")
_BY_POST: Final = ("retweet", "quote", "reply", "mention")  # one post has one of them, the first that any copy tells
# The kind of event, other than amplifications, that moves a figure: it may start or extend an alert of a rule that
# looks at that figure.
_MOVED_BY: Final = {"suspended": "suspension", "replies": "reply", "mentions": "mention", "follows": "follow"}
_ALWAYS_SHOWN: Final = {
    "age_days",
    "age_at_first_amplification_days",
    "amplifications",
    "distinct_officials",
    "distinct_countries",
    "followers",
    "top_official_amplifications",
    "suspended",
}

_SAID_OF: Final = {
    "suspended": "noted as suspended by the platform on",
    "deactivated": "noted as deactivated by its owner on",
    "deleted": "noted as gone (by whom is not known) on",
    "reinstated": "the account is back since",
}

Value = float | int | bool | None


class Span(Struct, kw_only=True):
    """An episode of one rule: when it fired, its last event, its severity, the roster, whether something ended it."""

    fired_at: datetime
    last_at: datetime
    severity: int
    roster_digest: str
    closed: bool = False
    returned: bool = False


def by_subject(events: Iterable[SubjectEvent]) -> dict[str, list[SubjectEvent]]:
    """The events of each subject, by `platform:id`."""
    found: dict[str, list[SubjectEvent]] = {}
    for event in events:
        found.setdefault(f"{event.platform}:{event.subject.id}", []).append(event)
    return found


def as_known(arrived: Iterable[SubjectEvent], engaged: set[tuple[str, str]] | None = None) -> list[SubjectEvent]:
    """What counts of events that arrive in this order: a profile is taken note of once an official engaged with the
    account. `engaged` are accounts of which that is known, and those of which it is known afterwards.
    """
    engaged = set() if engaged is None else engaged
    known = []
    for event in arrived:
        account = event.platform, event.subject.id
        if event.kind in (*AMPLIFICATION, *_CONTACT) and event.official is not None:
            engaged.add(account)
        if event.kind != "profile" or account in engaged:
            known.append(event)
    return known


def without_sources(alert: Alert) -> Alert:
    """The alert with evidence that does not say where it stands: of two copies, that depends on which came first."""
    evidence = tuple(msgspec.structs.replace(item, source=NOWHERE) for item in alert.evidence)
    return msgspec.structs.replace(alert, evidence=evidence)


def holds(condition: Condition, value: Value) -> bool | None:
    """Met, refuted, or, on an unknown value, neither."""
    if value is None:
        return None
    if condition.at_least is not None:
        return value >= condition.at_least
    if condition.at_most is not None:
        return value <= condition.at_most
    return bool(value) is condition.equals


class Oracle(EvidenceOracle):
    """All that follows from the events of one subject. `evidence` bounds the evidence of an alert."""

    def __init__(self, events: Sequence[SubjectEvent], rules: RuleSet, evidence: int = 32) -> None:
        self.events = [event for event in events if event.kind not in ("marker", "seen_since")]
        self.seen_since = {event.country: event.since_us for event in events if event.kind == "seen_since"}
        self.rules = rules
        self.evidence = evidence
        self.suspensions = self._suspensions()
        engagements = [*self._engagements(_BY_POST), *self._engagements(("follow",))]
        self.engagements = with_removal_reasons(engagements, self.suspensions, self.events)
        self.amplifications = [fact for fact in self.engagements if fact.kind in AMPLIFICATION]
        self.officials = self._officials()
        self.created_at, self.created_source = self._creation()

    # What happened, from reports of it

    def _engagements(self, kinds: tuple[str, ...]) -> list[Fact]:
        reports = [event for event in self.events if event.kind in kinds and event.official is not None]
        facts = []
        for event_id in {event.event_id for event in reports}:
            copies = [event for event in reports if event.event_id == event_id]
            kind = next(kind for kind in kinds if any(event.kind == kind for event in copies))
            same = [event for event in copies if event.kind == kind]
            at_us, official = min((event.at_us, official_of(event).id) for event in same)
            same = [event for event in same if (event.at_us, official_of(event).id) == (at_us, official)]
            fact = Fact(
                at=time_of(at_us),
                id=event_id,
                kind=kind,
                official=official,
                followers=_largest(_followers_then(event) for event in same),
                on_roster=any(event.subject_is_official for event in same),
                active=same[0].active,
                roster_digest=max(event.roster_digest for event in same),
            )
            facts.append(fact)
        return sorted(facts, key=_in_time)

    def _suspensions(self) -> list[Fact]:
        reports = [event for event in self.events if event.kind == "suspension"]
        facts = []
        for event_id in {event.event_id for event in reports}:
            same = [event for event in reports if event.event_id == event_id]
            at_us, status = min((event.at_us, str(event.status)) for event in same)
            same = [event for event in same if (event.at_us, event.status) == (at_us, status)]
            facts.append(
                Fact(
                    at=time_of(at_us),
                    id=event_id,
                    kind="suspension",
                    status=status,
                    precision=_best(event.precision for event in same),
                    on_roster=any(event.subject_is_official for event in same),
                    roster_digest=max(event.roster_digest for event in same),
                )
            )
        return sorted(facts, key=_in_time)

    def _officials(self) -> dict[str, Official]:
        """Each official as its newest engagement describes it."""
        engaging = [event for event in self.events if event.kind in (*AMPLIFICATION, *_CONTACT) and event.official]
        newest: dict[str, tuple[tuple[int, str, str, str], Official]] = {}
        for event in engaging:
            official = official_of(event)
            rank = (event.at_us, official.handle or "", official.country, official.category)
            if official.id not in newest or rank > newest[official.id][0]:
                newest[official.id] = (rank, official)
        return {official_id: official for official_id, (_, official) in newest.items()}

    def _creation(self) -> tuple[datetime | None, AccountSource | None]:
        said: dict[AccountSource, list[datetime]] = {"reported": [], "directory": [], "snowflake": []}
        for event in self.events:
            at, account = time_of(event.at_us), event.subject
            if account.created_at is not None and EPOCH < account.created_at <= at:
                said[account.created_at_source or "reported"].append(account.created_at)
            elif event.platform == "twitter" and account.id.isdigit() and int(account.id) > 10**17:
                snowflake = EPOCH + timedelta(milliseconds=(int(account.id) >> 22) + 1288834974657)
                if snowflake <= at:
                    said["snowflake"].append(snowflake)
        for source, times in said.items():
            if times:
                return min(times), source
        return None, None

    def newest(self, field: str) -> object:
        """The newest value of a field of the account; of equals in time the largest."""
        values = [(event.at_us, getattr(event.subject, field)) for event in self.events]
        return max(((at, value) for at, value in values if value is not None), default=(0, None))[1]

    def newest_followers(self) -> tuple[datetime, int] | None:
        """The newest count of followers, and when it was seen; of equals in time the largest."""
        counts = [
            (time_of(max(event.at_us, event.observed_us or event.at_us)), event.subject.followers)
            for event in self.events
        ]
        return max(((at, count) for at, count in counts if count is not None), default=None)

    # The figures of a moment

    def live(self, at: datetime, known: datetime | None = None) -> list[Fact]:
        """Amplifications up to a moment that nobody had taken back by then, or by `known`."""
        known = known or at
        return [fact for fact in self.amplifications if fact.at <= at and not fact.withdrawn_at <= known]

    def _states(self, live: list[Fact]) -> Counter[str]:
        return Counter(self.officials[fact.official].country for fact in live)

    def _age(self, at: datetime | None) -> float | None:
        if at is None or self.created_at is None or self.created_at > at:
            return None
        return (at - self.created_at) / DAY

    def _followers(self, at: datetime) -> int | None:
        reports = [(fact.at, fact.followers) for fact in self.engagements]
        reports += [
            (time_of(event.at_us), _followers_then(event))
            for event in self.events
            if event.kind in ("suspension", "profile", "withdrawal", "post", "text_match")
        ]
        known = [(when, count) for when, count in reports if when <= at and count is not None]
        return max(known)[1] if known else None

    def _suspended(self, at: datetime) -> bool | None:
        notices = [fact for fact in self.suspensions if fact.at <= at]
        if notices and notices[-1].status == "deleted":
            return None  # by whom is not known
        if not notices or notices[-1].status != "suspended":
            return False
        since = at_the_latest(notices)[-1].at + timedelta(minutes=1)
        later = [fact for fact in self.engagements if fact.kind == "retweet" and since < fact.at <= at]
        return None if later else True  # suspended later, or back

    def _follows(self, at: datetime) -> int:
        last = {fact.official: fact.active for fact in self.engagements if fact.kind == "follow" and fact.at <= at}
        return sum(last.values())

    def _contacts(self, kind: str, at: datetime) -> int:
        return sum(fact.kind == kind and fact.at <= at for fact in self.engagements)

    def figure(self, name: str, at: datetime) -> Value:
        """The figure of that name at a moment: what is known by then of what happened by then."""
        live = self.live(at)
        officials = Counter(fact.official for fact in live)
        simple: dict[str, Callable[[], Value]] = {
            "suspended": lambda: self._suspended(at),
            "age_days": lambda: self._age(at),
            "followers": lambda: self._followers(at),
            "age_at_first_amplification_days": lambda: self._age(min((fact.at for fact in live), default=None)),
            "amplifications": lambda: len(live),
            "retweets": lambda: sum(fact.kind == "retweet" for fact in live),
            "quotes": lambda: sum(fact.kind == "quote" for fact in live),
            "replies": lambda: self._contacts("reply", at),
            "mentions": lambda: self._contacts("mention", at),
            "follows": lambda: self._follows(at),
            "distinct_officials": lambda: len(officials),
            "distinct_countries": lambda: len(self._states(live)),
            "top_official_amplifications": lambda: max(officials.values(), default=0),
            "top_official_share": lambda: max(officials.values()) / len(live) if live else None,
        }
        if name in simple:
            return simple[name]()
        what, _, window = name.rpartition("_")
        recent = [fact for fact in live if at - _WINDOWS[window] < fact.at]
        return len(recent) if what == "amplifications" else len({fact.official for fact in recent})

    # The dossier

    def dossier(self) -> Dossier | None:
        """The dossier; `None` while no official has engaged with the subject."""
        if not self.engagements:
            return None
        first_event = self.events[0]
        followers = self.newest_followers()
        live = self.live(END_OF_TIME - DAY, END_OF_TIME - DAY)
        first = min((fact.at for fact in live), default=None)
        last = max((fact.at for fact in live), default=None)
        age = self._age(first)
        windows = {
            name: [] if last is None else [fact for fact in live if last - length < fact.at]
            for name, length in _WINDOWS.items()
        }
        officials = [self._part(official, live) for official in {fact.official for fact in live}]
        officials.sort(key=lambda part: (-(part.retweets + part.quotes), part.id))
        # What WATCH says of an amplification says nothing of the roster.
        screened = [event for event in self.events if event.kind not in ("withdrawal", "text_match")]
        newest = max((event.at_us, event.event_id) for event in screened)
        newest_events = [event for event in screened if (event.at_us, event.event_id) == newest]
        notices = records_of(self.suspensions, self.there())
        return Dossier(
            platform=first_event.platform,
            subject=msgspec.structs.replace(
                self._account(),
                followers=None if followers is None else followers[1],
                verified=self.newest("verified"),
            ),
            subject_is_official=any(event.subject_is_official for event in newest_events),
            totals=Totals(
                retweet=sum(fact.kind == "retweet" for fact in live),
                quote=sum(fact.kind == "quote" for fact in live),
                reply=self._contacts("reply", END_OF_TIME),
                mention=self._contacts("mention", END_OF_TIME),
                follow=self._follows(END_OF_TIME),
            ),
            distinct_officials=len(officials),
            officials=tuple(officials),
            windows={
                name: WindowFigures(
                    amplifications=len(facts), distinct_officials=len({fact.official for fact in facts})
                )
                for name, facts in windows.items()
            },
            first_amplified_at=first,
            last_amplified_at=last,
            age_at_first_amplification_days=None if age is None else round(age, 8),
            countries=tuple(sorted(self._states(live))),
            suspension=notices[-1] if notices else None,
            suspensions=tuple(notices[-16:]),
            withdrawn=sum(fact.removal_reason == "taken_back" for fact in self.amplifications),
            gone_with_original=sum(fact.removal_reason == "with_original" for fact in self.amplifications),
            gone_with_official=sum(fact.removal_reason == "with_official" for fact in self.amplifications),
            gone_unknown=sum(fact.removal_reason == "unknown" for fact in self.amplifications),
            dropped=0,
            roster_digest=max(event.roster_digest for event in newest_events),
            following=self.following(),
            first_officials=self.first_officials(officials),
            links=self.links(),
            text_matches=self.text_matches(),
            seen_since={
                state: time_of(since_us) if (since_us := self.seen_since[state]) else None
                for state in self._states(live)
                if state in self.seen_since
            },
            score=self.score(live, None if age is None else round(age, 2)),
            followers_as_of=None if followers is None else followers[0],
        )

    def _account(self) -> Account:
        handle, name = self.newest("handle"), self.newest("name")
        return Account(
            id=self.events[0].subject.id,
            handle=None if handle is None else str(handle),
            name=None if name is None else str(name),
            created_at=self.created_at,
            created_at_source=self.created_source,
        )

    def _part(self, official_id: str, live: list[Fact]) -> OfficialFigures:
        mine = [fact for fact in live if fact.official == official_id]
        official = self.officials[official_id]
        return OfficialFigures(
            id=official_id,
            handle=official.handle,
            country=official.country,
            category=official.category,
            retweets=sum(fact.kind == "retweet" for fact in mine),
            quotes=sum(fact.kind == "quote" for fact in mine),
            first_at=min(fact.at for fact in mine),
            last_at=max(fact.at for fact in mine),
        )

    # The alerts

    def alerts(self) -> dict[str, Alert]:
        """The standing alerts by id, with evidence that does not say where it stands."""
        found = {}
        for rule in (rule for rule in self.rules.rules if rule.on == "subject"):
            for span in self.spans(rule):
                alert = self._alert(rule, span)
                found[alert.id] = alert
        return found

    def spans(self, rule: Rule) -> list[Span]:
        """The rule's episodes. One begins where the rule holds and goes on while no pause is longer than the quiet, or,
        where the rule asks for a suspension, until the account is back; if it is suspended again soon, it goes on."""
        quiet = timedelta(microseconds=rule.quiet_us)
        spans: list[Span] = []
        for fact in self._judged(rule):
            if spans and not spans[-1].closed and fact.at > spans[-1].last_at + quiet:
                spans[-1].closed = True
            severity = self._severity(rule, fact)
            if not spans or spans[-1].closed:
                if severity is not None:
                    spans.append(
                        Span(fired_at=fact.at, last_at=fact.at, severity=severity, roster_digest=fact.roster_digest)
                    )
            elif severity is None and fact.status == "reinstated" and _asks_for_suspension(rule):
                if not spans[-1].returned:
                    spans[-1].last_at, spans[-1].returned = fact.at, True
            elif severity is not None or (fact.kind in AMPLIFICATION and not spans[-1].returned):
                spans[-1].returned = False
                spans[-1].last_at = fact.at
                spans[-1].severity = max(spans[-1].severity, -1 if severity is None else severity)
        return spans

    def _judged(self, rule: Rule) -> list[Fact]:
        """The events at which the rule may start or extend an alert, in time."""
        kinds = {*AMPLIFICATION, *(_MOVED_BY[name] for name in _looked_at(rule) if name in _MOVED_BY)}
        return sorted((fact for fact in (*self.engagements, *self.suspensions) if fact.kind in kinds), key=_in_time)

    def _severity(self, rule: Rule, fact: Fact) -> int | None:
        """The severity with which the rule holds at an event; officials never alert."""
        if fact.on_roster:
            return None
        when = rule.when
        states = self._states(self.live(fact.at))
        if states:
            leading = min(states, key=lambda state: (-states[state], state))
            when = rule.countries.get(leading, when)
        if not self._met(when, fact.at):
            return None
        reached = [rule.severity]
        reached += [escalation.severity for escalation in rule.escalations if self._met(escalation.when, fact.at)]
        return max(SEVERITIES.index(severity) for severity in reached)

    def _met(self, conditions: Sequence[Condition], at: datetime) -> bool:
        return all(holds(condition, self.figure(condition.figure, at)) is True for condition in conditions)

    def _alert(self, rule: Rule, span: Span) -> Alert:
        subject = self._account()
        platform = self.events[0].platform
        about = f"{rule.name}\n{platform}:{subject.id}"
        quiet = timedelta(microseconds=rule.quiet_us)
        interval = EPOCH + (span.fired_at - EPOCH) // quiet * quiet
        live = self.live(span.last_at)
        shown = _looked_at(rule) | _ALWAYS_SHOWN
        status: AlertStatus = "expired" if span.closed or span.returned else "firing"
        evidence = self._evidence(span.last_at)
        return Alert(
            id=hashlib.sha256(f"{about}\n{(interval - EPOCH) // timedelta(microseconds=1)}".encode()).hexdigest()[:32],
            dedup_key=hashlib.sha256(about.encode()).hexdigest()[:32],
            rule=rule.name,
            severity=SEVERITIES[span.severity],
            mode=rule.mode,
            status=status,
            platform=platform,
            subject=subject,
            countries=tuple(sorted(self._states(live))),
            fired_at=span.fired_at,
            as_of=span.last_at,
            expires_at=span.last_at if span.returned else span.last_at + quiet,
            figures={name: self.figure(name, span.last_at) for name in shown},
            fired_figures={name: self.figure(name, span.fired_at) for name in shown},
            evidence=tuple(evidence[-self.evidence :]),
            evidence_total=len(evidence),
            summary=self._summary(span.last_at),
            rule_digest=rule.digest,
            roster_digest=span.roster_digest,
            officials=self._most_active(live)[:5],
            officials_total=len({fact.official for fact in live}),
        )

    def _most_active(self, live: Sequence[Fact]) -> tuple[AlertOfficial, ...]:
        """The officials of these amplifications, most first, then by id."""
        counts = Counter(fact.official for fact in live)
        return tuple(
            AlertOfficial(
                id=official,
                handle=self.officials[official].handle,
                country=self.officials[official].country,
                amplifications=count,
            )
            for official, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        )

    def _evidence(self, at: datetime) -> list[Evidence]:
        """All evidence up to a moment. A withdrawn amplification leaves the count and stays in the evidence."""
        facts = [fact for fact in (*self.amplifications, *self.suspensions) if fact.at <= at]
        return [
            msgspec.convert(
                {
                    "event_id": fact.id,
                    "kind": fact.kind,
                    "at": fact.at,
                    "official": fact.official or None,
                    "source": ("", 0, 0),
                    "withdrawn_at": fact.withdrawn_at if fact.withdrawn_at <= at else None,
                },
                type=Evidence,
            )
            for fact in sorted(facts, key=_in_time)
        ]

    def _summary(self, at: datetime) -> str:
        """Observed facts in one sentence: who, created when, how often amplified, by how many of which States, when."""
        live = self.live(at)
        handle = self.newest("handle")
        account = self.events[0].subject
        who = f"@{handle}" if handle else f"{self.events[0].platform}:{account.id}"
        if self.created_at is not None:
            whence: dict[AccountSource | None, str] = {"snowflake": "from its id", "directory": "as its directory says"}
            source = f" ({whence[self.created_source]})" if self.created_source in whence else ""
            who += f", created {self.created_at:%Y-%m-%d}{source},"
        if live:
            officials = Counter(fact.official for fact in live)
            number = f"{len(officials)} official" + ("s" if len(officials) > 1 else "")
            states = ", ".join(sorted(self._states(live)))
            first, last = min(fact.at for fact in live), max(fact.at for fact in live)
            said = f"{who} was amplified {_times(len(live))} by {number} of {states}"
            said += f" from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
            top = min(officials, key=lambda official: (-officials[official], official))
            named = self.officials[top].handle
            said += f"; {_times(officials[top])} by {f'@{named}' if named else f'account {top}'} alone"
        else:
            said = f"{who} has no amplification that stands"
        notices = [fact for fact in self.suspensions if fact.at <= at]
        if notices:
            notice = records_of(notices, [seen for seen in self.there() if seen <= at])[-1]
            if all(each.status == "reinstated" for each in notices):
                said += f"; noted as there on {_days(notice)}, and never as gone"
            else:
                said += f"; {_SAID_OF[notice.status]} {_days(notice)}"
        return said + "."


def _looked_at(rule: Rule) -> set[str]:
    conditions = [*rule.when]
    for replaced in rule.countries.values():
        conditions += replaced
    for escalation in rule.escalations:
        conditions += escalation.when
    return {condition.figure for condition in conditions}


def _days(notice: SuspensionRecord) -> str:
    """The day, and what is not certain about it."""
    assert notice.not_after is not None
    first, last = notice.not_before, notice.not_after
    said = last.date().isoformat()
    if notice.precision == "day":
        said += " (day)"
    elif first is not None and first.date() != last.date():
        said += f" (it happened between {first.date()} and {last.date()})"
    if notice.seen_again_at is not None:
        said += f", and seen again on {notice.seen_again_at.date()}: it was gone later, or back by then"
    return said


def _asks_for_suspension(rule: Rule) -> bool:
    return any(
        condition.figure == "suspended" and condition.equals is True
        for conditions in (rule.when, *rule.countries.values())
        for condition in conditions
    )


def _in_time(fact: Fact) -> tuple[datetime, str, str]:
    return fact.at, fact.id, fact.kind


def _best(precisions: Iterable[Precision | None]) -> Precision | None:
    """What the report says that knows best when a notice's event was."""
    known = set(precisions)
    best: tuple[Precision, ...] = ("exact", "day", "noticed")
    return next((precision for precision in best if precision in known), None)


def _followers_then(event: SubjectEvent) -> int | None:
    """How many followers the account had when it happened: what was seen more than a day later says nothing of it."""
    late = event.observed_us is not None and time_of(event.observed_us) - time_of(event.at_us) > DAY
    return None if late else event.subject.followers


def _largest(values: Iterable[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
