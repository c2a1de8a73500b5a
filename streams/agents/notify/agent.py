"""NOTIFY, the agent: reads the topic `alerts` and keeps every Alertmanager informed.

It decides by nothing of its own and takes no part in any group: each worker with an Alertmanager does the same, and
Alertmanager knows by the labels what it was sent before. Why: docs/architecture.md.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import aiohttp
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.agents.notify.alertmanager_sender import STALE_SECONDS, AlertmanagerSender, now_us
from streams.agents.notify.notification_log import NotificationLog
from streams.agents.notify.pauses import pause_seconds
from streams.core.clock import SECOND_US
from streams.core.notifying.incidents import Incidents
from streams.core.notifying.notices import AlertHead, NotifyPolicy
from streams.core.rulebook.rules import RuleSet
from streams.kafka.client import consumer, start_client
from streams.kafka.reading import require_topic
from streams.metrics import NOTIFY_ALERTS, Metrics
from streams.printable import printable
from streams.settings import Settings
from streams.sinks.alertmanager import Alertmanager
from streams.topic_names import ALERTS

__all__ = ["Notify", "notify_policy"]

_log: Final = logging.getLogger(__name__)
_ROUND_SECONDS: Final = 0.5  # without news: an alert may have expired
# After the first news: what TRACK writes at once comes on several partitions, and people are to be told of all of it.
_GATHER_SECONDS: Final = 0.05
# After a round, times what it took to choose: a flood of news must not keep the event loop from the other agents.
_RESTS: Final = 9.0
_POLL_MS: Final = 300
_QUESTIONS: Final = 3  # where the topic ends, in a round
_AT_ONCE: Final = 1_000  # records that are taken before the event loop turns to others
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 30.0

_decode: Final = msgspec.json.Decoder(AlertHead).decode


def notify_policy(settings: Settings, rules: RuleSet) -> NotifyPolicy:
    """The policy of a worker: the same for all workers with the same settings and rules."""
    return NotifyPolicy(
        resend_us=int(settings.notify_resend_seconds * SECOND_US),
        max_age_us=int(settings.notify_max_age_seconds * SECOND_US),
        limit=settings.notify_rule_limit,
        evidence_url=settings.evidence_url,
        runbook_url=settings.runbook_url,
        environment=settings.environment_name,
        rules=rules.rules,
    )


class Notify:
    """Sends to the Alertmanagers of the settings; the `rules` in force say in words why an alert is sent."""

    def __init__(self, settings: Settings, rules: RuleSet, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._policy = notify_policy(settings, rules)
        self._incidents = Incidents(self._policy)
        self._notifications = NotificationLog(settings)
        self._works = False
        self._failures = 0
        self._failure: str | None = None

    def lack(self) -> str | None:
        """What keeps NOTIFY from working, for the worker's readiness; `None` while it works or begins."""
        return None if self._failure is None else f"failed, and is tried again: {self._failure}"

    async def run(self) -> None:
        """Until cancelled. An error ends this attempt and nothing else: the agents beside NOTIFY go on, and it is begun
        again after a pause of 1 to 30 s. Until it works again, `lack` says so, and the error is logged and counted.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._notifications.run())
            await self._attempts()

    async def _attempts(self) -> None:
        while True:
            self._works = False
            try:
                await self._notify()
            except Exception as error:  # noqa: BLE001  # the boundary: whatever it is, the other agents go on
                self._note_failure(error)
            await asyncio.sleep(pause_seconds(self._failures, _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS))

    def _note_failure(self, error: Exception) -> None:
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        self._failures += 1
        self._failure = printable(f"{type(error).__name__}: {error}", 200)
        self._metrics.notify_errors.inc()
        _log.error("NOTIFY failed", extra={"failures": self._failures}, exc_info=error)

    async def _notify(self) -> None:
        self._incidents = Incidents(self._policy)
        began_us = now_us()
        client = consumer(self._settings, max_partition_fetch_bytes=4_194_304, auto_offset_reset="earliest")
        # A broker answers each connection in order, so a question behind a fetch that waits for news waits as long.
        asking = consumer(self._settings)
        try:
            await start_client(client)
            await start_client(asking)
            partitions = await require_topic(self._settings, ALERTS)
            tps = [TopicPartition(self._settings.topic(ALERTS), partition) for partition in range(partitions)]
            client.assign(tps)
            await client.seek_to_beginning(*tps)
            async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
                senders = [
                    AlertmanagerSender(
                        Alertmanager(url, session), self._policy, began_us, self._metrics, self._notifications
                    )
                    for url in self._settings.alertmanager_addresses
                ]
                async with asyncio.TaskGroup() as group:
                    for sender in senders:
                        group.create_task(sender.run())
                    while True:
                        await self._catch_up(asking, client, tps)
                        took = self._say(senders)
                        await asyncio.sleep(min(took * _RESTS, _ROUND_SECONDS))
                        self._take(await client.getmany(timeout_ms=int(_ROUND_SECONDS * 1_000), max_records=_AT_ONCE))
                        await asyncio.sleep(_GATHER_SECONDS)
        finally:
            await client.stop()
            await asking.stop()

    async def _catch_up(
        self, asking: AIOKafkaConsumer, client: AIOKafkaConsumer, tps: Sequence[TopicPartition]
    ) -> None:
        """Read to where the topic ends by now. A process that was frozen meanwhile asks again, since what it was
        answered is long ago; a broker that answers late each time is believed.
        """
        for _ in range(_QUESTIONS):
            asked_at = time.monotonic()
            await self._read_to(await asking.end_offsets(tps), client)
            if time.monotonic() - asked_at <= STALE_SECONDS:
                return

    async def _read_to(self, ends: Mapping[TopicPartition, int], client: AIOKafkaConsumer) -> None:
        """Where the topic ends by now: the end of an alert may be in there, and only then may it be said what fires."""
        while [tp for tp, end in ends.items() if await client.position(tp) < end]:
            self._take(await client.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE))
            await asyncio.sleep(0)

    def _say(self, senders: Sequence[AlertmanagerSender]) -> float:
        """Tell the senders what fires now; returns the seconds that took."""
        began = time.monotonic()
        selection = self._incidents.select(now_us())
        for sender in senders:
            sender.offer(selection.notices)
        for alert_id, error in selection.rejected:
            self._reject(error, alert=alert_id)
        for outcome in NOTIFY_ALERTS:
            self._metrics.notify_alerts.labels(outcome).set(getattr(selection, outcome))
        if not self._works:
            _log.info("notifying", extra={"firing": selection.firing, "alertmanagers": len(senders)})
        self._works, self._failure, self._failures = True, None, 0
        return time.monotonic() - began

    def _take(self, fetched: dict[TopicPartition, list[Any]]) -> None:
        at_us = now_us()
        for records in fetched.values():
            self._metrics.records.labels(ALERTS).inc(len(records))
            for record in records:
                self._take_one(record, at_us)

    def _take_one(self, record: Any, at_us: int) -> None:
        key = record.key or b""
        if record.value is None:
            self._incidents.take_back(key.decode("ascii", "replace"), at_us)
            return
        try:
            alert = _decode(record.value)
            if alert.id.encode() != key:
                raise ValueError("the key is not the alert's id")
            self._incidents.take(alert, record.timestamp * 1_000, at_us)
        except Exception as error:  # noqa: BLE001  # the boundary: one record is set aside, whatever is wrong with it
            self._reject(error, partition=record.partition, offset=record.offset)

    def _reject(self, error: Exception, **place: Any) -> None:
        self._metrics.notifications.labels("rejected").inc()
        _log.error("alert rejected", extra={**place, "error": printable(f"{type(error).__name__}: {error}", 200)})
