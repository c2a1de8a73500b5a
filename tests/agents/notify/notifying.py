"""NOTIFY under a test's control: alerts written to a real broker, and the agent itself in a thread of this process."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import msgspec
from prometheus_client import CollectorRegistry

from streams.agents.notify.agent import Notify
from streams.core.enriched import Alert
from streams.core.notifications import Notification, decode_notification
from streams.events import Account
from streams.kafka.client import producer
from streams.kafka.reading import read_topic
from streams.metrics import Metrics
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from streams.topic_names import NOTIFICATIONS

__all__ = ["Notifying", "alert", "notifications", "publish"]


def alert(alert_id: str, **changes: Any) -> Alert:
    """An alert that fired a minute ago and lasts for an hour, with changes."""
    now = datetime.now(UTC)
    made = Alert(
        id=alert_id,
        dedup_key=alert_id,
        rule="new-account-burst",
        severity="warning",
        mode="live",
        status="firing",
        platform="twitter",
        subject=Account(id="1280000000000000001", handle="somebody"),
        countries=("IR",),
        fired_at=now - timedelta(minutes=1),
        as_of=now,
        expires_at=now + timedelta(hours=1),
        figures={"amplifications": 20, "top_official_share": 0.25, "suspended": False, "followers": None},
        fired_figures={},
        evidence=(),
        evidence_total=20,
        summary="@somebody was amplified 20 times by 5 officials of IR.",
        rule_digest="r",
        roster_digest="r",
    )
    return msgspec.structs.replace(made, **changes)


def publish(settings: Settings, *alerts: Alert | tuple[bytes, bytes | None]) -> None:
    """Writes alerts, or keys and values that are none, to the topic, as TRACK does, and waits for the broker."""

    async def send() -> None:
        client = producer(settings)
        await client.start()
        try:
            for each in alerts:
                key, value = (each.id.encode(), msgspec.json.encode(each)) if isinstance(each, Alert) else each
                await client.send(settings.topic("alerts"), value, key=key)
            await client.flush()
        finally:
            await client.stop()

    asyncio.run(send())


def notifications(settings: Settings, alert_id: str) -> list[Notification]:
    """What stands on the topic of when an alert was told, every record in its order."""

    async def read() -> list[Notification]:
        return [
            decode_notification(record.value)
            async for record in read_topic(settings, NOTIFICATIONS)
            if record.key == alert_id.encode()
        ]

    return asyncio.run(read())


class Notifying:
    """NOTIFY, in a thread with an event loop of its own. A context manager; what fails in it is raised at the end.

    `errors` is how many errors it may meet, and go on.
    """

    def __init__(self, settings: Settings, *, errors: int = 0) -> None:
        self._errors = errors
        self.metrics = Metrics(CollectorRegistry())
        self._notify = Notify(settings, bundled_rules(), self.metrics)
        self._loop = asyncio.new_event_loop()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._task: asyncio.Task[None] | None = None

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._notify.run())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            self._error = error
        finally:
            self._loop.close()

    def count(self, outcome: str) -> float:
        """How often NOTIFY counted that outcome."""
        return self.metrics.registry.get_sample_value("antiphon_notifications_total", {"outcome": outcome}) or 0.0

    def value(self, name: str, **labels: str) -> float:
        """A series."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(20)
        assert not self._thread.is_alive(), "NOTIFY does not end"
        if self._error is not None and error is None:
            raise self._error
        assert error is not None or self.value("antiphon_notify_errors_total") <= self._errors, "NOTIFY failed"
