"""The desk: alerts come in, decisions are taken, lines to tell go out, until the end of each incident was told.

Pure: the clock comes in, and nothing is sent here. A decision is in force (`settle`) only when it is written down.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from streams.core.clock import DAY_US, from_us, to_us
from streams.core.noticing.incident import Incident, Published, is_history
from streams.core.noticing.notice_book import Book, Line, LineKey
from streams.core.noticing.notice_decisions import decide, relabelled, utc_day
from streams.core.noticing.notices import (
    AlertHead,
    NoticePolicy,
    annotations_of,
    budget_annotations,
    budget_labels,
    evidence_link,
)
from streams.core.noticing.notification import Notification

__all__ = ["Desk"]


class Desk:
    """Every incident that is not yet history, by `dedup_key`. `lines` is what is being told."""

    def __init__(self, policy: NoticePolicy) -> None:
        self.policy = policy
        self.lines: dict[LineKey, Line] = {}
        self._incidents: dict[str, Incident] = {}
        self._told: dict[str, int] = {}  # what is not written down yet
        self._touched: dict[str, None] = {}  # in the order in which they came
        self._paged: Counter[tuple[str, str]] = Counter()  # by rule and UTC day
        self._held_back: Counter[tuple[str, str]] = Counter()

    def __len__(self) -> int:
        return len(self._incidents)

    @property
    def firing(self) -> int:
        """How many incidents are being told as firing."""
        return len({line.incident for line in self.lines.values() if line.incident and line.over_us is None})

    def recall(self, key: str, notification: Notification | None) -> None:
        """A decision of an earlier life; `None` takes it back. To be told before any alert, in the order written."""
        if notification is None:
            self._incidents.pop(key, None)
            self._touched.pop(key, None)
        else:
            self._incidents[key] = Incident(decision=notification)
            if notification.is_open:
                self._touched[key] = None

    def count_recalled(self) -> None:
        """All decisions of earlier lives are known: what they used of the budgets is counted now."""
        for incident in self._incidents.values():
            if incident.decision is not None:
                self._count(incident.decision, incident.decision.times)

    def _count(self, notification: Notification, times: int = 1) -> None:
        if notification.decision == "page":
            self._paged[notification.rule, notification.day] += times
        elif notification.decision == "over_budget":
            self._held_back[notification.rule, notification.day] += times

    def take(self, alert: AlertHead, published_us: int, now_us: int) -> None:
        """An alert as it was published last. What is history by now takes no room."""
        key = alert.dedup_key
        incident = self._incidents.get(key)
        if not (incident and incident.is_open) and is_history(alert, published_us, now_us, self.policy):
            if incident is not None and incident.alerts.pop(alert.id, None) is not None and not incident.alerts:
                self._forget_undecided(key, incident)
            return
        if incident is None:
            incident = self._incidents[key] = Incident()
        incident.alerts[alert.id] = Published(alert, published_us)
        self._touched[key] = None

    def take_back(self, alert_id: str) -> None:
        """The record of an alert was deleted."""
        for key, incident in list(self._incidents.items()):
            if incident.alerts.pop(alert_id, None) is not None:
                self._touched[key] = None
                if not incident.alerts:
                    self._forget_undecided(key, incident)

    def _forget_undecided(self, key: str, incident: Incident) -> None:
        if incident.decision is None:
            self._drop(key)

    def _drop(self, key: str) -> None:
        del self._incidents[key]
        self._touched.pop(key, None)
        self._told.pop(key, None)

    def updates(self, books: Sequence[Book], now_us: int) -> list[Notification]:
        """What is to be written down: new decisions, what was told for the first time, what is over and done with."""
        found = self._judge_touched(now_us)
        going_on: set[str] = set()
        done: dict[LineKey, Line] = {}
        for key, line in self.lines.items():
            self._end_if_over(line, now_us)
            if line.over_us is not None and self._is_done(key, line, books, now_us):
                done[key] = line
            else:
                going_on.add(line.incident)
        for key, line in done.items():
            incident = self._incidents.get(line.incident)
            if incident is None or incident.decision is None:
                del self.lines[key]
            elif line.incident not in going_on and line.incident not in found and incident.ends_us <= now_us:
                ends_us = max((to_us(each.head.expires_at) for each in incident.alerts.values()), default=now_us)
                found[line.incident] = msgspec.structs.replace(
                    incident.decision, resolved=True, ends_at=from_us(min(ends_us, now_us))
                )
        for name, told_us in self._told.items():
            written = found.get(name) or self._incidents[name].decision
            if written is not None and written.told_at is None:
                found[name] = msgspec.structs.replace(written, told_at=from_us(told_us))
        return list(found.values())

    def _judge_touched(self, now_us: int) -> dict[str, Notification]:
        found: dict[str, Notification] = {}
        paged = self._paged.copy()
        day = utc_day(now_us)
        for key in self._touched:
            incident = self._incidents[key]
            before = incident.decision
            if before is not None and before.is_open:
                # Its end is told with the labels by which it is known.
                leading = incident.leading if incident.ends_us > now_us else None
                if leading is not None and (labelled := relabelled(before, leading.head)) is not None:
                    found[key] = labelled
            elif (news := incident.news) is not None:
                count = paged[news.head.rule, day]
                decision = decide(news.head, news.at_us, now_us, before, count, self.policy)
                if decision is not None:
                    found[key] = decision
                    paged[decision.rule, day] += decision.decision == "page"
        return found

    def _end_if_over(self, line: Line, now_us: int) -> None:
        """It is over once its time is up, but not before an Alertmanager has had the time to tell people."""
        if line.over_us is not None or line.told_us is None:
            return
        if now_us >= max(line.ends_us, line.told_us + self.policy.rounds * self.policy.resend_us):
            line.over_us = now_us

    def _is_done(self, key: LineKey, line: Line, books: Sequence[Book], now_us: int) -> bool:
        """Every Alertmanager was told that it is over; or some were, and the others found out by the clock."""
        told = [book.has_told_end_of(key) for book in books]
        return all(told) or (any(told) and now_us >= line.announced_us + 3 * self.policy.resend_us)

    def settle(self, written: Iterable[Notification], now_us: int) -> list[Notification]:
        """These are written down: they are in force, and what follows from them is to be told. To be called after each
        `updates`, also where there were none. Returns those that decide anew.
        """
        decided: list[Notification] = []
        for notification in written:
            incident = self._incidents[notification.dedup_key]
            if not incident.is_open:
                self._count(notification)
                decided.append(notification)
            incident.decision = notification
            self._touched[notification.dedup_key] = None
            if notification.told_at is not None:
                self._told.pop(notification.dedup_key, None)
        for key in list(self._touched):
            self._refresh(key, self._incidents[key], now_us)
        self._touched.clear()
        self._refresh_budgets(now_us)
        return decided

    def _refresh(self, key: str, incident: Incident, now_us: int) -> None:
        decision = incident.decision
        if decision is None:  # it became history while it waited
            self._drop(key)
            return
        if not decision.is_open:
            for labels in decision.told_as:
                self.lines.pop(_key(key, labels), None)
            incident.forget_history(now_us, self.policy)
            return
        incident.forget_over(now_us)
        leading, ends_us = incident.leading, incident.ends_us
        for labels in decision.told_as:
            self._refresh_line(key, labels, decision, leading, ends_us, now_us)

    def _refresh_line(
        self,
        incident: str,
        labels: dict[str, str],
        decision: Notification,
        leading: Published | None,
        ends_us: int,
        now_us: int,
    ) -> None:
        key = _key(incident, labels)
        before = self.lines.get(key)
        head = None if leading is None else leading.head
        kept = {} if before is None else before.annotations
        told_us = None if decision.told_at is None else to_us(decision.told_at)
        line = Line(
            labels=labels,
            annotations=kept if head is None else annotations_of(head, self.policy),
            starts_us=to_us(decision.decided_at) if head is None else to_us(head.fired_at),
            ends_us=ends_us,
            announced_us=ends_us if head is None else to_us(head.expires_at),
            link="" if head is None else evidence_link(head, self.policy),
            incident=incident,
            published_us=0 if leading is None else leading.at_us,
            told_us=told_us if before is None or before.told_us is None else before.told_us,
        )
        if before is not None:
            line.announced_us = max(line.announced_us, before.announced_us)
            if before.annotations == line.annotations:
                line.annotations = before.annotations  # the very same, so that what was refused stays refused
            if ends_us <= now_us:
                line.over_us = before.over_us
        self._end_if_over(line, now_us)
        self.lines[key] = line

    def _refresh_budgets(self, now_us: int) -> None:
        day = utc_day(now_us)
        for counts in (self._paged, self._held_back):
            for rule, other in [key for key in counts if key[1] < day]:
                del counts[rule, other]
        for (rule, held_day), count in self._held_back.items():
            if held_day != day:
                continue
            labels = budget_labels(rule, day)
            annotations = budget_annotations(rule, day, count, self.policy)
            key = _key("", labels)
            known = self.lines.get(key)
            if known is None:
                ends = (now_us // DAY_US + 1) * DAY_US
                self.lines[key] = Line(
                    labels=labels, annotations=annotations, starts_us=now_us, ends_us=ends, announced_us=ends
                )
            elif known.annotations != annotations:
                known.annotations = annotations

    def told(self, key: LineKey, now_us: int) -> Line | None:
        """An Alertmanager dealt with a line. Returns the line if it is the first one to do so."""
        line = self.lines.get(key)
        if line is None or line.told_us is not None:
            return None
        line.told_us = now_us
        if line.incident:
            self._told.setdefault(line.incident, now_us)
        return line

    def forgettable(self, now_us: int) -> list[str]:
        """Incidents whose decision nobody needs any more: if they came up again, they would be history."""
        day = utc_day(now_us)
        return [
            key
            for key, incident in self._incidents.items()
            if incident.decision is not None
            and not incident.is_open
            and incident.ends_us <= now_us
            and incident.decision.day < day
            and now_us - max(incident.published_us, to_us(incident.decision.decided_at)) > self.policy.max_age_us
        ]

    def forget(self, keys: Iterable[str]) -> None:
        """Their decisions are deleted."""
        for key in keys:
            self._drop(key)


def _key(incident: str, labels: dict[str, str]) -> LineKey:
    return incident, frozenset(labels.items())
