"""NOTIFY, the agent: follows the topic `alerts` and keeps every Alertmanager informed. One worker of a group at a time.

What is decided about an alert is written down before anything of it is sent. Why one worker: docs/architecture.md.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import aiohttp
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.agents.notify.alertmanager_sender import AlertmanagerSender, now_us
from streams.agents.notify.decision_log import NOTIFICATIONS, DecisionLog
from streams.agents.notify.leader_election import LeaderElection
from streams.core.clock import SECOND_US
from streams.core.noticing.notice_desk import Desk
from streams.core.noticing.notices import AlertHead, NoticePolicy, annotations_of, labels_of
from streams.kafka.client import consumer
from streams.kafka.reading import require_topic
from streams.metrics import Metrics
from streams.printable import printable
from streams.settings import Settings
from streams.sinks.alertmanager import Alertmanager

__all__ = ["Notify", "notice_policy"]

_log: Final = logging.getLogger(__name__)
_ALERTS: Final = "alerts"
_POLL_MS: Final = 500
_SWEEP_SECONDS: Final = 60.0
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 30.0

_decode: Final = msgspec.json.Decoder(AlertHead).decode


def notice_policy(settings: Settings) -> NoticePolicy:
    """The policy of a group of workers."""
    return NoticePolicy(
        resend_us=int(settings.notify_resend_seconds * SECOND_US),
        max_age_us=int(settings.notify_max_age_seconds * SECOND_US),
        daily_budget=settings.notify_daily_budget,
        evidence_url=settings.evidence_url,
        runbook_url=settings.runbook_url,
    )


class Notify:
    """Tells the Alertmanagers of the settings. The metrics of a worker whose turn it is not stay as they are."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._is_leader = False
        self._failures = 0
        self._failure: str | None = None

    def lack(self) -> str | None:
        """What keeps NOTIFY from working, for the worker's readiness; `None` while it works or waits for its turn."""
        return None if self._failure is None else f"failed, and is tried again: {self._failure}"

    async def run(self) -> None:
        """Until cancelled. An error ends this attempt and nothing else: the agents beside NOTIFY go on, and it is begun
        anew after a pause of 1 to 30 s. Until it works again, `lack` says so, and the error is logged and counted.
        """
        while True:
            began = time.monotonic()
            turn = asyncio.create_task(LeaderElection(self._settings, NOTIFICATIONS, self._lead).run())
            turn.add_done_callback(_retrieved)
            try:
                # Who is not given the turn has nothing that could fail: after a while that counts as working, too.
                await asyncio.wait({turn}, timeout=2 * self._settings.session_timeout_seconds)
                if not turn.done() and not self._is_leader:
                    self._works()
                await turn
            except Exception as error:  # noqa: BLE001  # the boundary: whatever it is, the other agents go on
                if time.monotonic() - began > _LONGEST_PAUSE_SECONDS:
                    self._failures = 0
                self._fails(error)
            finally:
                turn.cancel()
                await asyncio.wait({turn})
            pause = min(_FIRST_PAUSE_SECONDS * 2 ** min(self._failures - 1, 10), _LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)

    def _works(self) -> None:
        if self._failure is not None:
            _log.info("NOTIFY works again", extra={"failures": self._failures})
        self._failure, self._failures = None, 0

    def _fails(self, error: Exception) -> None:
        self._failures += 1
        self._failure = printable(f"{type(error).__name__}: {error}", 200)
        self._metrics.notify_errors.inc()
        _log.error("NOTIFY failed", extra={"failures": self._failures}, exc_info=error)

    async def _lead(self) -> None:
        log = DecisionLog(self._settings, self._metrics)
        desk = Desk(notice_policy(self._settings))
        self._is_leader = True
        try:
            await log.open()
            async for key, notification in log.read():
                desk.recall(key, notification)
            desk.count_recalled()
            async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
                senders = [
                    AlertmanagerSender(Alertmanager(url, session), desk, self._metrics)
                    for url in self._settings.alertmanager_addresses
                ]
                office = _LeaderWork(self._settings, self._metrics, log, desk, senders, self._works)
                await office.run()
        except BaseExceptionGroup as group:
            if len(group.exceptions) == 1:
                raise group.exceptions[0] from None  # a fence is told apart by its type
            raise
        finally:
            self._is_leader = False
            self._metrics.notify_firing.set(0)
            await log.close()


