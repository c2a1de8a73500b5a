"""Keeps on the topic `notifications` when an Alertmanager first took which state of an alert.

For people alone: NOTIFY decides nothing by it. What goes wrong here is logged and tried again after a pause, and keeps
nothing from being sent.
"""

import asyncio
import logging
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.agents.notify.pauses import pause_seconds
from streams.core.clock import from_us
from streams.core.notifications import Acceptance, Notification, decode_notification, encode_notification, merged
from streams.core.notifying.notices import Notice, clean
from streams.kafka.client import consumer, producer, start_client
from streams.kafka.reading import missing_topic, read_assigned, require_topic
from streams.printable import printable
from streams.refusal import DECODE_ERRORS
from streams.settings import Settings
from streams.topic_names import NOTIFICATIONS

__all__ = ["NotificationLog"]

_log: Final = logging.getLogger(__name__)
_POLL_MS: Final = 1_000  # nobody looks within a second
_AT_ONCE: Final = 1_000
_MOST_KNOWN: Final = 50_000  # alerts, as bytes: some 20 MB. Of an older one its first time may be forgotten
_MOST_NOTED: Final = 10_000  # alerts that wait to be written
_MOST_HOST: Final = 255
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0


class NotificationLog:
    """`note` what was accepted, from the event loop; `run` writes what is new of it, once it has read what is there."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._noted: dict[str, list[Acceptance]] = {}  # not written yet, as far as it is news at all
        self._known: dict[str, bytes] = {}  # by id, as the topic has it, those that changed last behind
        self._failures = 0

    def note(self, notice: Notice, receiver: str, accepted_us: int) -> None:
        """An Alertmanager took a notice of an alert. Never waits, and never fails for what the topic does."""
        if len(self._noted) >= _MOST_NOTED and notice.alert_id not in self._noted:
            return  # the topic has been away for long: what is not recorded is not known
        acceptance = Acceptance(
            severity=notice.severity,
            state=notice.state,
            receiver=clean(receiver, _MOST_HOST),
            accepted_at=from_us(accepted_us),
            published_at=from_us(notice.published_us),
        )
        self._noted.setdefault(notice.alert_id, []).append(acceptance)

    async def run(self) -> None:
        """Until cancelled. Raises nothing else."""
        while True:
            try:
                await self._follow()
            except Exception as error:  # noqa: BLE001  # the boundary: whatever it is, people are told all the same
                self._note_failure(error)
            await asyncio.sleep(pause_seconds(self._failures, _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS))

    def _note_failure(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == 1:
            said = printable(f"{type(error).__name__}: {error}", 200)
            _log.warning(
                "notifications are not recorded",
                extra={
                    "error": said,
                    "remedy": "see whether the topic notifications is there; people are told",
                },
            )

    async def _follow(self) -> None:
        partitions = await require_topic(self._settings, NOTIFICATIONS)
        tps = [TopicPartition(self._settings.topic(NOTIFICATIONS), partition) for partition in range(partitions)]
        reading = consumer(self._settings, auto_offset_reset="earliest")
        writing = producer(self._settings)
        try:
            await start_client(reading)
            await start_client(writing)
            reading.assign(tps)
            await reading.seek_to_beginning(*tps)
            async for records in read_assigned(reading, tps, self._settings):
                self._take(records)
            # A topic that is deleted meanwhile is to be found missing, before there is something to write to it.
            while reading.partitions_for_topic(tps[0].topic):
                await self._write(writing)
                await self._read(reading)
            raise missing_topic(self._settings, NOTIFICATIONS)
        finally:
            await reading.stop()
            await writing.stop()

    async def _read(self, reading: AIOKafkaConsumer) -> None:
        """What other workers wrote meanwhile: what they recorded is not written once more."""
        for records in (await reading.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE)).values():
            self._take(records)

    def _take(self, records: Any) -> None:
        for record in records:
            alert_id = (record.key or b"").decode("ascii", "replace")
            known = self._known.pop(alert_id, None)
            try:
                notification = decode_notification(record.value) if record.value is not None else None
            except DECODE_ERRORS:
                continue  # none of ours: the next state of the alert takes its place
            if notification is None or notification.alert_id != alert_id:
                continue
            if known is not None:
                before = decode_notification(known)
                if merged(before, notification) != notification:  # two workers wrote at once
                    self._noted.setdefault(alert_id, []).extend(before.accepted)
            self._remember(notification)

    def _remember(self, notification: Notification) -> None:
        self._known.pop(notification.alert_id, None)
        self._known[notification.alert_id] = encode_notification(notification)
        while len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]

    async def _write(self, writing: AIOKafkaProducer) -> None:
        """All that is news, in one go. What was noted is kept until the broker has acknowledged it."""
        noted = {alert_id: len(accepted) for alert_id, accepted in self._noted.items()}
        news = [each for alert_id in noted if (each := self._news_of(alert_id)) is not None]
        topic = self._settings.topic(NOTIFICATIONS)
        sent = [
            await writing.send(topic, encode_notification(notification), key=notification.alert_id.encode())
            for notification in news
        ]
        await asyncio.gather(*sent)
        for notification in news:
            self._remember(notification)
        for alert_id, count in noted.items():
            del self._noted[alert_id][:count]
            if not self._noted[alert_id]:
                del self._noted[alert_id]
        if self._failures:
            _log.info("notifications are recorded again")
        self._failures = 0

    def _news_of(self, alert_id: str) -> Notification | None:
        known = self._known.get(alert_id)
        before = None if known is None else decode_notification(known)
        notification = merged(before, Notification(alert_id=alert_id, accepted=tuple(self._noted[alert_id])))
        return None if notification == before or not notification.accepted else notification
