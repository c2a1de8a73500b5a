"""Which alerts people are told of at a time: a function of the records of the topic `alerts` and of the clock.

An incident is one running thing: the alerts of one rule about one account (one `dedup_key`) that follow one another
without a gap. Its alerts stand on several partitions: what replaces one is read before or after what takes it back.
"""

from collections import Counter, defaultdict
from operator import attrgetter
from typing import Final, Self

from msgspec import Struct

from streams.core.clock import to_us
from streams.core.notifications import NotifiedState
from streams.core.notifying.floods import flood_notices
from streams.core.notifying.notices import AlertHead, Notice, NotifyPolicy, countries_of, evidence_link, labels_of
from streams.core.notifying.wording import annotations_of
from streams.core.rulebook.rules import SEVERITIES, Severity

__all__ = ["IncidentSelection", "Incidents"]

_CRITICAL: Final = SEVERITIES.index("critical")
_NEVER: Final = 2**62
_UNSEEN: Final = (_NEVER,) * len(SEVERITIES)


class IncidentSelection(Struct, frozen=True, kw_only=True):
    """What is to be sent at a time, critical alerts first and ends last, and how many incidents go on: `firing` are
    sent one by one, one alert stands for those `summarised`, and `back_fill` are sent to nobody. `rejected` are the ids
    of alerts of which no notice can be made, and why: they are forgotten.
    """

    notices: list[Notice]
    firing: int
    summarised: int
    back_fill: int
    rejected: list[tuple[str, Exception]]


class _Alert(Struct, frozen=True, kw_only=True, gc=False):
    """The last record of an alert. `since_us` is when it was first published at each severity or above, as far back as
    the topic goes. It `is_recent` if any of its records was published within `max_age_us` of its `as_of`.
    """

    head: AlertHead
    published_us: int
    ends_us: int
    kept_until_us: int
    is_recent: bool
    since_us: tuple[int, ...]

    @property
    def rank(self) -> tuple[int, bool, str]:
        """Of an incident the alert with the highest stands for it: the one that lasts longest."""
        return self.ends_us, self.head.status != "retracted", self.head.id

    def overlaps(self, other: Self) -> bool:
        """Whether the two follow one another without a gap."""
        return self.head.fired_at <= other.head.expires_at and other.head.fired_at <= self.head.expires_at


class _Incident(Struct, kw_only=True):
    """What is known of one: its alerts by id, and what follows from them. `leading` stands for it. `severity` is the
    highest that it had, since it never falls as long as the incident goes on; -1 where all of it is in shadow mode.
    """

    alerts: dict[str, _Alert]
    leading: _Alert
    ends_us: int
    kept_until_us: int
    is_recent: bool
    severity: int
    since_us: tuple[int, ...]
    notices: dict[bool, list[Notice]] = {}  # those that fire and those that are over, as far as they were asked for

    @classmethod
    def of(cls, alerts: dict[str, _Alert], policy: NotifyPolicy, now_us: int) -> Self:
        """Those that are history by themselves are left out, unless they are part of the same running thing."""
        leading = max(alerts.values(), key=attrgetter("rank"))
        running = [each for each in alerts.values() if each.overlaps(leading)]
        since_us = tuple(map(min, *(each.since_us for each in running), _UNSEEN))
        severity = sum(at < _NEVER for at in since_us) - 1
        if severity < 0 and leading.head.mode == "live":
            # Taken back, and what was sent before is compacted: perhaps with this severity.
            severity = SEVERITIES.index(leading.head.severity)
        return cls(
            alerts={name: each for name, each in alerts.items() if each in running or each.kept_until_us >= now_us},
            leading=leading,
            ends_us=leading.ends_us if since_us == _UNSEEN else max(leading.ends_us, since_us[0] + policy.shortest_us),
            kept_until_us=max(each.kept_until_us for each in alerts.values()),
            is_recent=any(each.is_recent for each in running),
            severity=severity,
            since_us=since_us,
        )

    @property
    def key(self) -> str:
        """Its `dedup_key`."""
        return self.leading.head.dedup_key

    @property
    def rank(self) -> tuple[int, int, str]:
        """Severity first, then what was published first."""
        return -self.severity, self.since_us[0], self.key

    def notices_of(self, policy: NotifyPolicy, *, is_over: bool) -> list[Notice]:
        """One for each severity up to its own, alone and with each State: whatever joins is one more, and none of them
        changes its labels.

        The highest severity comes first: in Alertmanager it inhibits the lesser ones. At the end it comes last: as long
        as it fires, the ends of the lesser ones are inhibited, too.
        """
        if is_over in self.notices:
            return self.notices[is_over]
        head, published_us = self.leading.head, self.leading.published_us
        identity, link = labels_of(head, policy), evidence_link(head, policy)
        severities = SEVERITIES[: self.severity + 1]
        began_at = min(each.head.fired_at for each in self.alerts.values() if each.overlaps(self.leading))
        highest = severities[-1] if severities else head.severity
        annotations = annotations_of(head, policy, highest, began_at, is_over=is_over)
        self.notices[is_over] = [
            Notice(
                labels=identity | {"severity": severity} | country,
                annotations=annotations,
                ends_us=self.ends_us,
                is_over=is_over,
                link=link,
                published_us=published_us,
                alert_id=head.id if severity == highest else "",
                state=_end_of(head) if is_over else "firing",
            )
            for severity in (severities if is_over else reversed(severities))
            for country in ({}, *({"country": country} for country in countries_of(head)))
        ]
        return self.notices[is_over]


