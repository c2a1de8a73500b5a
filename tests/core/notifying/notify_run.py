"""NOTIFY over a log, with Alertmanagers that are models. The log survives; when NOTIFY dies, all else is lost."""

from collections import Counter
from random import Random

from streams.core.clock import SECOND_US
from streams.core.notifying.incidents import Incidents, IncidentSelection
from streams.core.notifying.notices import AlertHead, Notice, NotifyPolicy
from tests.core.notifying.alert_heads import NOON_US

__all__ = ["FAST", "Model", "NotifyRun", "incidents_of", "labels"]

FAST = NotifyPolicy(resend_us=10 * SECOND_US, max_age_us=3_600 * SECOND_US, limit=100)
_PARTITIONS = 3


def labels(notice: Notice) -> frozenset[tuple[str, str]]:
    """What an Alertmanager tells alerts apart by."""
    return frozenset(notice.labels.items())


def incidents_of(selection: IncidentSelection, *, is_over: bool = False) -> list[str]:
    """The incidents that are sent as firing, or as over, in order and without repetition."""
    found = [
        each.labels["antiphon_id"] for each in selection.notices if each.is_over is is_over and "subject" in each.labels
    ]
    return list(dict.fromkeys(found))


class Model:
    """An Alertmanager that keeps what it took and ends it by its own clock. `begun` and `ended` is what people note of
    each incident, by whichever of its labels it fires.
    """

    def __init__(self) -> None:
        self.away_since_us: int | None = None
        self.held: dict[frozenset[tuple[str, str]], Notice] = {}
        self.begun: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self._firing: set[str] = set()

    def take(self, notice: Notice) -> None:
        """It is sent one notice."""
        assert notice.starts_us < notice.ends_us
        self.held[labels(notice)] = notice

    def firing(self, now_us: int) -> list[str]:
        """The incidents that it believes to be going on."""
        return sorted(
            {
                each.labels["antiphon_id"]
                for each in self.held.values()
                if each.ends_us > now_us and "subject" in each.labels
            }
        )

    def notify_people(self, now_us: int) -> None:
        """It tells people what has changed."""
        firing = set(self.firing(now_us))
        self.begun.update(firing - self._firing)
        self.ended.update(self._firing - firing)
        self._firing = firing


class NotifyRun:
    """One NOTIFY after the other over a topic of several partitions, compacted now and then."""

    def __init__(self, random: Random, deaths: float = 0.0, policy: NotifyPolicy = FAST) -> None:
        self.random, self.deaths, self.policy = random, deaths, policy
        self.now_us = NOON_US
        self.logs: list[list[tuple[AlertHead, int]]] = [[] for _ in range(_PARTITIONS)]
        self.models = [Model(), Model()]
        self.killed = 0
        self.incidents = Incidents(policy)

    @property
    def topic(self) -> dict[str, tuple[AlertHead, int]]:
        """The last record of each alert."""
        return {head.id: (head, at_us) for log in self.logs for head, at_us in log}

    def start(self) -> None:
        """A new life: the topic is read from its beginning, its partitions by turns."""
        if self.random.random() < 0.5:
            self.compact()
        self.incidents = Incidents(self.policy)
        left = [list(log) for log in self.logs]
        while any(left):
            head, at_us = self.random.choice([log for log in left if log]).pop(0)
            self.incidents.take(head, at_us, self.now_us)

    def compact(self) -> None:
        """Of what was replaced a minute ago only the last record is left. Kafka leaves more, and for longer: the newest
        segment of a partition as it is.
        """
        last = self.topic
        for log in self.logs:
            log[:] = [
                (head, at_us)
                for head, at_us in log
                if (head, at_us) == last[head.id] or self.now_us - last[head.id][1] < 60 * SECOND_US
            ]

    def publish(self, *alerts: AlertHead, published_us: int | None = None) -> None:
        """Alerts are written to the topic, at that time or now, and read."""
        for alert in alerts:
            at_us = published_us or self.now_us
            self.logs[sum(alert.id.encode()) % _PARTITIONS].append((alert, at_us))
            self.incidents.take(alert, at_us, self.now_us)

    def step(self, seconds: float) -> IncidentSelection:
        """Time passes, then one round of work is done, unless NOTIFY dies: before it, or in the middle of it."""
        self.now_us += int(seconds * SECOND_US)
        selection = self.incidents.select(self.now_us)
        assert selection.rejected == []
        for model in self.models:
            if model.away_since_us is not None:
                continue
            for notice in selection.notices:
                if self.random.random() < self.deaths:
                    self.killed += 1
                    self.start()
                    break
                model.take(notice.sent_at(self.now_us, self.policy))
        for model in self.models:
            model.notify_people(self.now_us)
        return selection
