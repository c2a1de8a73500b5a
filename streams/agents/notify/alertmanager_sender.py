"""Keeps one Alertmanager informed: sends at once what is new or has changed, and the rest once an interval.

Each Alertmanager has a sender of its own, so that one that is away holds nobody back.
"""

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from streams.agents.notify.notification_log import NotificationLog
from streams.agents.notify.pauses import pause_seconds
from streams.core.clock import SECOND_US
from streams.core.notifying.notices import Notice, NotifyPolicy
from streams.metrics import Metrics
from streams.sinks.alertmanager import Alertmanager, AlertmanagerError, OutdatedError

__all__ = ["STALE_SECONDS", "AlertmanagerSender", "now_us"]

STALE_SECONDS: Final = 5.0
"""A worker that was frozen, or cannot read the topic, must not send what it knew so long ago."""

_log: Final = logging.getLogger(__name__)
_AT_ONCE: Final = 100
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 15.0

_Labels: TypeAlias = frozenset[tuple[str, str]]  # what an Alertmanager tells alerts apart by


def now_us() -> int:
    """The time of day in µs since 1970 UTC."""
    return time.time_ns() // 1_000


class _Sent(Struct, gc=False):
    at: float
    notice: Notice
    is_refused: bool


class AlertmanagerSender:
    """`offer` it what is to be sent by now, again and again. It remembers what it sent only to send it no more often.

    `began_us` is when NOTIFY began: how late people are told is measured of what was published since.
    """

    def __init__(
        self,
        alertmanager: Alertmanager,
        policy: NotifyPolicy,
        began_us: int,
        metrics: Metrics,
        notifications: NotificationLog,
    ) -> None:
        self._alertmanager = alertmanager
        self._policy = policy
        self._resend_seconds = policy.resend_us / SECOND_US
        self._began_us = began_us
        self._metrics = metrics
        self._notifications = notifications
        self._offered: dict[_Labels, Notice] = {}
        self._offered_at = float("-inf")
        self._news = asyncio.Event()
        self._sent: dict[_Labels, _Sent] = {}
        self._answered_at = float("-inf")
        self._failures = 0

    def offer(self, notices: Sequence[Notice]) -> None:
        """All that is to be sent at this moment, the most urgent first."""
        self._offered = {frozenset(notice.labels.items()): notice for notice in notices}
        self._offered_at = time.monotonic()
        self._sent = {labels: sent for labels, sent in self._sent.items() if labels in self._offered}
        self._news.set()

    async def run(self) -> None:
        """Until cancelled. Never raises for anything that an Alertmanager does."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                while due := self._due():
                    await self._send(due[:_AT_ONCE])
                # With nothing to send it still asks once an interval: one that is away is noticed before it is needed.
                if time.monotonic() - self._answered_at >= self._resend_seconds:
                    await self._send([])
            except OutdatedError:
                continue  # what is true by now is offered soon
            except AlertmanagerError as error:
                self._note_failure(error)
                longest = min(_LONGEST_PAUSE_SECONDS, self._resend_seconds)
                pause = pause_seconds(self._failures, _FIRST_PAUSE_SECONDS, longest)
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing

    def _due(self) -> list[_Labels]:
        if not self._is_current():
            return []
        now = time.monotonic()
        return [labels for labels, notice in self._offered.items() if self._is_due(self._sent.get(labels), notice, now)]

    def _is_current(self) -> bool:
        return time.monotonic() - self._offered_at <= STALE_SECONDS

    def _is_due(self, sent: _Sent | None, notice: Notice, now: float) -> bool:
        if sent is None or (sent.notice is not notice and sent.notice != notice):
            return True
        return not sent.is_refused and now - sent.at >= self._resend_seconds

    async def _send(self, due: Sequence[_Labels]) -> None:
        at, at_us = time.monotonic(), now_us()
        notices = [self._offered[labels] for labels in due]
        as_sent = [notice.sent_at(at_us, self._policy) for notice in notices]
        refused = set(await self._alertmanager.post(as_sent, self._is_current))
        self._note_success()
        accepted_us = now_us()
        for position, (labels, notice) in enumerate(zip(due, notices, strict=True)):
            is_refused = position in refused
            self._metrics.notifications.labels("rejected" if is_refused else "sent").inc()
            if labels not in self._sent and not is_refused and notice.published_us >= self._began_us:
                self._metrics.notify_delay_seconds.observe(max(0, accepted_us - notice.published_us) / SECOND_US)
            if not is_refused and _is_news(notice, self._sent.get(labels)):
                self._notifications.note(notice, self._alertmanager.host, accepted_us)
            self._sent[labels] = _Sent(at, notice, is_refused)

    def _note_success(self) -> None:
        self._answered_at = time.monotonic()
        self._metrics.notify_last_success.set(time.time())
        if self._failures:
            _log.info("Alertmanager is back", extra={"alertmanager": self._alertmanager.name})
        self._failures = 0

    def _note_failure(self, error: AlertmanagerError) -> None:
        self._metrics.notifications.labels("failed").inc()
        if not self._failures:
            _log.error("Alertmanager unavailable", extra={"error": error.message, "remedy": error.remedy})
        self._failures += 1


def _is_news(notice: Notice, sent: _Sent | None) -> bool:
    """Whether it is another state of an alert than was taken before. One for each State says the same once more."""
    if not notice.alert_id or "country" in notice.labels:
        return False
    return (
        sent is None or sent.is_refused or (sent.notice.alert_id, sent.notice.state) != (notice.alert_id, notice.state)
    )