class _LeaderWork:
    """One turn: the desk, the senders, and the log between them."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        log: DecisionLog,
        desk: Desk,
        senders: Sequence[AlertmanagerSender],
        works: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._log = log
        self._desk = desk
        self._senders = senders
        self._works = works
        self._swept = time.monotonic()

    async def run(self) -> None:
        client = consumer(self._settings, max_partition_fetch_bytes=4_194_304)
        await client.start()
        try:
            partitions = await require_topic(self._settings, _ALERTS)
            tps = [TopicPartition(self._settings.topic(_ALERTS), partition) for partition in range(partitions)]
            client.assign(tps)
            await client.seek_to_beginning(*tps)
            await self._catch_up(client, tps)
            await self._settle()
            self._works()
            _log.info("notifying", extra={"firing": self._desk.firing, "alertmanagers": len(self._senders)})
            async with asyncio.TaskGroup() as group:
                for sender in self._senders:
                    group.create_task(sender.run())
                group.create_task(self._follow(client))
        finally:
            await client.stop()

    async def _catch_up(self, client: AIOKafkaConsumer, tps: Sequence[TopicPartition]) -> None:
        """All that was published so far is taken before anything is decided: only the last record of an id counts."""
        ends = await client.end_offsets(tps)
        while [tp for tp in tps if await client.position(tp) < ends[tp]]:
            self._take(await client.getmany(timeout_ms=_POLL_MS))

    async def _follow(self, client: AIOKafkaConsumer) -> None:
        while True:
            self._take(await client.getmany(timeout_ms=_POLL_MS))
            await self._settle()

    def _take(self, fetched: dict[TopicPartition, list[Any]]) -> None:
        at_us = now_us()
        for records in fetched.values():
            self._metrics.records.labels(_ALERTS).inc(len(records))
            for record in records:
                self._take_one(record, at_us)

    def _take_one(self, record: Any, at_us: int) -> None:
        key = record.key or b""
        if record.value is None:
            self._desk.take_back(key.decode("ascii", "replace"))
            return
        try:
            alert = _decode(record.value)
            if alert.id.encode() != key:
                self._pass_over(record, "the key is not the alert's id")
                return
            # All that is ever made of it, once: what cannot be told must fail here and not while the others are told.
            labels_of(alert), annotations_of(alert, self._desk.policy)
            self._desk.take(alert, record.timestamp * 1_000, at_us)
        except Exception as error:  # noqa: BLE001  # the boundary: one record is set aside, whatever is wrong with it
            self._pass_over(record, printable(f"{type(error).__name__}: {error}", 200))

    def _pass_over(self, record: Any, why: str) -> None:
        """The topic is public: what a stranger writes there must not keep anybody from being told of the rest."""
        self._metrics.notifications.labels("rejected").inc()
        _log.error(
            "record of alerts set aside",
            extra={"partition": record.partition, "offset": record.offset, "error": why},
        )

    async def _settle(self) -> None:
        """Write down what is new, and only then let it be told."""
        at_us = now_us()
        written = self._desk.updates([sender.book for sender in self._senders], at_us)
        gone: list[str] = []
        if time.monotonic() - self._swept >= _SWEEP_SECONDS:
            self._swept = time.monotonic()
            gone = self._desk.forgettable(at_us)
        await self._log.write(written, gone)
        decided = self._desk.settle(written, at_us)
        self._desk.forget(gone)
        for notification in written:
            if notification.resolved:
                self._metrics.notifications.labels("resolved").inc()
        for notification in decided:
            if notification.decision != "page":
                self._metrics.notifications.labels(notification.decision).inc()
        self._metrics.notify_firing.set(self._desk.firing)
        for sender in self._senders:
            sender.wake()


def _retrieved(task: asyncio.Task[None]) -> None:
    """Its error is dealt with where it is awaited: asyncio need not complain when a worker stops meanwhile."""
    if not task.cancelled():
        task.exception()