class Incidents:
    """All that goes on, and what is over as long as an update of it would not be a back-fill."""

    def __init__(self, policy: NotifyPolicy) -> None:
        self._policy = policy
        self._incidents: dict[str, _Incident] = {}  # by dedup_key
        self._rejected: list[tuple[str, Exception]] = []

    def __len__(self) -> int:
        return len(self._incidents)

    def take(self, head: AlertHead, published_us: int, now_us: int) -> None:
        """A record of an alert, in the order of its partition."""
        incident = self._incidents.get(head.dedup_key)
        alerts = {} if incident is None else incident.alerts
        alert = self._alert(head, published_us, alerts.get(head.id))
        if alerts or (alert.kept_until_us >= now_us and head.mode == "live"):
            self._incidents[head.dedup_key] = _Incident.of(alerts | {head.id: alert}, self._policy, now_us)

    def _alert(self, head: AlertHead, published_us: int, before: _Alert | None) -> _Alert:
        policy = self._policy
        expires_us, as_of_us = to_us(head.expires_at), to_us(head.as_of)
        is_live, is_retracted = head.mode == "live", head.status == "retracted"
        ends_us = expires_us
        if is_live and is_retracted and head.superseded_by is not None:
            # It goes on, with the content of what replaced it, until that must have been read.
            ends_us = min(expires_us, published_us + policy.shortest_us)
        elif not is_live or head.status != "firing":
            ends_us = min(expires_us, published_us)
        since_us = _UNSEEN if before is None else before.since_us
        is_recent = before is not None and before.is_recent
        if is_live and not is_retracted:
            severity = SEVERITIES.index(head.severity)
            since_us = tuple(min(at, published_us) if tier <= severity else at for tier, at in enumerate(since_us))
            is_recent |= published_us - as_of_us <= policy.max_age_us
        return _Alert(
            head=head,
            published_us=published_us,
            ends_us=ends_us,
            kept_until_us=max(ends_us, as_of_us + policy.max_age_us) + policy.linger_us,
            is_recent=is_recent,
            since_us=since_us,
        )

    def take_back(self, alert_id: str, now_us: int) -> None:
        """The record of an alert was deleted: nothing more is sent of it, and Alertmanager ends it."""
        for key, incident in list(self._incidents.items()):
            if alert_id in incident.alerts:
                del self._incidents[key]
                if alerts := {name: alert for name, alert in incident.alerts.items() if name != alert_id}:
                    self._incidents[key] = _Incident.of(alerts, self._policy, now_us)

    def select(self, now_us: int) -> IncidentSelection:
        """What is to be sent now. Forgets what is history."""
        going_on: dict[str, list[_Incident]] = defaultdict(list)
        over: list[_Incident] = []
        back_fill = 0
        for key, incident in list(self._incidents.items()):
            if incident.kept_until_us < now_us:
                del self._incidents[key]
            elif incident.ends_us <= now_us:
                if incident.ends_us + self._policy.linger_us > now_us:
                    over.append(incident)  # also where nobody was told: Alertmanager says nothing of it then
            elif incident.is_recent:
                going_on[incident.leading.head.rule].append(incident)
            else:
                back_fill += incident.since_us != _UNSEEN
        chosen: list[_Incident] = []
        floods: list[Notice] = []
        summarised = 0
        for rule, incidents in sorted(going_on.items()):
            sent = _within_limit(incidents, self._policy.limit)
            chosen += sent.values()
            held_back = Counter[Severity](SEVERITIES[each.severity] for each in incidents if each.key not in sent)
            summarised += held_back.total()
            for severity, count in sorted(held_back.items()):
                floods += flood_notices(rule, severity, count, self._policy)
        firing, ends, rejected = self._notices(chosen, is_over=False), self._notices(over, is_over=True), self._rejected
        self._rejected = []
        return IncidentSelection(
            notices=firing + floods + ends,
            firing=len(chosen),
            summarised=summarised,
            back_fill=back_fill,
            rejected=rejected,
        )

    def _notices(self, incidents: list[_Incident], *, is_over: bool) -> list[Notice]:
        notices: list[Notice] = []
        for incident in sorted(incidents, key=attrgetter("rank")):
            try:
                notices += incident.notices_of(self._policy, is_over=is_over)
            except Exception as error:  # noqa: BLE001  # whatever is wrong with one alert, the others are sent
                self._rejected.append((incident.leading.head.id, error))
                del self._incidents[incident.key]
        return notices


def _end_of(head: AlertHead) -> NotifiedState:
    if head.mode != "live":
        return "on_trial"
    return "retracted" if head.status == "retracted" else "expired"


def _within_limit(incidents: list[_Incident], limit: int) -> dict[str, _Incident]:
    """Those of a rule that are sent one by one: all critical ones, and of those of each severity or above the first so
    many that were published so. New ones push nobody out, and what is sent is sent on when it becomes more severe.
    """
    chosen = {each.key: each for each in incidents if each.severity >= _CRITICAL}
    for tier in range(_CRITICAL):
        pool = sorted((each.since_us[tier], each.key, each) for each in incidents if each.severity >= tier)
        chosen |= {key: each for _since_us, key, each in pool[:limit]}
    return chosen
