"""The desk: alerts come in, decisions are taken, lines to tell go out, until the end of each was told.

Pure: the clock comes in, and nothing is sent here. A decision is in force (`settle`) only when it is written down.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from streams.core.clock import DAY_US, from_us, to_us
from streams.core.noticing.notice_book import Book, Line, LineKey
from streams.core.noticing.notice_decisions import decide, ends_us, is_history, utc_day
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


class _Entry(Struct, kw_only=True, gc=False):
    """What is known of one alert. `head` is kept while it may be told, and until it is judged."""

    decision: Notification | None = None
    head: AlertHead | None = None
    published_us: int = 0
    ends_us: int = 0


class Desk:
    """Every alert that is not yet history. `lines` is what is being told."""

    def __init__(self, policy: NoticePolicy) -> None:
        self.policy = policy
        self.lines: dict[LineKey, Line] = {}
        self._entries: dict[str, _Entry] = {}
        self._told: dict[str, int] = {}  # what is not written down yet
        self._touched: dict[str, None] = {}  # in the order in which they came
        self._paged: Counter[tuple[str, str]] = Counter()  # by rule and UTC day
        self._held_back: Counter[tuple[str, str]] = Counter()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def firing(self) -> int:
        """How many alerts are being told as firing."""
        return sum(line.over_us is None for line in self.lines.values() if line.alert_id)

    def recall(self, alert_id: str, notification: Notification | None) -> None:
        """A decision of an earlier life; `None` takes it back. To be told before any alert, in the order written."""
        if notification is None:
            self._entries.pop(alert_id, None)
            self._touched.pop(alert_id, None)
        else:
            self._entries[alert_id] = _Entry(decision=notification)
            if notification.is_open:
                self._touched[alert_id] = None

    def count_recalled(self) -> None:
        """All decisions of earlier lives are known: what they used of the budgets is counted now."""
        for entry in self._entries.values():
            if entry.decision is not None:
                self._count(entry.decision)

    def _count(self, notification: Notification) -> None:
        if notification.decision == "page":
            self._paged[notification.rule, notification.day] += 1
        elif notification.decision == "over_budget":
            self._held_back[notification.rule, notification.day] += 1

    def take(self, alert: AlertHead, published_us: int, now_us: int) -> None:
        """An alert as it was published last. What is history by now takes no room."""
        entry = self._entries.get(alert.id)
        if entry is None:
            entry = self._entries[alert.id] = _Entry()
        entry.head, entry.published_us, entry.ends_us = alert, published_us, ends_us(alert)
        if entry.decision is None and is_history(alert, published_us, now_us, self.policy):
            self._drop(alert.id)
            return
        self._touched[alert.id] = None

    def take_back(self, alert_id: str) -> None:
        """The record of an alert was deleted."""
        entry = self._entries.get(alert_id)
        if entry is None:
            return
        if entry.decision is None:
            self._drop(alert_id)
        else:
            entry.head, entry.ends_us = None, 0
            self._touched[alert_id] = None

    def _drop(self, alert_id: str) -> None:
        del self._entries[alert_id]
        self._touched.pop(alert_id, None)
        self._told.pop(alert_id, None)

    def updates(self, books: Sequence[Book], now_us: int) -> list[Notification]:
        """What is to be written down: new decisions, what was told for the first time, what is over and done with."""
        found = self._judge_touched(now_us)
        for key, line in list(self.lines.items()):
            self._end_if_over(line, now_us)
            if line.over_us is None or not self._is_done(key, line, books, now_us):
                continue
            entry = self._entries[line.alert_id] if line.alert_id else None
            if entry is None or entry.decision is None:
                del self.lines[key]
            elif line.alert_id not in found and entry.ends_us <= now_us:  # else it has come to life again
                found[line.alert_id] = msgspec.structs.replace(entry.decision, resolved=True)
        for alert_id, told_us in self._told.items():
            written = found.get(alert_id) or self._entries[alert_id].decision
            if written is not None and written.told_at is None:
                found[alert_id] = msgspec.structs.replace(written, told_at=from_us(told_us))
        return list(found.values())

    def _judge_touched(self, now_us: int) -> dict[str, Notification]:
        found: dict[str, Notification] = {}
        paged = self._paged.copy()
        day = utc_day(now_us)
        for alert_id in self._touched:
            entry = self._entries[alert_id]
            if entry.head is None:
                continue
            count = paged[entry.head.rule, day]
            decision = decide(entry.head, entry.published_us, now_us, entry.decision, count, self.policy)
            if decision is not None:
                found[alert_id] = decision
                if decision.decision == "page" and not (entry.decision and entry.decision.is_open):
                    paged[decision.rule, day] += 1
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
            entry = self._entries[notification.alert_id]
            if not (entry.decision and entry.decision.is_open):
                self._count(notification)
                decided.append(notification)
            entry.decision = notification
            self._touched[notification.alert_id] = None
            if notification.told_at is not None:
                self._told.pop(notification.alert_id, None)
        for alert_id in list(self._touched):
            self._refresh(alert_id, self._entries[alert_id], now_us)
        self._touched.clear()
        self._refresh_budgets(now_us)
        return decided

    def _refresh(self, alert_id: str, entry: _Entry, now_us: int) -> None:
        decision = entry.decision
        if decision is None:  # it became history while it waited
            self._drop(alert_id)
            return
        if not decision.is_open:
            self.lines.pop(_key(alert_id, decision.labels), None)
            entry.head = None
            return
        told_us = None if decision.told_at is None else to_us(decision.told_at)
        key = _key(alert_id, decision.labels)
        before = self.lines.get(key)
        if before is not None and not before.alert_id:
            before = None  # it had these labels earlier, and has them again
        head = entry.head
        kept = {} if before is None else before.annotations
        line = Line(
            labels=decision.labels,
            annotations=kept if head is None else annotations_of(head, self.policy),
            starts_us=to_us(decision.decided_at) if head is None else to_us(head.fired_at),
            ends_us=entry.ends_us,
            announced_us=entry.ends_us if head is None else to_us(head.expires_at),
            link="" if head is None else evidence_link(head, self.policy),
            alert_id=alert_id,
            published_us=entry.published_us,
            told_us=told_us if before is None or before.told_us is None else before.told_us,
        )
        if before is not None:
            line.announced_us = max(line.announced_us, before.announced_us)
            if before.annotations == line.annotations:
                line.annotations = before.annotations  # the very same, so that what was refused stays refused
            if entry.ends_us <= now_us:
                line.over_us = before.over_us
        self._end_if_over(line, now_us)
        self.lines[key] = line
        if before is None:
            for labels in decision.former:
                self._end_former(alert_id, labels, line, now_us)

    def _end_former(self, alert_id: str, labels: dict[str, str], line: Line, now_us: int) -> None:
        """The same alert under labels that it no longer has: over, for it goes on under others."""
        key = _key(alert_id, labels)
        known = self.lines.get(key)
        if known is None or known.alert_id:
            over = msgspec.structs.replace(line, labels=labels, alert_id="", over_us=now_us, told_us=now_us)
            self.lines[key] = over

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
        if line.alert_id:
            self._told[line.alert_id] = now_us
        return line

    def forgettable(self, now_us: int) -> list[str]:
        """Alerts whose decision nobody needs any more: if they came up again, they would be history."""
        day = utc_day(now_us)
        return [
            alert_id
            for alert_id, entry in self._entries.items()
            if entry.decision is not None
            and not entry.decision.is_open
            and entry.ends_us <= now_us
            and entry.decision.day < day
            and now_us - max(entry.published_us, to_us(entry.decision.decided_at)) > self.policy.max_age_us
        ]

    def forget(self, alert_ids: Iterable[str]) -> None:
        """Their decisions are deleted."""
        for alert_id in alert_ids:
            self._drop(alert_id)


def _key(alert_id: str, labels: dict[str, str]) -> LineKey:
    return alert_id, frozenset(labels.items())
