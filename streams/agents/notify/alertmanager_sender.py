"""An Alertmanager sender: keeps one Alertmanager informed. One that is away holds nobody else back, and is told all
when it returns.

Sends what the desk has for it, at once what is new and the rest once an interval; knows nothing of how it was decided.
"""

import asyncio
import logging
import random
import time
from contextlib import suppress
from typing import Final

from streams.core.clock import SECOND_US
from streams.core.noticing.notice_book import Book, LineKey
from streams.core.noticing.notice_desk import Desk
from streams.metrics import Metrics
from streams.sinks.alertmanager import Alertmanager, AlertmanagerError

__all__ = ["AlertmanagerSender", "now_us"]

_log: Final = logging.getLogger(__name__)
_AT_ONCE: Final = 100
_TICK_SECONDS: Final = 0.5
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 15.0


def now_us() -> int:
    """The time of day in µs since 1970 UTC."""
    return time.time_ns() // 1_000


class AlertmanagerSender:
    """`book` is what the Alertmanager was told. `wake` makes it look for news at once."""

    def __init__(self, alertmanager: Alertmanager, desk: Desk, metrics: Metrics) -> None:
        self.book = Book(desk.policy)
        self._alertmanager = alertmanager
        self._desk = desk
        self._metrics = metrics
        self._news = asyncio.Event()
        self._failures = 0
        self._heard = float("-inf")

    def wake(self) -> None:
        """There may be something to tell."""
        self._news.set()

    async def run(self) -> None:
        """Until cancelled. Never raises for anything that an Alertmanager does."""
        resend_seconds = self._desk.policy.resend_us / SECOND_US
        while True:
            self._news.clear()
            due = self.book.due(self._desk.lines, now_us())
            try:
                # With nothing to tell it still asks once an interval: one that is away is noticed before it is needed.
                if due or time.monotonic() - self._heard >= resend_seconds:
                    await self._send(due)
            except AlertmanagerError as error:
                self._note_failure(error)
                pause = min(_FIRST_PAUSE_SECONDS * 2 ** min(self._failures, 10), _LONGEST_PAUSE_SECONDS, resend_seconds)
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing
                continue
            with suppress(TimeoutError):  # time passes: an interval may be over
                await asyncio.wait_for(self._news.wait(), _TICK_SECONDS)

    async def _send(self, due: list[LineKey]) -> None:
        for begin in range(0, max(len(due), 1), _AT_ONCE):
            began_us = now_us()
            lines = self._desk.lines
            part = [(key, lines[key]) for key in due[begin : begin + _AT_ONCE] if key in lines]
            as_over = [line.over_us is not None for _key, line in part]
            notices = [line.notice(began_us, self._desk.policy) for _key, line in part]
            refused = set(await self._alertmanager.post(notices))
            self._note_success()
            for position, (key, line) in enumerate(part):
                if position in refused:
                    self.book.refused(key, line, began_us)
                    self._metrics.notifications.labels("rejected").inc()
                    self._desk.told(key, began_us)  # nobody waits for it any longer
                else:
                    self.book.accepted(key, began_us, as_over=as_over[position])
                    self._note_told(key)

    def _note_told(self, key: LineKey) -> None:
        at_us = now_us()
        line = self._desk.told(key, at_us)
        if line is not None and line.incident:
            self._metrics.notifications.labels("sent").inc()
            if line.published_us:
                self._metrics.notify_delay_seconds.observe(max(0, at_us - line.published_us) / SECOND_US)

    def _note_success(self) -> None:
        self._heard = time.monotonic()
        self._metrics.notify_last_success.set(time.time())
        if self._failures:
            _log.info("an Alertmanager is back", extra={"alertmanager": self._alertmanager.name})
        self._failures = 0

    def _note_failure(self, error: AlertmanagerError) -> None:
        self._metrics.notifications.labels("failed").inc()
        if not self._failures:
            _log.error("an Alertmanager takes nothing", extra={"error": error.message, "remedy": error.remedy})
        self._failures += 1
