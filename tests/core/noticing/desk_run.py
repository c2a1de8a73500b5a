"""The desk with Alertmanagers that are models: what is written down survives, all else is lost when it dies."""

from collections import Counter
from random import Random

from streams.core.clock import SECOND_US
from streams.core.noticing.notice_book import Book
from streams.core.noticing.notice_desk import Desk
from streams.core.noticing.notices import AlertHead, Notice, NoticePolicy
from streams.core.noticing.notification import Notification, decode_notification, encode_notification
from tests.core.noticing.alert_heads import NOON_US

__all__ = ["FAST", "DeskRun", "Model"]

FAST = NoticePolicy(resend_us=10 * SECOND_US, max_age_us=3_600 * SECOND_US, daily_budget=3)


class Model:
    """An Alertmanager that keeps what it took, and whose people note when an incident begins and when it is over."""

    def __init__(self, policy: NoticePolicy) -> None:
        self.policy = policy
        self.away = False
        self.held: dict[frozenset[tuple[str, str]], Notice] = {}
        self.begun: Counter[str] = Counter()

    def take(self, notice: Notice, now_us: int) -> None:
        """It is sent one notice."""
        key = frozenset(notice.labels.items())
        assert notice.starts_us < notice.ends_us
        if notice.ends_us > now_us:
            assert notice.ends_us >= now_us + 3 * self.policy.resend_us
            incident = notice.labels.get("antiphon_id")
            if incident is not None and incident not in self.firing(now_us):
                self.begun[incident] += 1
        self.held[key] = notice

    def firing(self, now_us: int) -> list[str]:
        """The incidents that people believe to be going on, each by one severity or by several."""
        return sorted(
            {
                notice.labels["antiphon_id"]
                for notice in self.held.values()
                if notice.ends_us > now_us and "antiphon_id" in notice.labels
            }
        )


class _Killed(Exception):  # noqa: N818 - reads as what happened
    pass


class DeskRun:
    """One NOTIFY after the other, over a topic of alerts and a log of decisions."""

    def __init__(self, random: Random, deaths: float, policy: NoticePolicy = FAST) -> None:
        self.random, self.deaths, self.policy = random, deaths, policy
        self.now_us = NOON_US
        self.topic: dict[str, tuple[AlertHead, int]] = {}
        self.log: dict[str, Notification] = {}
        self.models = [Model(policy), Model(policy)]
        self.killed = 0
        self.start()

    def start(self) -> None:
        """A new life: what was written down is read."""
        self.desk = Desk(self.policy)
        self.books = [Book(self.policy) for _ in self.models]
        for alert_id, notification in self.log.items():
            self.desk.recall(alert_id, notification)
        self.desk.count_recalled()
        for alert, published_us in self.topic.values():
            self.desk.take(alert, published_us, self.now_us)

    def publish(self, alert: AlertHead, published_us: int | None = None) -> None:
        """An alert that was written to the topic, at that time or now, is read."""
        self.topic[alert.id] = (alert, published_us or self.now_us)
        self.desk.take(alert, published_us or self.now_us, self.now_us)

    def step(self, seconds: int) -> None:
        """Time passes, then one round of work is done."""
        self.now_us += seconds * SECOND_US
        try:
            self._work()
        except _Killed:
            self.killed += 1
            self.start()

    def _die_now_and_then(self) -> None:
        if self.random.random() < self.deaths:
            raise _Killed

    def _work(self) -> None:
        desk = self.desk
        written = desk.updates(self.books, self.now_us)
        gone = desk.forgettable(self.now_us)
        self._die_now_and_then()
        for notification in written:
            self.log[notification.dedup_key] = decode_notification(encode_notification(notification))
        for alert_id in gone:
            del self.log[alert_id]
        self._die_now_and_then()
        desk.settle(written, self.now_us)
        desk.forget(gone)
        for model, book in zip(self.models, self.books, strict=True):
            for key in book.due(desk.lines, self.now_us):
                self._die_now_and_then()
                if model.away:
                    break
                line = desk.lines[key]
                notice = line.notice(self.now_us, self.policy)
                if line.incident:  # nothing is sent that is not written down
                    assert self.log[line.incident].decision == "page"
                    assert notice.labels in self.log[line.incident].told_as
                model.take(notice, self.now_us)
                book.accepted(key, self.now_us, as_over=line.over_us is not None)
                desk.told(key, self.now_us)
