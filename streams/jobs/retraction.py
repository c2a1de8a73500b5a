"""Alerts retracted on the broker: orders to the agents that write them, and the wait until each alert says so."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

from streams.core.enriched import Alert
from streams.core.retractions import retraction_order
from streams.jobs.case_files import record_of
from streams.jobs.orders import send_orders
from streams.kafka.client import started_producer
from streams.kafka.enriched_log import StoredRecord, open_log
from streams.settings import Settings
from streams.topic_names import ALERTS

__all__ = ["PATIENCE_SECONDS", "retract_alerts"]

PATIENCE_SECONDS: Final = 30.0


async def retract_alerts(
    settings: Settings, alerts: Sequence[Alert], reason: str, patience_seconds: float
) -> list[Alert]:
    """Order it, and wait until the topic `alerts` says it of each, as long as one more does within the patience.

    Returns those of which it does not say so yet: the orders stand on the topics, and workers carry them out when they
    run. Raises `BrokerError`, and before anything is ordered `ValueError` for an alert that no agent wrote.
    """
    at_us = time.time_ns() // 1_000
    orders = [retraction_order(alert, reason, at_us) for alert in alerts]
    waiting = {alert.id: alert for alert in alerts}
    async with open_log(settings) as log:
        async for _stored in log.read(ALERTS):
            pass  # what is written from now on is followed
        async with started_producer(settings) as client:
            await send_orders(client, settings, orders)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_seconds) as patience, aclosing(log.follow((ALERTS,))) as stream:
                async for stored in stream:
                    if _is_retracted(stored) and waiting.pop(stored.key.decode("ascii", "replace"), None) is not None:
                        patience.reschedule(asyncio.get_running_loop().time() + patience_seconds)
                    if not waiting:
                        break
    return list(waiting.values())


def _is_retracted(stored: StoredRecord) -> bool:
    try:
        alert = record_of(stored)
    except ValueError:
        return False
    return alert is not None and alert.retracted_at is not None
